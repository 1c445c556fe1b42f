"""What all sources share: the pieces of each word, and the raw table made of the vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.ragged import Ragged
from wordgraft.core.versions import library_versions
from wordgraft.errors import CheckpointError, TableError
from wordgraft.table import EmbeddingTable, Provenance
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


def required(vocabulary: Vocabulary | None, source: str) -> Vocabulary:
    """The vocabulary. Raises `TableError` when a source that needs one was given none."""
    if vocabulary is None:
        raise TableError(
            f"source {source!r} needs a vocabulary; only 'contextual' can take the words of its "
            "corpus"
        )
    return vocabulary


def pieces_of(checkpoint: Checkpoint, vocabulary: Vocabulary) -> Ragged:
    """Piece ids per row. A role, or a row of a vocabulary of pieces, is one piece: itself."""
    tokenizer = checkpoint.tokenizer
    if vocabulary.kind == "pieces":
        id_of = {piece: id for id, piece in enumerate(tokenizer.pieces)}
        return Ragged.of([[id_of[piece]] for piece in vocabulary.words])
    words = tokenizer.word_pieces(vocabulary.words[len(vocabulary.roles) :])
    roles = [tokenizer.pad_id, tokenizer.unk_id]
    return Ragged(
        np.concatenate([roles, words.ids]),
        np.concatenate([np.arange(len(roles)), words.offsets + len(roles)]),
    )


def raw_table(
    checkpoint: Checkpoint,
    vocabulary: Vocabulary,
    vectors: Float32[ndarray, "words dims"],
    pieces: Ragged,
    *,
    source: str,
    row_sources: Sequence[str] | None = None,
    **recipe: Any,
) -> EmbeddingTable:
    """An unrefined table of a source's vectors, with row 0 (the padding) set to zeros.

    `row_sources` names the source of each row where they differ; `recipe` is added to the table's.
    Raises `CheckpointError` naming the tensors at fault when a vector is not finite.
    """
    _check_finite(vectors, checkpoint)
    vectors[0] = 0
    sources = list(row_sources or [source] * len(vocabulary))
    sources[0] = "padding"
    return EmbeddingTable(
        vectors=vectors,
        vocabulary=vocabulary,
        provenance=Provenance.of(sources, pieces.lengths),
        recipe={
            "checkpoint": checkpoint.name,
            "checkpoint_sha256": checkpoint.sha256,
            "architecture": checkpoint.architecture.model_type,
            "source": source,
            **recipe,
            "versions": library_versions(),
        },
    )


def _check_finite(vectors: Float32[ndarray, "words dims"], checkpoint: Checkpoint) -> None:
    if np.isfinite(vectors).all():
        return
    tensors = checkpoint.tensors
    bad = [name for name in tensors if not np.isfinite(tensors[name]).all()]
    if bad:
        cause = f"its weights hold NaN or infinite values in {', '.join(bad[:3])}"
    else:
        cause = "its weights are finite, so the numbers overflow: try encoder_dtype='float32'"
    raise CheckpointError(f"{checkpoint.name} gave vectors that are not finite: {cause}")
