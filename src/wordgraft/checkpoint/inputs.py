"""Texts as complete inputs of an encoder, and texts that are too long as several inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.core.ragged import Ragged

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray

    from wordgraft.checkpoint.checkpoint import Checkpoint


def sequences_of(
    checkpoint: Checkpoint, texts: Sequence[str], *, max_tokens: int | None = None
) -> Ragged:
    """The token ids of each text, special tokens included.

    Longer texts are cut off after `max_tokens` tokens, by default as many as the encoder takes.
    """
    tokenizer = checkpoint.tokenizer
    before, after = tokenizer.specials
    room = (max_tokens or checkpoint.max_tokens) - len(before) - len(after)
    encodings = tokenizer.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return Ragged.of([encoding.ids[:room] for encoding in encodings]).framed(before, after)


def windows_of(
    pieces: Ragged, room: int, *, word_starts: Int64[ndarray, " words"] | None = None
) -> Ragged:
    """Split texts of more than `room` pieces into windows; texts without pieces are left out.

    The windows follow one another without overlap: their ids are those of `pieces`.

    Args:
        pieces: the pieces of each text, without special tokens.
        word_starts: positions in `pieces.ids` where a window may begin. A word of more than `room`
            pieces is split anyway. By default a window may begin anywhere.
    """
    borders = []
    for text in np.flatnonzero(pieces.lengths > room):
        start, end = int(pieces.offsets[text]), int(pieces.offsets[text + 1])
        while end - start > room:
            last = start + room
            if word_starts is not None:
                at_word = int(word_starts[np.searchsorted(word_starts, last, side="right") - 1])
                last = at_word if at_word > start else last
            start = last
            borders.append(start)
    return Ragged(pieces.ids, np.union1d(pieces.offsets, np.array(borders, np.int64)))
