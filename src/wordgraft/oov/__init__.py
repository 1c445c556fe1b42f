"""Vectors for words the table does not hold. To add a method: one file here, one entry below."""

from __future__ import annotations

from dataclasses import replace

from wordgraft.checkpoint import Checkpoint
from wordgraft.errors import TableError
from wordgraft.oov.constant import Unk, Zero
from wordgraft.oov.pieces import Pieces
from wordgraft.oov.protocol import OovMethod
from wordgraft.oov.reading import TextRows, read_rows_of
from wordgraft.table import EmbeddingTable

METHODS: dict[str, type[OovMethod]] = {method.name: method for method in (Unk, Zero, Pieces)}

__all__ = ["METHODS", "OovMethod", "TextRows", "method_of", "read_rows_of", "with_oov"]


def with_oov(table: EmbeddingTable, method: str, checkpoint: Checkpoint) -> EmbeddingTable:
    """The table with a method for unknown words fitted to it, saved along with it.

    Raises `TableError` for a method there is not.
    """
    return replace(
        table,
        unknown=_kind(method).fit(table, checkpoint),
        recipe={**table.recipe, "oov": method},
    )


def method_of(table: EmbeddingTable, name: str | None = None) -> OovMethod:
    """The method that `table` carries, or another by `name` that needs no fitting.

    A table that carries none answers with its unk row. Raises `TableError` when `name` is a
    method that must be fitted and is not the one the table was built with.
    """
    carried = table.unknown.method if table.unknown else Unk.name
    name = name or carried
    if name not in (carried, Unk.name, Zero.name):
        _kind(name)
        raise TableError(
            f"this table was built with oov {carried!r}, not {name!r}; rebuild it with "
            f"--oov {name}, or read with {carried}, unk or zero"
        )
    return _kind(name)(table)


def _kind(name: str) -> type[OovMethod]:
    if name not in METHODS:
        raise TableError(f"no method {name!r} for unknown words; there are {', '.join(METHODS)}")
    return METHODS[name]
