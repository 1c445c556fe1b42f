"""Run sentences through the encoder, and sum each word's states.

Whatever is encoded is used: a word gets a context from every selected sentence that holds it, not
only from those that were selected for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.encoder import EncoderModel, mean_of_layers
from wordgraft.checkpoint.inputs import windows_of
from wordgraft.core.parallel import prefetched
from wordgraft.core.ragged import Ragged
from wordgraft.sources.contextual.alignment import AlignedWords
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.ids import ChunkCache

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float32, Float64, Int64
    from numpy import ndarray


# Rows turned into vectors at once, to bound memory.
_ROWS_AT_ONCE = 8192
# Batches between two extensions of the sums of some rows.
_BATCHES_AT_ONCE = 16
# What `Sums.arrays` holds.
SUMS = ("states", "squares", "counts")


@dataclass(frozen=True, eq=False)
class AlignedSentences:
    """Complete encoder inputs, and the words in them.

    Attributes:
        sequences: piece ids, special ones included.
        words: offsets: the words of sequence `i` are `words[i]` to `words[i + 1]` in the three
            arrays below.
        rows: each word's row in the vocabulary.
        first: the position of its first piece in its sequence.
        pieces: how many pieces it has, at least 1.
        sentences: how many sentences the sequences are made of.
    """

    sequences: Ragged
    words: Int64[ndarray, " sequences_plus_one"]
    rows: Int64[ndarray, " words"]
    first: Int64[ndarray, " words"]
    pieces: Int64[ndarray, " words"]
    sentences: int


class Aligner:
    """Turns sentences into encoder inputs; those too long for the encoder become windows."""

    def __init__(self, checkpoint: Checkpoint, vocabulary: Vocabulary) -> None:
        self._chunks = ChunkCache(AlignedWords(checkpoint, vocabulary))
        self._specials = checkpoint.tokenizer.specials
        self._max_pieces = checkpoint.max_tokens - sum(map(len, self._specials))
        self._roles = np.array(list(vocabulary.roles.values()))

    def align(self, sentences: Sequence[str]) -> AlignedSentences:
        """Cut sentences into pieces, and find the pieces of each word that has a row.

        A word that crosses the end of a window is left out.
        """
        pieces, rows, firsts, counts, chunk_pieces, chunk_words = self._chunks.columns(sentences)
        chunk_starts = np.cumsum(chunk_pieces.ids) - chunk_pieces.ids
        first = np.repeat(chunk_starts, chunk_words.ids) + firsts.ids
        windows = windows_of(pieces, self._max_pieces, word_starts=chunk_starts)
        window_of = np.searchsorted(windows.offsets, first, side="right") - 1
        whole = (counts.ids > 0) & (first + counts.ids <= windows.offsets[window_of + 1])
        words = np.flatnonzero(whole & ~np.isin(rows.ids, self._roles))
        before, after = self._specials
        return AlignedSentences(
            windows.framed(before, after),
            np.searchsorted(window_of[words], np.arange(len(windows) + 1)),
            rows.ids[words],
            first[words] - windows.offsets[window_of[words]] + len(before),
            counts.ids[words],
            len(sentences),
        )


class Sums:
    """The sums of each row's contexts, on the encoder's device.

    Attributes:
        states: float64 (words, dims), the sum of the contexts' vectors.
        squares: float64 (words,), the sum of their squared lengths.
        counts: int64 (words,), how many there are.
    """

    def __init__(self, words: int, dims: int, device: torch.device) -> None:
        import torch

        self.states = torch.zeros(words, dims, dtype=torch.float64, device=device)
        self.squares = torch.zeros(words, dtype=torch.float64, device=device)
        self.counts = torch.zeros(words, dtype=torch.int64, device=device)

    def add_sentences(self, encoder: EncoderModel, inputs: AlignedSentences) -> None:
        """Encode `inputs` and add the states of their words."""
        import torch

        occurrences = Ragged(np.arange(len(inputs.rows)), inputs.words)
        for batch, hidden in encoder.encode(inputs.sequences):
            words = occurrences.take(batch)
            length = int(inputs.sequences.lengths[batch[0]])
            of_sequence = np.repeat(np.arange(len(batch)) * length, words.lengths)
            first, pieces = of_sequence + inputs.first[words.ids], inputs.pieces[words.ids]
            word_of = np.repeat(np.arange(len(first)), pieces)
            ends = np.cumsum(pieces)
            places = np.arange(len(word_of)) + np.repeat(first - ends + pieces, pieces)
            to_device = self._to_device
            with torch.inference_mode():
                states = mean_of_layers(hidden).flatten(0, 1)[to_device(places)]
                if len(places) > len(first):
                    sums = states.new_zeros(len(first), states.shape[1])
                    sums.index_add_(0, to_device(word_of), states)
                    states = sums / to_device(pieces)[:, None]
                rows = to_device(inputs.rows[words.ids])
                states = states.double()
                self.states.index_add_(0, rows, states)
                self.squares.index_add_(0, rows, states.square().sum(dim=1))
                self.counts.index_add_(0, rows, torch.ones_like(rows))

    def arrays(self) -> dict[str, ndarray]:
        """The sums by name."""
        return {name: value.cpu().numpy() for name, value in vars(self).items()}

    @classmethod
    def of_arrays(cls, arrays: dict[str, ndarray], device: torch.device) -> Sums:
        """The inverse of `arrays`."""
        import torch

        sums = cls(0, 0, device)
        for name in vars(sums):
            setattr(sums, name, torch.from_numpy(np.array(arrays[name])).to(device))
        return sums

    def _to_device(self, array: Int64[ndarray, " any"]) -> torch.Tensor:
        import torch

        return torch.from_numpy(array).to(self.states.device)


def shrunk(
    sums: dict[str, ndarray], templates: Float32[ndarray, "words dims"], strength: float
) -> tuple[Float32[ndarray, "words dims"], Float32[ndarray, " words"]]:
    """The mean of each word's contexts, shrunk towards its template vector, and by how much.

    `(sum + strength * template) / (contexts + strength)`: as if the template were `strength` more
    contexts. The weight of the template is 1 for a word without contexts.

    >>> sums = {"states": np.array([[6.0], [0.0]]), "counts": np.array([2, 0])}
    >>> vectors, weights = shrunk(sums, np.array([[0.0], [7.0]], np.float32), 2.0)
    >>> vectors.ravel().tolist(), weights.tolist()
    ([1.5, 7.0], [0.5, 1.0])
    """
    counts = sums["counts"].astype(np.float64)
    weight = np.where(counts > 0, strength / np.maximum(counts + strength, 1), 1.0)
    vectors = np.empty_like(templates)
    for start in range(0, len(counts), _ROWS_AT_ONCE):
        some = slice(start, start + _ROWS_AT_ONCE)
        means = sums["states"][some] / np.maximum(counts[some], 1)[:, None]
        pull = weight[some, None]
        vectors[some] = pull * templates[some] + (1 - pull) * means
    return vectors, weight.astype(np.float32)


def spread_of(sums: dict[str, ndarray]) -> Float32[ndarray, " words"]:
    """Root-mean-square distance of a word's contexts from their mean; NaN without contexts."""
    counts = np.maximum(sums["counts"], 1).astype(np.float64)
    means = np.einsum("ij,ij->i", sums["states"], sums["states"]) / np.square(counts)
    variance: Float64[ndarray, " words"] = np.maximum(sums["squares"] / counts - means, 0)
    return np.where(sums["counts"] > 0, np.sqrt(variance), np.nan).astype(np.float32)


def sums_of_some_rows(
    encoder: EncoderModel, aligner: Aligner, sentences: Sequence[str], words: int
) -> dict[str, ndarray]:
    """The sums of the rows that occur in some sentences, and `rows`, ascending, of `words`.

    Takes memory for these rows only.
    """
    import torch

    place_of = np.full(words, -1)
    sums = Sums(0, encoder.dims, encoder.device)
    rows = np.zeros(0, np.int64)
    size = max(1, _BATCHES_AT_ONCE * encoder.tokens_per_batch // 32)
    starts = range(0, len(sentences), size)
    for inputs in prefetched(aligner.align(sentences[start : start + size]) for start in starts):
        occurring = np.unique(inputs.rows)
        new = occurring[place_of[occurring] < 0]
        place_of[new] = len(rows) + np.arange(len(new))
        rows = np.concatenate([rows, new])
        more = Sums(len(new), encoder.dims, encoder.device)
        for name in SUMS:
            setattr(sums, name, torch.cat([getattr(sums, name), getattr(more, name)]))
        sums.add_sentences(encoder, replace(inputs, rows=place_of[inputs.rows]))
    order = np.argsort(rows)
    return {"rows": rows[order], **{name: array[order] for name, array in sums.arrays().items()}}


def add_sums(one: dict[str, ndarray], other: dict[str, ndarray]) -> dict[str, ndarray]:
    """Add what `sums_of_some_rows` gave for two groups of sentences."""
    rows = np.union1d(one["rows"], other["rows"])
    added = {"rows": rows}
    for name in SUMS:
        added[name] = np.zeros((len(rows), *one[name].shape[1:]), one[name].dtype)
        for part in (one, other):
            added[name][np.searchsorted(rows, part["rows"])] += part[name]
    return added
