"""`EmbeddingTable`: vectors, their words, and where each row came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.errors import TableError
from wordgraft.table.affine import Affine
from wordgraft.table.coverage import Coverage, coverage_of
from wordgraft.table.fallbacks import Fallbacks
from wordgraft.table.provenance import SOURCES, Provenance
from wordgraft.table.quantization import dequantize
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64, Num
    from numpy import ndarray

    from wordgraft.checkpoint import Checkpoint
    from wordgraft.table.refinements import Refinement

# Rows are compared with all others in blocks of this many, to bound memory.
_BLOCK = 65_536
# Where a block is copied, a smaller one: every table is looked at as it is loaded.
_COPIED_BLOCK = 4_096


@dataclass(frozen=True, eq=False)
class UnknownWords:
    """What a method for words without a row has learnt; `wordgraft.oov` makes and uses it.

    Attributes:
        method: name of the method.
        arrays: the method's own arrays by name, as they were fitted; saved bit by bit.
        settings: what else it needs, as JSON can hold it.
        move: what refinements since the fit did to a word never seen; None before the first.
    """

    method: str
    arrays: Mapping[str, ndarray] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    move: Affine | None = None


@dataclass(frozen=True, eq=False, repr=False)
class EmbeddingTable:
    """One vector a word. Never changed in place: `refine` and the like return new tables.

    Attributes:
        vectors: (words, dims) float32, float16, or int8 with `scales`; row 0 is padding, zeros.
        vocabulary: the words by row, and how text becomes row ids.
        provenance: per row, where its vector came from.
        recipe: how the table was made: checkpoint and its hash, source, layer, refinements, ...
        scales: float32 (words,), what an int8 row is multiplied by; None otherwise.
        unknown: the state of the method for words without a row; None for the unk row alone.
        move: what the refinements did to a word never seen; None for raw vectors.
    """

    vectors: Num[ndarray, "words dims"]
    vocabulary: Vocabulary
    provenance: Provenance
    recipe: Mapping[str, Any] = field(default_factory=dict)
    scales: Float32[ndarray, " words"] | None = None
    unknown: UnknownWords | None = None
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
        # Frozen, and possibly a mapped file: scikit-learn's clone must not copy it per fold.
        return self

    def __getstate__(self) -> dict[str, Any]:
        # What was computed on the way is computed again rather than pickled.
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @cached_property
    def kept(self) -> dict[str, Any]:
        """What `wordgraft.oov` keeps between its calls, such as an index of the words."""
        return {}

    @property
    def word_rows(self) -> Int64[ndarray, " rows"]:
        """The rows that hold the vector of a word: no roles, and none left at zero."""
        holds = ~self.provenance.empty
        holds[list(self.vocabulary.roles.values())] = False
        return np.flatnonzero(holds)

    @property
    def dims(self) -> int:
        """Width of a vector."""
        return int(self.vectors.shape[1])

    def __contains__(self, word: object) -> bool:
        return word in self.vocabulary

    def __getitem__(self, word: str) -> Float32[ndarray, " dims"]:
        """The vector of a word that has a row. Raises `TableError` for one that has none."""
        row = self.vocabulary.row(word)
        if row is None:
            raise TableError(
                f"{word!r} has no row among {len(self):,}; ask wordgraft.oov for a vector, "
                "or rebuild the table with this word"
            )
        vector: Float32[ndarray, " dims"] = self.rows([row])[0]
        return vector

    def get(self, word: str) -> Float32[ndarray, " dims"] | None:
        """The vector of a word, or None if it has no row."""
        row = self.vocabulary.row(word)
        return None if row is None else self.rows([row])[0]

    def rows(
        self, ids: Sequence[int] | Int64[ndarray, " rows"] | slice = slice(None)
    ) -> Float32[ndarray, "rows dims"]:
        """Rows as float32 whatever they are stored as; all of them by default."""
        taken = self.vectors[ids]
        if self.scales is not None:
            return dequantize(taken, self.scales[ids])
        return np.asarray(taken, np.float32)

    def neighbours(self, word: str, *, top: int = 10) -> list[tuple[str, float]]:
        """The `top` words with the largest cosine to a word's vector, itself left out."""
        return self.neighbours_of(self[word], top=top, without=self.vocabulary.row(word))

    def neighbours_of(
        self, vector: Float32[ndarray, " dims"], *, top: int = 10, without: int | None = None
    ) -> list[tuple[str, float]]:
        """The `top` words with the largest cosine to `vector`; roles are left out."""
        query = vector / max(float(np.linalg.norm(vector)), np.finfo(np.float32).tiny)
        cosines = np.empty(len(self), np.float32)
        for start in range(0, len(self), _BLOCK):
            block = self.rows(slice(start, start + _BLOCK))
            norms = np.maximum(np.linalg.norm(block, axis=1), np.finfo(np.float32).tiny)
            cosines[start : start + _BLOCK] = block @ query / norms
        left_out = set(self.vocabulary.roles.values()) | ({without} - {None})
        best = np.argsort(-cosines, kind="stable")[: top + len(left_out)]
        found = [
            (self.vocabulary.words[row], float(cosines[row])) for row in best if row not in left_out
        ]
        return found[:top]

    def coverage(self, texts: Iterable[str]) -> Coverage:
        """How much of the running text, and of its different words, has a row."""
        return coverage_of(self.vocabulary, texts, self.fallbacks)

    @cached_property
    def fallbacks(self) -> Fallbacks:
        """Which rows a word without one can borrow: another case, a shape, the parts, ..."""
        return Fallbacks(self.vocabulary, self.word_rows)

    @cached_property
    def norms(self) -> Float32[ndarray, " words"]:
        """The length of each row's vector."""
        blocks = range(0, len(self), _COPIED_BLOCK)
        return np.concatenate(
            [np.linalg.norm(self.rows(slice(b, b + _COPIED_BLOCK)), axis=1) for b in blocks]
        )

    def refine(self, *refinements: Refinement) -> EmbeddingTable:
        """Apply refinements in turn: `table.refine(Center(), Pca(128))`. See `table.refine`."""
        from wordgraft.table.refinements import refined

        return refined(self, refinements)

    def with_oov(
        self, method: str, checkpoint: Checkpoint | str | None = None, **options: Any
    ) -> EmbeddingTable:
        """The table with another method for unknown words, fitted to it and saved along with it.

        `wordgraft.with_oov` with this table: its arguments, its errors.
        """
        # By the front door, which finds the name's home: this folder knows none to its right.
        import wordgraft

        return wordgraft.with_oov(self, method, checkpoint, **options)

    def astype(self, dtype: str) -> EmbeddingTable:
        """The same table with its rows stored as `float32`, `float16` or `int8` (a scale a row)."""
        from wordgraft.table.quantization import stored_as

        vectors, scales = stored_as(dtype, self.rows())
        recipe = {**self.recipe, "dtype": dtype}
        return replace(self, vectors=vectors, scales=scales, recipe=recipe)

    def select(self, ids: Int64[ndarray, " rows"]) -> EmbeddingTable:
        """The table of some rows, in the order given; they must begin with the padding."""
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
        """A float32 copy with rows for more words behind its own, from one source or one each.

        Words, not pieces.
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
        vectors: Float32[ndarray, "rows dims"],
        *,
        source: str,
    ) -> EmbeddingTable:
        """A float32 copy in which the rows `ids` hold `vectors`, their provenance `source`."""
        rows = self.rows().copy() if self.scales is None else self.rows()
        rows[ids] = vectors
        sources = self.provenance.source.copy()
        sources[ids[ids > 0]] = SOURCES.index(source)
        return replace(
            self,
            vectors=rows,
            scales=None,
            provenance=replace(self.provenance, source=sources),
            recipe={**self.recipe, "dtype": "float32"},
        )

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the table as a folder, whole or not at all.

        Raises `OutputError` when `path` exists (unless `force`) or cannot be written.
        """
        from wordgraft.table.io import save_table

        save_table(self, Path(path), force=force)

    @classmethod
    def load(cls, path: str | Path) -> EmbeddingTable:
        """Open a saved table, its vectors memory-mapped. Raises `TableError` when damaged."""
        from wordgraft.table.io import load_table

        return load_table(Path(path))
