"""Complete inputs, and texts that are too long for one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from wordgraft.checkpoint import open_checkpoint
from wordgraft.checkpoint.inputs import sequences_of, windows_of
from wordgraft.core.ragged import Ragged


def test_inputs_have_special_tokens_and_are_cut_off(tiny_checkpoint: Callable[[str], Path]) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    text = "the rain runs " * 500
    ids = checkpoint.tokenizer.tokenizer.encode("the rain").ids
    sequences = sequences_of(checkpoint, ["the rain", text])
    assert sequences.ids[: len(ids)].tolist() == ids
    assert sequences.lengths.tolist() == [len(ids), checkpoint.max_tokens]
    short = sequences_of(checkpoint, [text], max_tokens=4)
    assert short.ids.tolist() == [ids[0], *sequences.take(np.array([1])).ids[1:3], ids[-1]]


def test_windows_follow_one_another() -> None:
    pieces = Ragged.of([[1, 2, 3, 4, 5, 6, 7], [], [8, 9]])
    windows = windows_of(pieces, 3)
    assert windows.offsets.tolist() == [0, 3, 6, 7, 9]
    assert windows.ids is pieces.ids


def test_windows_begin_at_words_if_they_can() -> None:
    pieces = Ragged.of([[1, 2, 3, 4, 5, 6, 7, 8], [9]])
    # Words of 2, 1, 4 and 1 pieces, and one word in the second text.
    starts = np.array([0, 2, 3, 7, 8])
    assert windows_of(pieces, 4, word_starts=starts).offsets.tolist() == [0, 3, 7, 8, 9]
    # The word of 4 pieces does not fit.
    assert windows_of(pieces, 3, word_starts=starts).offsets.tolist() == [0, 3, 6, 8, 9]
