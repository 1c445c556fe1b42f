"""`EmbeddingTable`: vectors, the words they belong to, and where each row came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.atomic_io import new_folder
from wordgraft.errors import MissingWordError, TableError
from wordgraft.table.affine import Affine, after
from wordgraft.table.io import MARKER, read_fields, write_fields
from wordgraft.table.oov_state import OovState
from wordgraft.table.provenance import ROW_ORIGINS, Provenance
from wordgraft.table.quantization import dequantize, stored_as
from wordgraft.table.refinements import Refinement, apply_refinements
from wordgraft.table.word_search import WordSearch
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64, Num
    from numpy import ndarray

# Rows that are copied at once: the norms of every table are checked when it is loaded.
_COPIED_BLOCK = 4_096


@dataclass(frozen=True, eq=False, repr=False)
class EmbeddingTable(WordSearch):
    """One vector per word. It is never changed in place: `refine` and others return new tables.

    Attributes:
        vectors: (words, dims) float32, float16, or int8 with `scales`; row 0 is padding, zeros.
        vocabulary: the words by row, and how text becomes row ids.
        provenance: where the vector of each row came from.
        recipe: how the table was made: checkpoint and its hash, source, layer, refinements, ...
        scales: float32 (words,), the factor of each int8 row; None for other dtypes.
        oov: the fitted out-of-vocabulary method; None for one that returns the unk row.
        move: what the refinements did to an unseen word; None for raw vectors.

    Raises `TableError` when the parts do not fit together.

    >>> table["sun"]
    array([1., 0., 0., 1.], dtype=float32)
    >>> "snow" in table
    False
    >>> table.astype("int8").vectors.dtype
    dtype('int8')
    """

    vectors: Num[ndarray, "words dims"]
    vocabulary: Vocabulary
    provenance: Provenance
    recipe: Mapping[str, Any] = field(default_factory=dict)
    scales: Float32[ndarray, " words"] | None = None
    oov: OovState | None = None
    move: Affine | None = None

    def __post_init__(self) -> None:
        n = len(self.vocabulary)
        if self.vectors.ndim != 2 or len(self.vectors) != n or len(self.provenance) != n:
            raise TableError(
                f"vectors have shape {self.vectors.shape} and provenance {len(self.provenance):,} "
                f"rows for {n:,} words; all must agree"
            )
        if np.any(self.vectors[0]):
            raise TableError("row 0 is the padding and must be zeros")

    def __len__(self) -> int:
        return len(self.vectors)

    def __repr__(self) -> str:
        source = self.recipe.get("source", "no recipe")
        return f"<EmbeddingTable of {len(self):,} words, {self.dims} dims, {source}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> EmbeddingTable:
        # Frozen, and perhaps a mapped file: scikit-learn's clone must not copy it for each fold.
        return self

    def __getstate__(self) -> dict[str, Any]:
        # Cached properties are computed again rather than pickled.
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def word_rows(self) -> Int64[ndarray, " rows"]:
        """The rows that hold the vector of a word: without roles and rows left at zero."""
        has_vector = ~self.provenance.empty
        has_vector[list(self.vocabulary.roles.values())] = False
        return np.flatnonzero(has_vector)

    @property
    def shape(self) -> tuple[int, int]:
        """Words and dims."""
        return (len(self), self.dims)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> ndarray:
        """All rows, as float32 by default."""
        return np.array(self.rows(), dtype, copy=copy)

    @property
    def dims(self) -> int:
        """Width of a vector."""
        return int(self.vectors.shape[1])

    def __contains__(self, word: object) -> bool:
        return word in self.vocabulary

    def __getitem__(self, word: str) -> Float32[ndarray, " dims"]:
        """The vector of a word that has a row. Raises `MissingWordError` (a `KeyError`) if not."""
        vector: Float32[ndarray, " dims"] = self.rows([self.row_of(word)])[0]
        return vector

    def row_of(self, word: str) -> int:
        """The row of a word. Raises `MissingWordError`."""
        row = self.vocabulary.row(word)
        if row is None:
            raise MissingWordError(
                f"{word!r} has no row among {len(self):,}; get a vector from "
                "wordgraft.method_of(table), or rebuild the table with this word"
            )
        return row

    def get(self, word: str) -> Float32[ndarray, " dims"] | None:
        """The vector of a word, or None if it has no row."""
        row = self.vocabulary.row(word)
        return None if row is None else self.rows([row])[0]

    def rows(
        self, ids: Sequence[int] | Int64[ndarray, " rows"] | slice = slice(None)
    ) -> Float32[ndarray, "rows dims"]:
        """Rows as float32, whatever dtype they are stored in; all of them by default."""
        stored = self.vectors[ids]
        if self.scales is not None:
            return dequantize(stored, self.scales[ids])
        return np.asarray(stored, np.float32)

    @cached_property
    def norms(self) -> Float32[ndarray, " words"]:
        """The length of each row's vector."""
        blocks = range(0, len(self), _COPIED_BLOCK)
        return np.concatenate(
            [np.linalg.norm(self.rows(slice(b, b + _COPIED_BLOCK)), axis=1) for b in blocks]
        )

    def refine(self, *refinements: Refinement) -> EmbeddingTable:
        """A table with the refinements applied in turn: `table.refine(Center(), Pca(128))`.

        The rows become float32, each refinement is recorded in the recipe, and an
        out-of-vocabulary method that is already fitted follows. Raises `TableError` for a table
        without words that have vectors, and for values that are not finite afterwards.
        """
        refined = apply_refinements(
            refinements,
            self.rows(),
            self.vocabulary.counts,
            words=self.word_rows,
            empty=self.provenance.empty,
        )
        oov, move = self.oov, self.move
        if refined.move is not None:
            move = after(move, refined.move)
            oov = None if oov is None else replace(oov, move=after(oov.move, refined.move))
        steps = [*self.recipe.get("refinements", ()), *refined.steps]
        return replace(
            self,
            vectors=refined.vectors,
            scales=None,
            recipe={**self.recipe, "refinements": steps, "dtype": "float32"},
            oov=oov,
            move=move,
        )

    def astype(self, dtype: str) -> EmbeddingTable:
        """The same table with rows stored as `float32`, `float16` or `int8` (one scale per row)."""
        vectors, scales = stored_as(dtype, self.rows())
        recipe = {**self.recipe, "dtype": dtype}
        return replace(self, vectors=vectors, scales=scales, recipe=recipe)

    def select(self, ids: Int64[ndarray, " rows"]) -> EmbeddingTable:
        """The table of some rows, in the given order; the first must be the padding."""
        return replace(
            self,
            vectors=self.vectors[ids],
            vocabulary=self.vocabulary.select(ids),
            provenance=self.provenance.select(ids),
            scales=None if self.scales is None else self.scales[ids],
        )

    def extended(
        self,
        words: Sequence[str],
        vectors: Float32[ndarray, "more dims"],
        *,
        source: str | Sequence[str],
    ) -> EmbeddingTable:
        """A float32 copy with rows for more words after its own, of one source or one each.

        Only for a vocabulary of words.
        """
        added = Provenance.of(source, np.zeros(len(words), np.int32))
        return replace(
            self,
            vectors=np.concatenate([self.rows(), vectors]),
            vocabulary=self.vocabulary.extended(words),
            provenance=self.provenance.append(added),
            scales=None,
        )

    def with_rows(
        self,
        ids: Int64[ndarray, " rows"],
        vectors: Num[ndarray, "rows dims"],
        *,
        source: str,
    ) -> EmbeddingTable:
        """A float32 copy in which the rows `ids` hold `vectors`, with the provenance `source`."""
        rows = self.rows().copy() if self.scales is None else self.rows()
        rows[ids] = vectors
        sources = self.provenance.source.copy()
        sources[ids[ids > 0]] = ROW_ORIGINS.index(source)
        return replace(
            self,
            vectors=rows,
            scales=None,
            provenance=replace(self.provenance, source=sources),
            recipe={**self.recipe, "dtype": "float32"},
        )

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the table as a folder, completely or not at all.

        Raises `OutputError` when `path` exists (unless `force`) or cannot be written, and
        `TableError` when vectors hold NaN or infinite values.
        """
        with new_folder(Path(path), force=force, marker=MARKER) as folder:
            self.write_into(folder)

    def write_into(self, folder: Path) -> None:
        """Write the files of the table into a folder that exists; some of them if that fails."""
        if not np.isfinite(self.norms).all():
            raise TableError("the vectors hold NaN or infinite values; such a table is not saved")
        write_fields({field.name: getattr(self, field.name) for field in fields(self)}, folder)

    @classmethod
    def load(cls, path: str | Path) -> EmbeddingTable:
        """Open a saved table, its vectors memory-mapped.

        `path` is its folder, or `owner/name` or `owner/name@revision` of one that `wordgraft push`
        uploaded. Raises `TableError` when a file is missing, was altered or does not fit the
        others.
        """
        table = cls(**read_fields(path))
        bad = np.flatnonzero(~np.isfinite(table.norms))
        if len(bad):
            words = [table.vocabulary.words[row] for row in bad[:3]]
            raise TableError(
                f"{path} holds NaN or infinite vectors (of {words}, ...); rebuild the table"
            )
        return table
