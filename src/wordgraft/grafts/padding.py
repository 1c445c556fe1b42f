"""Texts as the ids that a grafted layer or encoder takes, for whichever framework."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.ragged import Ragged
from wordgraft.errors import CheckpointError
from wordgraft.table import EmbeddingTable

if TYPE_CHECKING:
    from jaxtyping import Int32
    from numpy import ndarray


def padded_ids(
    table: EmbeddingTable, texts: Sequence[str], *, length: int | None = None
) -> Int32[ndarray, "texts length"]:
    """The row ids of each text's words, padded with 0 behind the last.

    Args:
        length: words a text: the rest of a longer one is left out. By default, as many as the
            longest text has, and at least one.

    A word without a row has the unk row; `table.coverage(texts)` counts them.
    """
    return padded(table.vocabulary.ids(texts), length)


def encoder_inputs(
    checkpoint: Checkpoint, texts: Sequence[str], *, length: int | None = None
) -> dict[str, Int32[ndarray, "texts length"]]:
    """`input_ids` and `attention_mask` of each text for the checkpoint's encoder.

    Args:
        length: tokens a text, special ones included: the rest of a longer text is left out. By
            default as many as the longest text has, or the most that the encoder takes.

    Raises `CheckpointError` for a length that the encoder does not take.
    """
    pieces = checkpoint.tokenizer
    before, after = pieces.specials
    least = len(before) + len(after) + 1
    most = checkpoint.max_tokens if length is None else length
    if not least <= most <= checkpoint.max_tokens:
        raise CheckpointError(
            f"{checkpoint.name} takes {least} to {checkpoint.max_tokens} tokens, special ones "
            f"included; asked for {length}"
        )
    encodings = pieces.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    room = most - len(before) - len(after)
    rows = Ragged.of([each.ids[:room] for each in encodings]).framed(before, after)
    mask = padded(Ragged(np.ones_like(rows.ids), rows.offsets), length)
    ids = padded(rows, length)
    ids[mask == 0] = pieces.pad_id
    return {"input_ids": ids, "attention_mask": mask}


def padded(rows: Ragged, length: int | None = None) -> Int32[ndarray, "rows length"]:
    """Ragged ids as a matrix, zeros behind each row's last; `length` as `padded_ids` has it."""
    if length is None:
        length = max(1, int(rows.lengths.max(initial=0)))
    kept = np.minimum(rows.lengths, length)
    matrix = np.zeros((len(rows), length), np.int32)
    filled = np.arange(length) < kept[:, None]
    end = np.repeat(rows.offsets[:-1] + kept, rows.lengths)
    matrix[filled] = rows.ids[np.arange(len(rows.ids)) < end]
    return matrix
