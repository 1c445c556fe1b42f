"""Texts as the ids that a grafted layer or encoder takes, in any framework.

Id 0 is padding, since row 0 of every table is (`PAD` in `vocabulary/vocabulary.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.inputs import sequences_of
from wordgraft.core.ragged import Ragged
from wordgraft.errors import CheckpointError
from wordgraft.table import EmbeddingTable

if TYPE_CHECKING:
    from jaxtyping import Int32
    from numpy import ndarray


def padded_ids(
    table: EmbeddingTable, texts: Sequence[str], *, length: int | None = None
) -> Int32[ndarray, "texts length"]:
    """The row ids of each text's words, padded at the end with 0.

    An out-of-vocabulary word has the id of the unk row; `wordgraft.coverage(table, texts)` counts
    such words.

    >>> padded_ids(table, ["sun rain snow", "rain"])
    array([[2, 3, 1],
           [3, 0, 0]], dtype=int32)

    Args:
        length: words per text; longer texts are cut off. By default the length of the longest
            text, and at least 1.
    """
    return table.vocabulary.ids(texts).padded(length).astype(np.int32)


def encoder_inputs(
    checkpoint: Checkpoint, texts: Sequence[str], *, length: int | None = None
) -> dict[str, Int32[ndarray, "texts length"]]:
    """`input_ids` and `attention_mask` of each text for the checkpoint's encoder.

    >>> inputs = encoder_inputs(checkpoint, ["the bank", "bank"])
    >>> inputs["attention_mask"]  # [CLS] the bank [SEP], then [CLS] bank [SEP] padding
    array([[1, 1, 1, 1],
           [1, 1, 1, 0]], dtype=int32)

    Args:
        length: tokens per text, special tokens included; longer texts are cut off. By default the
            length of the longest text, at most what the encoder takes.

    Raises `CheckpointError` for a length that the encoder does not take.
    """
    pieces = checkpoint.tokenizer
    before, after = pieces.specials
    least = len(before) + len(after) + 1
    most = checkpoint.max_tokens if length is None else length
    if not least <= most <= checkpoint.max_tokens:
        raise CheckpointError(
            f"{checkpoint.name} takes {least} to {checkpoint.max_tokens} tokens, special tokens "
            f"included; length is {length}"
        )
    rows = sequences_of(checkpoint, texts, max_tokens=most)
    mask = Ragged(np.ones_like(rows.ids), rows.offsets).padded(length)
    ids = rows.padded(length, fill=pieces.pad_id)
    return {"input_ids": ids.astype(np.int32), "attention_mask": mask.astype(np.int32)}
