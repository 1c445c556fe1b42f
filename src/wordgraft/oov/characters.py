"""`characters`: a network over letters that corrects what is known from a word's pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.linear_algebra import regression
from wordgraft.core.optional import require
from wordgraft.core.parallel import side_by_side
from wordgraft.core.progress import progress_bar
from wordgraft.core.ragged import Ragged
from wordgraft.oov.by_piece import ByPiece
from wordgraft.oov.character_ngrams import characters_of, shortened
from wordgraft.oov.composition import Composition, by_group
from wordgraft.oov.table_rows import learnable_rows, moved, never_counted
from wordgraft.oov.typos import Typist
from wordgraft.table import EmbeddingTable, UnknownWords

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray
    from numpy.random import Generator

    from wordgraft.oov.character_network import CharacterNetwork

# Places of some words to their vectors, and to what is known from the pieces alone.
Asker = Callable[["Int64[ndarray, ' some']"], "tuple[ndarray, ndarray]"]
# Letters of a word that the network sees: of a longer one its beginning and end.
MOST_LETTERS = 20
_LARGEST_ALPHABET = 1000
_PAD, _OTHER, _START, _END = range(4)
# Chosen on held-out words of the bench's table.
EPOCHS, BATCH, RATE = 10, 256, 1e-3
_FEWEST_STEPS = 400
_TYPO_SHARE = 0.05
_LENGTH_WEIGHT = 0.1
_WORDS_AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Spelling:
    """Words as what the network reads: ids of letters, numbers made of pieces, a first guess.

    Attributes:
        alphabet: the letters that have an id of their own.
        composition: the pieces; None for letters alone.
        weights: the linear map from the pieces to the first guess.
    """

    alphabet: str
    composition: Composition | None
    weights: Float32[ndarray, "columns dims"]

    def letters(self, words: Sequence[str]) -> Int64[ndarray, "words length"]:
        """Ids of letters, between those of the borders, padded with 0."""
        cut = [shortened(word, MOST_LETTERS) for word in words]
        codes, lengths = characters_of(cut)
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
        """Numbers made of the pieces, and the first guess; nothing and zeros without pieces."""
        if self.composition is None:
            n, dims = len(words), self.weights.shape[1]
            return np.zeros((n, 0), np.float32), np.zeros((n, dims), np.float32)
        inputs = self.composition.inputs(words)
        return inputs, by_group(inputs) @ self.weights


class Characters:
    """A linear map from the pieces, corrected by a network that also reads the letters.

    Trained on the table's words, one in twenty with a typo, to reduce one minus the cosine and
    a little of the squared distance, so that lengths mean something too. At most 3 million
    parameters are added to the pieces' rows, which are kept as float16 and not trained.

    Options of `fit`: `pieces=False` for letters alone, also the way where no checkpoint is at
    hand; `epochs`; `rows`, those to learn from.
    """

    name: ClassVar[str] = "characters"
    learns: ClassVar[bool] = True
    reads_pieces: ClassVar[bool] = True

    @classmethod
    def fit(
        cls,
        table: EmbeddingTable,
        checkpoint: Checkpoint | None,
        *,
        seed: int = 0,
        progress: bool = False,
        pieces: bool = True,
        epochs: float = EPOCHS,
        rows: Int64[ndarray, " rows"] | None = None,
        **options: Any,
    ) -> UnknownWords:
        require("torch", purpose="fitting oov characters")
        rows = learnable_rows(table, seed=seed) if rows is None else rows
        words = [table.vocabulary.words[row] for row in rows]
        vectors = never_counted(table, rows)
        mean = vectors.mean(axis=0)
        size = float(np.sqrt(np.square(vectors - mean).sum(axis=1).mean()))
        scale = np.float32(1 / size if size else 1)
        targets = (vectors - mean) * scale
        composition = Composition.of(checkpoint) if checkpoint is not None and pieces else None
        weights = np.zeros((0, table.dims), np.float32)
        if composition is not None:
            # Its columns for the groups take the intercept's place: each word is in one of them.
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
        return UnknownWords(cls.name, arrays, settings)

    def __init__(self, table: EmbeddingTable, state: UnknownWords) -> None:
        require("torch", purpose="oov characters")
        from wordgraft.oov.character_network import CharacterNetwork

        self._state = state
        self.spelling = spelling_of(state.arrays, state.settings)
        self._network = CharacterNetwork.from_arrays(state.arrays)
        self._mean, self._scale = state.arrays["mean"], state.arrays["scale"]

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        return self.both(words)[0]

    def both(
        self, words: Sequence[str]
    ) -> tuple[Float32[ndarray, "words dims"], Float32[ndarray, "words dims"]]:
        """The vectors, and what is known from the pieces alone."""
        # As wide as the table is now: refinements may have narrowed it since the fit.
        none = moved(self._state, np.zeros((0, self.spelling.weights.shape[1]), np.float32))
        shape = (len(words), none.shape[1])
        vectors, bases = np.empty(shape, np.float32), np.empty(shape, np.float32)
        # Words of like length together: less padding to compute.
        order = np.argsort([len(word) for word in words], kind="stable")
        ask = self.asker(words)

        def fill(part: Int64[ndarray, " some"]) -> None:
            vectors[part], bases[part] = ask(part)

        starts = range(0, len(words), _WORDS_AT_ONCE)
        side_by_side(fill, [order[start : start + _WORDS_AT_ONCE] for start in starts])
        return vectors, bases

    def pieces(self, words: Sequence[str]) -> Ragged | None:
        """The pieces of words; None for letters alone."""
        composition = self.spelling.composition
        if composition is None or not words:
            return None
        return composition.tokenizer.word_pieces(words)

    def asker(self, words: Sequence[str], pieces: Ragged | None = None) -> Asker:
        """What gives both vectors of some of the words, by place; `pieces` are theirs, if known."""
        import torch

        composition, network = self.spelling.composition, self._network
        by_piece = None
        if composition is not None and len(words):
            pieces = pieces or composition.tokenizer.word_pieces(words)
            with torch.inference_mode():
                by_piece = ByPiece(composition.rows, pieces, network.inner, self.spelling.weights)

        def ask(part: Int64[ndarray, " some"]) -> tuple[ndarray, ndarray]:
            letters = torch.from_numpy(self.spelling.letters([words[place] for place in part]))
            with torch.inference_mode():
                if by_piece is None:
                    base = torch.zeros(len(part), self.spelling.weights.shape[1])
                    found = network(letters, base[:, :0], base)
                else:
                    inner, base = by_piece(part)
                    found = network.from_inner(letters, inner, base)
            both = (each.numpy() / self._scale + self._mean for each in (found, base))
            vectors, bases = (moved(self._state, each) for each in both)
            return vectors, bases

        return ask


def spelling_of(arrays: Mapping[str, ndarray], settings: Mapping[str, Any]) -> Spelling:
    """What a state of `characters` reads words with."""
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

    from wordgraft.oov.character_network import CharacterNetwork, rise_and_fall

    rng = np.random.default_rng(seed)
    width = spelling.composition.width if spelling.composition else 0
    letters = len(spelling.alphabet) + _END + 1
    network = CharacterNetwork(letters, width, targets.shape[1], rng=rng).train()
    batch = min(BATCH, len(words))
    in_an_epoch = -(-len(words) // batch)
    fewest = min(_FEWEST_STEPS, 8 * len(words))
    steps = max(1, round(epochs / EPOCHS * max(EPOCHS * in_an_epoch, fewest)))
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    schedule = rise_and_fall(optimizer, steps)
    typist = Typist.of(words)
    # Dropout draws from torch's own generator: the caller's must not notice.
    with (
        torch.random.fork_rng(devices=[]),
        progress_bar("training characters", steps, show=progress) as advance,
    ):
        torch.manual_seed(seed)
        for places in _batches(len(words), batch, steps, rng):
            some = _with_typos([words[place] for place in places], typist, rng)
            read = (spelling.letters(some), *spelling.inputs(some))
            wanted = torch.from_numpy(targets[places])
            found = network(*(torch.from_numpy(each) for each in read))
            cosine = torch.nn.functional.cosine_similarity(found, wanted).mean()
            distance = (found - wanted).square().sum(dim=1).mean()
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
