"""A network over letters that corrects the vector computed from a word's pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.linear_algebra import regression
from wordgraft.core.optional import require
from wordgraft.core.parallel import run_in_parallel
from wordgraft.core.progress import progress_bar
from wordgraft.core.ragged import Ragged
from wordgraft.core.schedules import warmup_cosine
from wordgraft.oov.blend.composition import Composition, by_group
from wordgraft.oov.blend.piece_maps import PieceMaps
from wordgraft.oov.character_ngrams import characters_of, shortened
from wordgraft.oov.table_rows import never_counted
from wordgraft.oov.typos import Typist
from wordgraft.table import Affine, EmbeddingTable

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray
    from numpy.random import Generator

    from wordgraft.oov.blend.network import CharacterNetwork

# Places of words to their vectors, by the network and by the pieces alone.
VectorsAt = Callable[["Int64[ndarray, ' places']"], "tuple[ndarray, ndarray]"]
# The network sees this many letters of a word: the first and last ones of a longer word.
MOST_LETTERS = 20
_LARGEST_ALPHABET = 1000
_PAD, _OTHER, _START, _END = range(4)
# Chosen on the validation words of the benchmark's table.
EPOCHS, BATCH, RATE = 10, 256, 1e-3
_FEWEST_STEPS = 400
_TYPO_SHARE = 0.05
_LENGTH_WEIGHT = 0.1
_WORDS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Spelling:
    """How the network reads words: ids of letters, features of the pieces, and a base vector.

    Attributes:
        alphabet: the letters that have an id of their own.
        composition: the pieces; None for letters alone.
        weights: the linear map from the pieces to the base vector.
    """

    alphabet: str
    composition: Composition | None
    weights: Float32[ndarray, "columns dims"]

    def letters(self, words: Sequence[str]) -> Int64[ndarray, "words length"]:
        """Ids of letters between those of the word's borders, padded with 0."""
        shortened_words = [shortened(word, MOST_LETTERS) for word in words]
        codes, lengths = characters_of(shortened_words)
        known = np.array([ord(letter) for letter in self.alphabet], np.int64)
        order = np.argsort(known)
        places = np.searchsorted(known[order], codes)
        places = order[np.minimum(places, len(known) - 1)] if len(known) else places
        same = known[places] == codes if len(known) else np.zeros(len(codes), bool)
        ids = np.full((len(words), int(lengths.max(initial=0)) + 2), _PAD)
        ids[:, 0] = _START
        owner = np.repeat(np.arange(len(words)), lengths)
        column = np.arange(len(codes)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1
        ids[owner, column] = np.where(same, places + _END + 1, _OTHER)
        ids[np.arange(len(words)), lengths + 1] = _END
        return ids

    def inputs(
        self, words: Sequence[str]
    ) -> tuple[Float32[ndarray, "words inputs"], Float32[ndarray, "words dims"]]:
        """Features of the pieces, and the base vector; without pieces, none and zeros."""
        if self.composition is None:
            n, dims = len(words), self.weights.shape[1]
            return np.zeros((n, 0), np.float32), np.zeros((n, dims), np.float32)
        inputs = self.composition.inputs(words)
        return inputs, by_group(inputs) @ self.weights


def fit_characters(
    table: EmbeddingTable,
    composition: Composition | None,
    rows: Int64[ndarray, " rows"],
    *,
    seed: int,
    epochs: float,
    progress: bool,
) -> tuple[dict[str, ndarray], dict[str, Any]]:
    """Fit the map from the pieces and train the network on some rows; returns arrays and settings.

    One word in twenty is given a typo. The loss is one minus the cosine plus a little of the
    squared distance, so that lengths mean something too. The network adds at most 3 million
    parameters to the pieces' rows, which are stored as float16 and not trained.
    """
    require("torch", purpose="fitting oov blend")
    words = [table.vocabulary.words[row] for row in rows]
    vectors = never_counted(table, rows)
    mean = vectors.mean(axis=0)
    size = float(np.sqrt(np.square(vectors - mean).sum(axis=1).mean()))
    scale = np.float32(1 / size if size else 1)
    targets = (vectors - mean) * scale
    weights = np.zeros((0, table.dims), np.float32)
    if composition is not None:
        # The columns of the groups take the intercept's place: each word is in one of them.
        weights, intercept = regression(by_group(composition.inputs(words)), targets)
        weights[-4:] += intercept
    spelling = Spelling(_alphabet(words), composition, weights)
    network = _trained(spelling, words, targets, seed=seed, epochs=epochs, progress=progress)
    arrays = {
        **network.arrays(),
        "base": weights,
        "mean": mean,
        "scale": np.array([scale], np.float32),
    }
    settings: dict[str, Any] = {"alphabet": spelling.alphabet}
    if composition is not None:
        arrays |= composition.arrays
        settings |= composition.settings
    return arrays, settings


class CharacterVectors:
    """Vectors of words by the character network, and by the map from the pieces alone.

    Args:
        arrays, settings: what `fit_characters` returned.
        move: what refinements have done since.
    """

    def __init__(
        self, arrays: Mapping[str, ndarray], settings: Mapping[str, Any], move: Affine | None = None
    ) -> None:
        require("torch", purpose="oov blend")
        from wordgraft.oov.blend.network import CharacterNetwork

        self.spelling = spelling_of(arrays, settings)
        self._network = CharacterNetwork.from_arrays(arrays)
        self._mean, self._scale, self._move = arrays["mean"], arrays["scale"], move

    def both(
        self, words: Sequence[str]
    ) -> tuple[Float32[ndarray, "words dims"], Float32[ndarray, "words dims"]]:
        """The vectors by the network, and those by the pieces alone."""
        # As wide as the table is now: refinements may have narrowed it since the fit.
        width = self._moved(np.zeros((0, self.spelling.weights.shape[1]), np.float32)).shape[1]
        shape = (len(words), width)
        vectors, bases = np.empty(shape, np.float32), np.empty(shape, np.float32)
        # Words of similar length together: less padding to compute.
        order = np.argsort([len(word) for word in words], kind="stable")
        vectors_at = self.prepare(words)

        def fill(places: Int64[ndarray, " places"]) -> None:
            vectors[places], bases[places] = vectors_at(places)

        starts = range(0, len(words), _WORDS_AT_ONCE)
        run_in_parallel(fill, [order[start : start + _WORDS_AT_ONCE] for start in starts])
        return vectors, bases

    def pieces(self, words: Sequence[str]) -> Ragged | None:
        """The pieces of words; None for a network of letters alone."""
        composition = self.spelling.composition
        if composition is None or not words:
            return None
        return composition.tokenizer.word_pieces(words)

    def prepare(self, words: Sequence[str], pieces: Ragged | None = None) -> VectorsAt:
        """A function from places in `words` to both vectors; `pieces` saves tokenizing again."""
        import torch

        composition, network = self.spelling.composition, self._network
        maps = None
        if composition is not None and len(words):
            pieces = pieces or composition.tokenizer.word_pieces(words)
            with torch.inference_mode():
                maps = PieceMaps(composition.rows, pieces, network.inner, self.spelling.weights)

        def vectors_at(places: Int64[ndarray, " places"]) -> tuple[ndarray, ndarray]:
            letters = torch.from_numpy(self.spelling.letters([words[place] for place in places]))
            with torch.inference_mode():
                if maps is None:
                    base = torch.zeros(len(places), self.spelling.weights.shape[1])
                    vectors = network(letters, base[:, :0], base)
                else:
                    inner, base = maps(places)
                    vectors = network.from_inner(letters, inner, base)
            return self._restored(vectors.numpy()), self._restored(base.numpy())

        return vectors_at

    def _restored(self, standardized: ndarray) -> ndarray:
        return self._moved(standardized / self._scale + self._mean)

    def _moved(self, vectors: ndarray) -> ndarray:
        return vectors if self._move is None else self._move(vectors)


def spelling_of(arrays: Mapping[str, ndarray], settings: Mapping[str, Any]) -> Spelling:
    """The spelling of what `fit_characters` returned."""
    composition = Composition.from_state(arrays, settings)
    return Spelling(settings["alphabet"], composition, arrays["base"])


def _alphabet(words: Sequence[str]) -> str:
    counts = Counter(letter for word in words for letter in word)
    return "".join(letter for letter, _ in counts.most_common(_LARGEST_ALPHABET))


def _trained(
    spelling: Spelling,
    words: Sequence[str],
    targets: Float32[ndarray, "words dims"],
    *,
    seed: int,
    epochs: float,
    progress: bool,
) -> CharacterNetwork:
    import torch

    from wordgraft.oov.blend.network import CharacterNetwork

    rng = np.random.default_rng(seed)
    width = spelling.composition.width if spelling.composition else 0
    letters = len(spelling.alphabet) + _END + 1
    network = CharacterNetwork(letters, width, targets.shape[1], rng=rng).train()
    batch = min(BATCH, len(words))
    steps_per_epoch = -(-len(words) // batch)
    fewest = min(_FEWEST_STEPS, 8 * len(words))
    steps = max(1, round(epochs / EPOCHS * max(EPOCHS * steps_per_epoch, fewest)))
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, warmup_cosine(steps))
    typist = Typist.of(words)
    # Dropout draws from torch's global generator: the caller's state must not change.
    with (
        torch.random.fork_rng(devices=[]),
        progress_bar("training the character network", steps, show=progress) as advance,
    ):
        torch.manual_seed(seed)
        for places in _batches(len(words), batch, steps, rng):
            batch_words = _with_typos([words[place] for place in places], typist, rng)
            inputs = (spelling.letters(batch_words), *spelling.inputs(batch_words))
            target = torch.from_numpy(targets[places])
            vectors = network(*(torch.from_numpy(array) for array in inputs))
            cosine = torch.nn.functional.cosine_similarity(vectors, target).mean()
            distance = (vectors - target).square().sum(dim=1).mean()
            loss = 1 - cosine + _LENGTH_WEIGHT * distance
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            advance(note=f"loss {loss.item():.3f}")
    return network.eval()


def _batches(n: int, size: int, steps: int, rng: Generator) -> Any:
    order = np.zeros(0, np.int64)
    for _ in range(steps):
        if len(order) < size:
            order = rng.permutation(n)
        yield order[:size]
        order = order[size:]


def _with_typos(words: list[str], typist: Typist, rng: Generator) -> list[str]:
    chosen = np.flatnonzero(rng.random(len(words)) < _TYPO_SHARE)
    for place, word in zip(chosen, typist.misspell([words[i] for i in chosen], rng), strict=True):
        words[place] = word
    return words
