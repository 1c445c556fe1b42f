"""The methods by name: fit one to a table, load the one that a table carries."""

from __future__ import annotations

import logging
from dataclasses import replace

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.errors import MissingExtraError, TableError
from wordgraft.oov.blend.method import Blend
from wordgraft.oov.constants import MeanRow, UnkRow, ZeroRow
from wordgraft.oov.encoder import EncoderOov, same_checkpoint
from wordgraft.oov.neighbours import Neighbours
from wordgraft.oov.pieces import Pieces
from wordgraft.oov.protocol import FittedOov, OovMethod
from wordgraft.table import EmbeddingTable, OovState

_LOG = logging.getLogger(__name__)
METHODS: dict[str, type[OovMethod]] = {
    kind.name: kind for kind in (UnkRow, ZeroRow, MeanRow, Pieces, Neighbours, EncoderOov, Blend)
}
# The same vector for every word.
BASELINES = (UnkRow.name, ZeroRow.name, MeanRow.name)


def oov_method(oov: OovMethod | str) -> OovMethod:
    """The method itself, or the one of that name with its defaults.

    Raises `TableError` for an unknown name.

    >>> oov_method("neighbours")
    Neighbours(k=10, power=4)
    """
    return oov if not isinstance(oov, str) else _kind(oov)()


def with_oov(
    table: EmbeddingTable,
    oov: OovMethod | str,
    checkpoint: Checkpoint | str | None = None,
    *,
    seed: int = 0,
    progress: bool = False,
) -> EmbeddingTable:
    """The table with an out-of-vocabulary method fitted to it; `save` saves both.

    Args:
        oov: `Blend()`, `Pieces()`, `Neighbours()`, `EncoderOov()`, `UnkRow()`, `ZeroRow()` or
            `MeanRow()` of `wordgraft.oov`, or a name: `blend`, `pieces`, `neighbours`, `encoder`,
            `unk`, `zero` or `mean`.
        checkpoint: whose pieces are used; by default the one that the table's recipe names. If it
            names none, `blend` does without pieces.
        seed: seed of everything random in the fit.

    Raises `TableError` for an unknown method, a table with nothing to learn from, and a checkpoint
    that the method needs and that is missing.

    >>> with_oov(table, "neighbours").recipe["oov"]
    'neighbours'
    """
    method = oov_method(oov)
    if isinstance(checkpoint, str):
        checkpoint = open_checkpoint(checkpoint)
    if checkpoint is None and method.reads_pieces and table.recipe.get("checkpoint"):
        why = f"oov {method.name} is fitted with the pieces' rows"
        checkpoint = same_checkpoint(table.recipe, why=why)
    state = method.fit(table, checkpoint, seed=seed, progress=progress)
    return replace(table, oov=state, recipe={**table.recipe, "oov": method.name})


def method_of(table: EmbeddingTable, oov: OovMethod | str | None = None) -> FittedOov:
    """The method that `table` carries, or another one that needs no fit.

    A table that carries none returns its unk row. Each call loads the method again: hold on to
    what it returns, or to a `TextReader`. Raises `TableError` when `oov` is a method that must be
    fitted and is not the one that the table carries.

    >>> method_of(table, "mean").vectors(["unheard"])
    array([[0.33333334, 0.33333334, 0.33333334, 1.        ]], dtype=float32)
    """
    return load_method(table, state_for(table, oov))


def state_for(table: EmbeddingTable, oov: OovMethod | str | None) -> OovState:
    """The state of `oov` on this table, without a fit; see `method_of`."""
    carried = table.oov or OovState(UnkRow.name)
    if oov is None or oov == carried.method:
        return carried
    method = oov_method(oov)
    if not method.learns:
        return method.fit(table, None)
    if method.name == carried.method:
        return carried
    no_fit = ", ".join(name for name, kind in METHODS.items() if not kind.learns)
    raise TableError(
        f"this table carries oov {carried.method!r}, not {method.name!r}, which must be fitted: "
        f"wordgraft.with_oov(table, {method.name!r}), or rebuild it with oov={method.name!r}; "
        f"{no_fit} need no fit"
    )


def load_method(table: EmbeddingTable, state: OovState) -> FittedOov:
    """The fitted method of a state."""
    return _kind(state.method).load(table, state)


def ensure_fitted(
    table: EmbeddingTable, oov: OovMethod | str | None, *, seed: int = 0, progress: bool = False
) -> EmbeddingTable:
    """The table ready for `method_of(table, oov)`: with `oov` fitted, if it must be and is not.

    A method given as a value, with settings of its own, replaces one of another name.
    """
    carried = table.oov.method if table.oov else UnkRow.name
    if oov is None or oov_method(oov).name == carried:
        return table
    if not oov_method(oov).learns:
        return table if isinstance(oov, str) else with_oov(table, oov)
    _LOG.info("fitting oov %s to the table, which carries %s", oov_method(oov).name, carried)
    return with_oov(table, oov, seed=seed, progress=progress)


def available_methods(table: EmbeddingTable) -> tuple[dict[str, FittedOov], list[str]]:
    """The methods that a table can use without a long fit, to compare, and the names of the rest.

    These are the method that the table carries, those that learn nothing, and `pieces` and
    `encoder` if the checkpoint is available. The baselines, one vector for all words, are left out.
    """
    available: dict[str, FittedOov] = {}
    others = []
    carried = table.oov.method if table.oov else UnkRow.name
    for name, kind in METHODS.items():
        if name in BASELINES:
            continue
        if name == carried or not kind.learns:
            available[name] = method_of(table, name)
        elif name in (Pieces.name, EncoderOov.name):
            try:
                available[name] = method_of(with_oov(table, name))
            except (TableError, MissingExtraError):
                others.append(name)
        else:
            others.append(name)
    return available, others


def _kind(name: str) -> type[OovMethod]:
    if name not in METHODS:
        raise TableError(f"unknown oov {name!r}; choose one of {', '.join(METHODS)}")
    return METHODS[name]
