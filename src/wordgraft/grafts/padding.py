"""Texts as the ids that a grafted layer or encoder takes, in any framework.

Id 0 is padding, since row 0 of every table is (`PAD` in `vocabulary/vocabulary.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, overload

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.inputs import sequences_of
from wordgraft.core.ragged import Ragged
from wordgraft.errors import CheckpointError, TableError
from wordgraft.oov import TextReader
from wordgraft.table import EmbeddingTable

if TYPE_CHECKING:
    from jaxtyping import Int32
    from numpy import ndarray


class CoveredTexts(NamedTuple):
    """Ids of texts, and the table with a row for each of their words.

    Attributes:
        ids: int32 (texts, length), padded at the end with 0.
        table: the table that was given, with rows for out-of-vocabulary words after its own.
    """

    ids: Int32[ndarray, "texts length"]
    table: EmbeddingTable


@overload
def padded_ids(
    table: EmbeddingTable,
    texts: Sequence[str],
    *,
    length: int | None = None,
    oov: Literal[False] = False,
) -> Int32[ndarray, "texts length"]: ...


@overload
def padded_ids(
    table: EmbeddingTable, texts: Sequence[str], *, length: int | None = None, oov: Literal[True]
) -> CoveredTexts: ...


def padded_ids(
    table: EmbeddingTable,
    texts: Sequence[str],
    *,
    length: int | None = None,
    oov: bool = False,
) -> Int32[ndarray, "texts length"] | CoveredTexts:
    """The row ids of each text's words, padded at the end with 0.

    An out-of-vocabulary word has the id of the unk row; `wordgraft.coverage(table, texts)` counts
    such words. With `oov=True`, it has a row of its own in the table that is returned with the ids:
    make the layer from that table, and read later texts with it.

    >>> padded_ids(table, ["sun rain snow", "rain"])
    array([[2, 3, 1],
           [3, 0, 0]], dtype=int32)

    Args:
        length: words per text; longer texts are cut off. By default the length of the longest
            text, and at least 1.
        oov: append a row for each out-of-vocabulary word, by the table's method.

    >>> ids, covering = padded_ids(table, ["sun rain snow"], oov=True)
    >>> ids, len(table), len(covering)
    (array([[2, 3, 5]], dtype=int32), 5, 6)

    Raises `TableError` with `oov=True` for a table of pieces, which has no words.
    """
    if oov:
        return _covered(table, texts, length)
    return table.vocabulary.ids(texts).padded(length).astype(np.int32)


def _covered(table: EmbeddingTable, texts: Sequence[str], length: int | None) -> CoveredTexts:
    if table.vocabulary.kind == "pieces":
        raise TableError("oov=True needs a table of words; this one has rows for pieces of words")
    reading = TextReader(table).read(texts)
    covering = table.extended(reading.words, reading.vectors, source=reading.origins)
    return CoveredTexts(reading.ids.padded(length).astype(np.int32), covering)


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
