"""A table as a page: search, neighbours, provenance, a map, and two tables side by side."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.linear_algebra import principal_directions
from wordgraft.core.optional import require
from wordgraft.errors import TableError
from wordgraft.reports.page import write_page
from wordgraft.table import EmbeddingTable
from wordgraft.table.provenance import ROW_ORIGINS

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray

WORDS, NEIGHBOURS = 20_000, 10
# The page stores the place of a word in two bytes.
_MOST_WORDS = 65_535
# Rows whose cosines with all others are in memory at once.
_BLOCK = 512
# umap-learn's own default.
_UMAP_NEIGHBOURS = 15
_RECIPE = ("checkpoint", "source", "layer", "layers", "template", "oov", "dtype", "format", "file")


@dataclass(frozen=True)
class Explored:
    """The content of a page.

    Attributes:
        words: number of words on the page.
        left_out: number of words of the table that are not on it.
        overlap: mean share of neighbours that two tables have in common; None with one table.
    """

    words: int
    left_out: int
    overlap: float | None


def write_explorer(
    table: EmbeddingTable,
    path: Path,
    *,
    other: EmbeddingTable | None = None,
    names: Sequence[str] = ("table", "other"),
    most: int = WORDS,
    umap: bool = False,
    seed: int = 0,
    force: bool = False,
) -> Explored:
    """Write a page of the `most` frequent words of a table.

    Args:
        other: a second table; the page then shows the words of both, side by side.
        names: the names of the tables on the page.
        most: words on the page; the first ones if the table has no counts.
        umap: add a UMAP map (McInnes et al. 2018) to the PCA map; takes minutes.
        seed: of UMAP.

    Raises `TableError` if there is no word to show, `MissingExtraError` without the extras `report`
    and (with `umap`) `umap`, and `OutputError`.
    """
    if not 1 <= most <= _MOST_WORDS:
        raise TableError(f"the page cannot hold {most:,} words; expected 1 to {_MOST_WORDS:,}")
    library = require("umap", purpose="a map by UMAP") if umap else None
    rows = _chosen(table, other, most)
    words = [table.vocabulary.words[row] for row in rows]
    pages = [_ShownRows.of(table, rows)]
    if other is not None:
        places = [other.vocabulary.row(word) for word in words]
        pages.append(_ShownRows.of(other, np.array(places, np.int64)))
    overlap = _overlap(pages[0].neighbours, pages[1].neighbours) if other is not None else None
    content = {
        "words": words,
        "sources": list(ROW_ORIGINS),
        "near": pages[0].neighbours.shape[1],
        "tables": [
            {"name": name, **page.packed(library, seed)}
            for name, page in zip(names, pages, strict=False)
        ],
        "overlap": None if overlap is None else _base64((overlap * 255).round().astype(np.uint8)),
    }
    left_out = len(table.word_rows) - len(words)
    write_page(
        path,
        "explorer.html.j2",
        force=force,
        content=content,
        count=len(words),
        left_out=left_out,
        umap=umap,
        counted=bool(table.vocabulary.counts.any()),
        tables=[
            {"name": name, "facts": _facts(shown)}
            for name, shown in zip(names, (table, other), strict=False)
            if shown is not None
        ],
        overlap=None if overlap is None else float(overlap.mean()),
    )
    return Explored(len(words), left_out, None if overlap is None else float(overlap.mean()))


@dataclass(frozen=True, eq=False)
class _ShownRows:
    """Some rows of a table, with the nearest of these rows to each."""

    table: EmbeddingTable
    rows: Int64[ndarray, " words"]
    neighbours: Int64[ndarray, "words near"]
    cosines: Float32[ndarray, "words near"]

    @classmethod
    def of(cls, table: EmbeddingTable, rows: Int64[ndarray, " words"]) -> _ShownRows:
        vectors = table.rows(rows)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        neighbours, cosines = _nearest(vectors / np.maximum(lengths, np.finfo(np.float32).tiny))
        return cls(table, rows, neighbours, cosines)

    def packed(self, umap: Any, seed: int) -> dict[str, Any]:
        """Arrays for the script of the page, little-endian."""
        vectors, provenance = self.table.rows(self.rows), self.table.provenance
        maps = {"PCA": _principal_plane(vectors)}
        if umap is not None:
            around = min(_UMAP_NEIGHBOURS, len(vectors) - 1)
            reducer = umap.UMAP(n_neighbors=around, metric="cosine", random_state=seed, n_jobs=1)
            maps["UMAP"] = reducer.fit_transform(vectors)
        return {
            "maps": {name: _base64(_quantized(plane)) for name, plane in maps.items()},
            "neighbours": _base64(self.neighbours.astype("<u2")),
            "cosines": _base64((self.cosines * 32_767).round().astype("<i2")),
            "source": _base64(provenance.source[self.rows].astype(np.uint8)),
            "pieces": _base64(np.minimum(provenance.pieces[self.rows], 255).astype(np.uint8)),
            "counts": _base64(
                np.minimum(self.table.vocabulary.counts[self.rows], 2**32 - 1).astype("<u4")
            ),
            "contexts": _base64(provenance.contexts[self.rows].astype("<u4")),
            "spread": _base64(provenance.spread[self.rows].astype("<f4")),
            "shrinkage": _base64(provenance.shrinkage[self.rows].astype("<f4")),
            "norms": _base64(np.linalg.norm(vectors, axis=1).astype("<f4")),
        }


def _chosen(
    table: EmbeddingTable, other: EmbeddingTable | None, most: int
) -> Int64[ndarray, " words"]:
    rows = table.word_rows
    if other is not None:
        held = set(other.word_rows.tolist())
        words = table.vocabulary.words
        rows = np.array([row for row in rows if other.vocabulary.row(words[row]) in held], np.int64)
    if not len(rows):
        raise TableError("there is no word to show" + (" that is in both tables" if other else ""))
    counts = table.vocabulary.counts[rows]
    return rows[np.argsort(-counts, kind="stable")[:most]]


def _nearest(
    unit: Float32[ndarray, "words dims"],
) -> tuple[Int64[ndarray, "words near"], Float32[ndarray, "words near"]]:
    """For each row the other rows with the largest cosines, the nearest first."""
    near = min(NEIGHBOURS, len(unit) - 1)
    places = np.zeros((len(unit), near), np.int64)
    nearest_cosines = np.zeros((len(unit), near), np.float32)
    for start in range(0, len(unit) if near else 0, _BLOCK):
        cosines = unit[start : start + _BLOCK] @ unit.T
        block = np.arange(len(cosines))
        cosines[block, start + block] = -2  # not itself
        some = np.argpartition(-cosines, near - 1, axis=1)[:, :near]
        values = np.take_along_axis(cosines, some, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        places[start : start + _BLOCK] = np.take_along_axis(some, order, axis=1)
        nearest_cosines[start : start + _BLOCK] = np.take_along_axis(values, order, axis=1)
    return places, np.clip(nearest_cosines, -1, 1)


def _principal_plane(vectors: Float32[ndarray, "words dims"]) -> Float32[ndarray, "words 2"]:
    """The vectors on their first two principal components."""
    principal = principal_directions(vectors, 2)
    plane = (vectors - principal.mean) @ principal.directions
    return np.pad(plane, ((0, 0), (0, 2 - plane.shape[1])))


def _quantized(plane: Float32[ndarray, "words 2"]) -> ndarray:
    """Coordinates in two bytes each, both on one scale."""
    low = plane.min(axis=0)
    extent = max(float((plane.max(axis=0) - low).max()), np.finfo(np.float32).tiny)
    places: ndarray = ((plane - low) / extent * 65_535).round().astype("<u2")
    return places


def _overlap(
    one: Int64[ndarray, "words near"], other: Int64[ndarray, "words near"]
) -> Float32[ndarray, " words"]:
    """The share of each word's neighbours that is the same in both tables."""
    common = (one[:, :, None] == other[:, None, :]).any(axis=2)
    shares: Float32[ndarray, " words"] = common.mean(axis=1, dtype=np.float32)
    return shares


def _base64(array: ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def _facts(table: EmbeddingTable) -> Mapping[str, str]:
    recipe = {key: str(table.recipe[key]) for key in _RECIPE if table.recipe.get(key) is not None}
    sources = ", ".join(f"{n:,} {name}" for name, n in table.provenance.counts().items())
    refinements = [str(step["name"]) for step in table.recipe.get("refinements", ())]
    return {
        "rows": f"{len(table):,} with {table.dims} dimensions",
        **recipe,
        "refinements": ", ".join(refinements) or "none",
        "rows by source": sources,
    }
