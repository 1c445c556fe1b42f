"""`wordgraft cache`: the frozen encoder's vectors that are kept."""

from __future__ import annotations

import re
import time
from typing import Annotated

import typer

from wordgraft.cli.shared import Quiet, choose, facts, grid, show, start

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def cache(
    action: Annotated[str, typer.Argument(help="show, prune or clear.")] = "show",
    days: Annotated[
        float | None, typer.Option(min=0, help="prune: what was not used for so many days.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="prune: the longest unused, until so much is left: 2G, 500M.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Show, prune or clear the vectors of words that a frozen encoder has computed.

    They lie in $WORDGRAFT_CACHE, or in wordgraft's folder among the user's caches.

    Example: wordgraft cache prune --days 30 --size 2G
    """
    start(quiet=quiet)
    from wordgraft.features import cache_folder, clear, entries, prune

    choose("ACTION", action, ["show", "prune", "clear"])
    if (action == "prune") != (days is not None or size is not None):
        raise typer.BadParameter("prune needs --days or --size, and the other actions take neither")
    folder = cache_folder()
    if action == "show":
        kept = entries(folder)
        facts([("folder", str(folder)), ("size", _said(sum(entry.size for entry in kept)))])
        table = grid("checkpoint", "layers", "pooling", "texts", "size", "last used")
        for entry in kept:
            day = time.strftime("%Y-%m-%d", time.localtime(entry.used))
            layers = ",".join(map(str, entry.layers))
            name = entry.checkpoint or f"(unreadable: {entry.folder.name})"
            table.add_row(name, layers, entry.pooling, f"{entry.texts:,}", _said(entry.size), day)
        if kept:
            typer.echo()
            show(table)
        return
    deleted = clear(folder) if action == "clear" else prune(folder, days=days, size=_bytes(size))
    facts([("deleted", f"{len(deleted)} of vectors, {_said(sum(e.size for e in deleted))}")])


def _bytes(size: str | None) -> int | None:
    if size is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", size.strip().upper())
    if found is None:
        raise typer.BadParameter(f"{size!r} is no size such as 2G or 500M", param_hint="'--size'")
    return int(float(found[1]) * _UNITS[found[2]])


def _said(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
