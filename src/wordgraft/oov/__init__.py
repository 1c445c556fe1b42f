"""Vectors for words the table does not hold. To add a method: one file here, one entry below."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.errors import MissingExtraError, TableError
from wordgraft.oov.blend import Blend, characters_in
from wordgraft.oov.characters import Characters
from wordgraft.oov.constant import Mean, Unk, Zero
from wordgraft.oov.encoder import EncoderOov, same_checkpoint
from wordgraft.oov.neighbours import Neighbours
from wordgraft.oov.ngrams import Ngrams
from wordgraft.oov.pieces import Pieces
from wordgraft.oov.protocol import OovMethod
from wordgraft.oov.text_rows import (
    Answers,
    TextRows,
    answers,
    read_rows_of,
    read_words_of,
    vectors_of,
)
from wordgraft.table import EmbeddingTable, UnknownWords

_LOG = logging.getLogger(__name__)
METHODS: dict[str, type[OovMethod]] = {
    method.name: method
    for method in (*(Unk, Zero, Mean, Pieces, Neighbours, Ngrams, Characters, EncoderOov, Blend),)
}

__all__ = [
    "METHODS",
    "Answers",
    "OovMethod",
    "TextRows",
    "answers",
    "at_hand",
    "carrying",
    "method_of",
    "read_rows_of",
    "read_words_of",
    "vectors_of",
    "with_oov",
]


def with_oov(
    table: EmbeddingTable,
    method: str,
    checkpoint: Checkpoint | str | None = None,
    *,
    seed: int = 0,
    progress: bool = False,
    **options: Any,
) -> EmbeddingTable:
    """The table with a method for unknown words fitted to it, saved along with it.

    Args:
        method: a name of `METHODS`.
        checkpoint: whose pieces are used; by default, the one the table's recipe names. A table
            that names none has none, and `characters` and `blend` then do without pieces.
        seed: of everything random in the fit.
        options: the method's own, such as `buckets` of `ngrams`.

    Raises `TableError` for a method there is not, a table nothing can be learnt from, and a
    checkpoint that the method needs and that is not at hand.
    """
    kind = _kind(method)
    if isinstance(checkpoint, str):
        checkpoint = open_checkpoint(checkpoint)
    if checkpoint is None and kind.reads_pieces and options.get("pieces", True):
        checkpoint = _own_checkpoint(table, method)
    state = kind.fit(table, checkpoint, seed=seed, progress=progress, **options)
    return replace(table, unknown=state, recipe={**table.recipe, "oov": method})


def method_of(table: EmbeddingTable, name: str | None = None) -> OovMethod:
    """The method that `table` carries, or another by `name` that learns nothing.

    A table that carries none answers with its unk row. Raises `TableError` when `name` is a
    method that must be fitted and is not the one that the table carries.
    """
    state = table.unknown or UnknownWords(Unk.name)
    name = name or state.method
    if name != state.method:
        if _kind(name).learns:
            free = ", ".join(other for other, kind in METHODS.items() if not kind.learns)
            raise TableError(
                f"this table carries oov {state.method!r}, not {name!r}, which must be fitted: "
                f"table.with_oov({name!r}), or rebuild it with --oov {name}; {free} need no fit"
            )
        state = UnknownWords(name)
    made = table.kept.setdefault("methods", {})
    if name not in made:
        made[name] = _kind(name)(table, state)
    method: OovMethod = made[name]
    return method


def carrying(
    table: EmbeddingTable, name: str | None, *, seed: int = 0, progress: bool = False
) -> EmbeddingTable:
    """The table ready for `method_of(table, name)`: fitted, if `name` learns and is another."""
    carried = table.unknown.method if table.unknown else Unk.name
    if name is None or name == carried or not _kind(name).learns:
        return table
    _LOG.info("fitting oov %s to the table, which carries %s", name, carried)
    return with_oov(table, name, seed=seed, progress=progress)


def at_hand(table: EmbeddingTable) -> tuple[dict[str, OovMethod], list[str]]:
    """The methods a table can be asked by without a long fit, to compare, and the names of others.

    Those it carries or that learn nothing, and pieces and encoder where the checkpoint is at
    hand. The floors, the same for every word, are left out.
    """
    found: dict[str, OovMethod] = {}
    others = []
    floors = (Unk.name, Zero.name, Mean.name)
    state = table.unknown or UnknownWords(Unk.name)
    for name, kind in METHODS.items():
        if name in floors:
            continue
        if name == state.method or not kind.learns:
            found[name] = method_of(table, name)
        elif name == Characters.name and state.method == Blend.name:
            found[name] = Characters(table, characters_in(state))
        elif name in (Pieces.name, EncoderOov.name):
            try:
                found[name] = method_of(with_oov(table, name))
            except (TableError, MissingExtraError):
                others.append(name)
        else:
            others.append(name)
    return found, others


def _own_checkpoint(table: EmbeddingTable, method: str) -> Checkpoint | None:
    if not table.recipe.get("checkpoint"):
        return None
    return same_checkpoint(table.recipe, why=f"oov {method} is fitted with the pieces' rows")


def _kind(name: str) -> type[OovMethod]:
    if name not in METHODS:
        raise TableError(f"no method {name!r} for unknown words; there are {', '.join(METHODS)}")
    return METHODS[name]
