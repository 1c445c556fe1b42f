"""`embedding_matrix`: rows for the caller's own words in the order of the caller's own ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.core.linear_algebra import principal_directions
from wordgraft.errors import TableError, VocabularyError
from wordgraft.export.formats import read_vectors
from wordgraft.matrix.entries import Entries
from wordgraft.matrix.report import MatrixReport
from wordgraft.matrix.rows import EntryRows, rows_from_checkpoint, rows_from_table
from wordgraft.matrix.special_entries import roles_of
from wordgraft.oov import OovMethod, Pieces, TextReader
from wordgraft.oov.methods import ensure_fitted
from wordgraft.sources import Composed, Isolated, Lookup, Source, source_of
from wordgraft.table import EmbeddingTable, Provenance, Refinement, Scale
from wordgraft.table.io import MARKER

if TYPE_CHECKING:
    from jaxtyping import Float32, Num
    from numpy import ndarray

# A matrix with more rows than this, most of which no word has, is taken for a mistake.
_MOST_EMPTY_ROWS = 1_000_000
# The mean of fewer words says more about them than about the encoder: of one word, centering would
# leave nothing.
_LEAST_TO_CENTER = 100


@dataclass(frozen=True, eq=False, repr=False)
class EmbeddingMatrix:
    """Vectors in the order of the caller's ids, and what is in each row.

    Attributes:
        vectors: float32 (rows, dims); the row of padding and rows without an entry are zeros.
        provenance: where the vector of each row came from.
        report: what the rows hold, to print or to show in a notebook.

    >>> matrix = wg.embedding_matrix(table, ["<pad>", "<unk>", "rain", "sun"])
    >>> bool((matrix.vectors[3] == table["sun"]).all())
    True
    """

    vectors: Float32[ndarray, "rows dims"]
    provenance: Provenance
    report: MatrixReport

    def __repr__(self) -> str:
        rows, dims = self.vectors.shape
        return f"<EmbeddingMatrix of {rows:,} rows, {dims:,} dims>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> ndarray:
        return np.array(self.vectors, dtype, copy=copy)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and dims."""
        return (int(self.vectors.shape[0]), int(self.vectors.shape[1]))


def embedding_matrix(
    checkpoint: Checkpoint | EmbeddingTable | str | Path,
    words: Any,
    *,
    source: Source | str | None = None,
    oov: OovMethod | str | None = None,
    refinements: Sequence[Refinement] | None = None,
    dims: int | None = None,
    scale: float | Num[ndarray, "old_rows old_dims"] | None = None,
    rows: int | None = None,
    special: Mapping[str, str] | None = None,
    progress: bool = False,
) -> EmbeddingMatrix:
    """Vectors for the words of a network that exists, in the order of its ids.

    The result is ready for `nn.Embedding.from_pretrained(torch.from_numpy(matrix.vectors))` and
    `keras.layers.Embedding(*matrix.shape, weights=[matrix.vectors])`. Words stay as the caller
    spells them: `Apple` and `apple` keep a row each, also with an uncased checkpoint, which gives
    both the same vector. `new york` and `new_york` are encoded as a phrase.

    Args:
        checkpoint: where the vectors come from: a checkpoint or its name, a table or its folder, or
            a file of vectors that `read_vectors` reads.
        words: a mapping from word to id (any ids, gaps allowed), a sequence of words, a Keras
            `TextVectorization` or `StringLookup`, a fitted `CountVectorizer`, an object with
            `key_to_index`, `get_stoi()` or `stoi`, or a tokenizer, whose pieces get vectors.
        source: how a checkpoint's vectors are made, as in `build_table`; `isolated` by default.
        oov: the method for words without a vector, as in `build_table`; `pieces` by default for a
            checkpoint, else what the table carries.
        refinements: as in `build_table` for a checkpoint, but fewer than 100 words are not
            centered. None are applied to a table or a file, unless they are given.
        dims: fit the vectors to this width by PCA; the share of variance that is kept is reported.
        scale: the root-mean-square of the words' entries, or the weights of the layer whose rows
            these replace, to take theirs.
        rows: rows of the matrix, if the network has more than the largest id plus 1.
        special: roles of special entries that are not recognized by their spelling: `pad`, `unk`,
            `cls`, `sep`, `mask`, or `word` for one that only looks special.

    Raises `VocabularyError` for words or ids that cannot be used, `TableError`, `CheckpointError`,
    and `DataError` for a file of vectors.

    >>> matrix = embedding_matrix(table, {"<pad>": 0, "sun": 1, "sun-moon": 5})
    >>> matrix.shape, matrix.report.unnamed
    ((6, 4), ((2, 4),))
    """
    entries = Entries.of(words)
    roles = roles_of(entries.words, special)
    origin = vectors_of(checkpoint, source)
    _check_size(entries, rows, origin)
    if isinstance(origin, EmbeddingTable):
        table = ensure_fitted(origin, oov, progress=progress)
        if refinements:
            table = table.refine(*refinements)
        made = rows_from_table(table, TextReader(table, oov), entries, roles)
    else:
        made = rows_from_checkpoint(
            origin,
            entries,
            roles,
            source=source or Isolated.name,
            oov=oov or Pieces.name,
            refinements=_refinements(refinements, entries),
            progress=progress,
        )
    return _matrix(made, entries, roles, dims=dims, scale=scale, rows=rows)


def vectors_of(
    checkpoint: Checkpoint | EmbeddingTable | str | Path, source: Source | str | None
) -> Checkpoint | EmbeddingTable:
    """What a name stands for: a checkpoint, or the table of a folder or of a file of vectors.

    Raises `TableError` for a table with a `source`, which would have no effect.
    """
    origin: Checkpoint | EmbeddingTable
    if isinstance(checkpoint, Checkpoint | EmbeddingTable):
        origin = checkpoint
    elif (Path(checkpoint) / MARKER).is_file():
        origin = EmbeddingTable.load(checkpoint)
    elif Path(checkpoint).is_file():
        origin = read_vectors(checkpoint)
    else:
        origin = open_checkpoint(checkpoint)
    if source is not None and isinstance(origin, EmbeddingTable):
        raise TableError(
            "source has no effect on vectors that already exist; leave it out, or give the "
            "checkpoint instead of the table"
        )
    return origin


def width_of(origin: Checkpoint | EmbeddingTable, source: Source | str | None) -> int:
    """How many numbers a vector has, without computing one."""
    if isinstance(origin, EmbeddingTable):
        return origin.dims
    if source is not None and source_of(source).name in (Lookup.name, Composed.name):
        return int(origin.word_embeddings().shape[1])
    return origin.hidden_size


def _refinements(
    refinements: Sequence[Refinement] | None, entries: Entries
) -> Sequence[Refinement] | None:
    if refinements is None and len(entries.words) < _LEAST_TO_CENTER:
        return (Scale(),)
    return refinements


def _check_size(entries: Entries, rows: int | None, origin: Checkpoint | EmbeddingTable) -> None:
    largest = entries.words[int(entries.ids.argmax())]
    if rows is not None and rows < entries.rows:
        raise VocabularyError(
            f"rows={rows:,} is too few: the id of {largest!r} is {entries.rows - 1:,}, which needs "
            f"{entries.rows:,} rows"
        )
    needed = max(rows or 0, entries.rows)
    if needed - len(entries.words) <= max(_MOST_EMPTY_ROWS, len(entries.words)):
        return
    dims = width_of(origin, None)
    raise VocabularyError(
        f"the id of {largest!r} is {entries.rows - 1:,}: a matrix of {needed:,} rows of {dims} "
        f"numbers takes {needed * dims * 4 / 1e9:,.0f} GB, and {len(entries.words):,} of its rows "
        "have a word; number the words from 0 on"
    )


def _matrix(
    made: EntryRows,
    entries: Entries,
    roles: Mapping[str, str],
    *,
    dims: int | None,
    scale: float | Num[ndarray, "old_rows old_dims"] | None,
    rows: int | None,
) -> EmbeddingMatrix:
    is_word = np.array(
        [
            word not in roles and origin != "zero"
            for word, origin in zip(entries.words, made.origins, strict=True)
        ]
    )
    empty = np.isin(made.origins, ["padding", "zero"])
    vectors, variance_kept = made.vectors, None
    if dims is not None:
        vectors, variance_kept = _projected(vectors, is_word, dims)
    if scale is not None:
        vectors = _scaled(vectors, is_word, scale)
    vectors[empty] = 0
    n = rows or entries.rows
    matrix = np.zeros((n, vectors.shape[1]), np.float32)
    matrix[entries.ids] = vectors
    origins = np.full(n, "zero", object)
    origins[entries.ids] = made.origins
    provenance = Provenance.of(origins.tolist(), np.zeros(n, np.int32))
    report = MatrixReport(
        shape=(n, int(matrix.shape[1])),
        words=len(entries.words),
        by_source=provenance.counts(),
        special=made.special,
        not_found=made.not_found,
        unnamed=_gaps(entries, n),
        variance_kept=variance_kept,
        notes=tuple(_notes(entries, roles)),
    )
    return EmbeddingMatrix(matrix, provenance, report)


def _projected(
    vectors: Float32[ndarray, "entries dims"], is_word: ndarray, dims: int
) -> tuple[Float32[ndarray, "entries new_dims"], float]:
    """Vectors on the words' strongest directions, as large as before, and the variance kept."""
    width = vectors.shape[1]
    if not 1 <= dims <= width:
        raise TableError(
            f"dims is {dims}; vectors of {width} numbers can be fitted to 1 to {width}"
        )
    mean, directions, variances = principal_directions(vectors[is_word], width)
    total = float(variances.sum())
    projected: Float32[ndarray, "entries new_dims"] = (vectors - mean) @ directions[:, :dims]
    kept = float(variances[:dims].sum()) / total if total else 1.0
    return _scaled(projected, is_word, _rms(vectors[is_word])), kept


def _scaled(
    vectors: Float32[ndarray, "entries dims"],
    is_word: ndarray,
    scale: float | Num[ndarray, "old_rows old_dims"],
) -> Float32[ndarray, "entries dims"]:
    wanted = _rms(np.asarray(scale)) if np.ndim(scale) else float(scale)
    if not 0 < wanted < np.inf:
        raise TableError(
            f"scale is {wanted:g}; expected a root-mean-square above 0, or the weights of a layer "
            "that are not all zeros"
        )
    rms = _rms(vectors[is_word])
    scaled: Float32[ndarray, "entries dims"] = vectors * np.float32(wanted / rms if rms else 1.0)
    return scaled


def _rms(vectors: Num[ndarray, "rows dims"]) -> float:
    return float(np.sqrt(np.mean(np.square(vectors, dtype=np.float64)))) if vectors.size else 0.0


def _gaps(entries: Entries, rows: int) -> tuple[tuple[int, int], ...]:
    """The ids without an entry, as ranges from first to last."""
    ids = np.unique(np.concatenate([[-1], entries.ids, [rows]]))
    starts = np.flatnonzero(np.diff(ids) > 1)
    return tuple((int(ids[start]) + 1, int(ids[start + 1]) - 1) for start in starts)


def _notes(entries: Entries, roles: Mapping[str, str]) -> list[str]:
    notes = []
    if "unk" not in roles.values():
        notes.append(
            "no entry stands for unknown words: name it with special={...: 'unk'} if the network "
            "needs one"
        )
    repeated = [word for word, n in Counter(entries.words).items() if n > 1 and word not in roles]
    if repeated:
        notes.append(f"entries that occur more than once, each with its own row: {len(repeated):,}")
    return notes
