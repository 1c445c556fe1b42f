"""Sentences through the encoder, and the sums of each word's states.

What is encoded is used: a word gets a context from every chosen sentence that holds it, not only
from those it was chosen for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.encoder import EncoderModel, mean_of_layers
from wordgraft.core.ragged import Ragged
from wordgraft.sources.contextual.alignment import AlignedWords
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.chunks import Chunks

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float32, Float64, Int64
    from numpy import ndarray


# Rows turned into vectors at once, to bound memory.
_ROWS_AT_ONCE = 8192


@dataclass(frozen=True, eq=False)
class Inputs:
    """Complete encoder inputs, and the words in them.

    Attributes:
        sequences: piece ids, special ones included.
        words: per sequence, the places of its words in the three arrays below.
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
    """Sentences to `Inputs`; longer ones than the encoder takes come in windows."""

    def __init__(self, checkpoint: Checkpoint, vocabulary: Vocabulary) -> None:
        self._chunks = Chunks(AlignedWords(checkpoint, vocabulary))
        self._specials = checkpoint.tokenizer.specials
        self._room = checkpoint.max_tokens - sum(map(len, self._specials))
        self._roles = np.array(list(vocabulary.roles.values()))

    def inputs(self, sentences: Sequence[str]) -> Inputs:
        """Cut sentences into pieces, and find which pieces make each word that has a row.

        A word of so many pieces that it reaches over a window's end is left out.
        """
        pieces, rows, firsts, counts, chunk_pieces, chunk_words = self._chunks.columns(sentences)
        chunk_starts = np.cumsum(chunk_pieces.ids) - chunk_pieces.ids
        first = np.repeat(chunk_starts, chunk_words.ids) + firsts.ids
        windows = Ragged(pieces.ids, _borders(pieces.offsets, chunk_starts, self._room))
        window_of = np.searchsorted(windows.offsets, first, side="right") - 1
        whole = (counts.ids > 0) & (first + counts.ids <= windows.offsets[window_of + 1])
        kept = np.flatnonzero(whole & ~np.isin(rows.ids, self._roles))
        before, after = self._specials
        return Inputs(
            windows.framed(before, after),
            np.searchsorted(window_of[kept], np.arange(len(windows) + 1)),
            rows.ids[kept],
            first[kept] - windows.offsets[window_of[kept]] + len(before),
            counts.ids[kept],
            len(sentences),
        )


class Sums:
    """Per row, what its contexts add up to; kept on the encoder's device.

    Attributes:
        states: float64 (words, dims), the sum of its vectors.
        squares: float64 (words,), the sum of their squared lengths.
        counts: int64 (words,), how many there were.
    """

    def __init__(self, words: int, dims: int, device: torch.device) -> None:
        import torch

        self.states = torch.zeros(words, dims, dtype=torch.float64, device=device)
        self.squares = torch.zeros(words, dtype=torch.float64, device=device)
        self.counts = torch.zeros(words, dtype=torch.int64, device=device)

    def add_sentences(self, encoder: EncoderModel, inputs: Inputs) -> None:
        """Encode `inputs` and add the states of their words."""
        import torch

        occurrences = Ragged(np.arange(len(inputs.rows)), inputs.words)
        for batch, hidden in encoder.encode(inputs.sequences):
            found = occurrences.take(batch)
            length = int(inputs.sequences.lengths[batch[0]])
            of_sequence = np.repeat(np.arange(len(batch)) * length, found.lengths)
            first, pieces = of_sequence + inputs.first[found.ids], inputs.pieces[found.ids]
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
                rows = to_device(inputs.rows[found.ids])
                states = states.double()
                self.states.index_add_(0, rows, states)
                self.squares.index_add_(0, rows, states.square().sum(dim=1))
                self.counts.index_add_(0, rows, torch.ones_like(rows))

    def arrays(self) -> dict[str, ndarray]:
        """The sums by name."""
        return {name: value.cpu().numpy() for name, value in vars(self).items()}

    @classmethod
    def of_arrays(cls, arrays: dict[str, ndarray], device: torch.device) -> Sums:
        """The reverse of `arrays`."""
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
    """The mean of each word's contexts, pulled towards its template vector, and by how much.

    `(sum + strength * template) / (contexts + strength)`: as if the template were `strength` more
    contexts. The weight of the template is 1 for a word without contexts.
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
    """Root-mean-square distance of a word's contexts to their mean; NaN where there were none."""
    counts = np.maximum(sums["counts"], 1).astype(np.float64)
    means = np.einsum("ij,ij->i", sums["states"], sums["states"]) / np.square(counts)
    variance: Float64[ndarray, " words"] = np.maximum(sums["squares"] / counts - means, 0)
    return np.where(sums["counts"] > 0, np.sqrt(variance), np.nan).astype(np.float32)


def _borders(
    offsets: Int64[ndarray, " texts_plus_one"], cuts: Int64[ndarray, " chunks"], room: int
) -> Int64[ndarray, " windows_plus_one"]:
    """Where windows of at most `room` pieces begin and end; texts of none are left out.

    A text that is too long is cut at the last of `cuts`, where its chunks begin, that fits; inside
    a chunk only if it is too long by itself.
    """
    extra = []
    for text in np.flatnonzero(np.diff(offsets) > room):
        start, end = int(offsets[text]), int(offsets[text + 1])
        while end - start > room:
            best = int(cuts[np.searchsorted(cuts, start + room, side="right") - 1])
            start = best if best > start else start + room
            extra.append(start)
    return np.union1d(offsets, np.array(extra, np.int64))
