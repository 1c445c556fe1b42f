"""`wordgraft cache`: show, prune or clear the cached vectors of frozen encoders."""

from __future__ import annotations

import re
import time
from typing import Annotated

import typer

from wordgraft.cli.shared import Quiet, choose, facts, grid, show

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def cache(
    action: Annotated[str, typer.Argument(metavar="ACTION", help="show, prune or clear.")] = "show",
    days: Annotated[
        float | None, typer.Option(min=0, help="prune: delete vectors unused for this many days.")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            help="prune: delete the least recently used down to this size, such as 2G or 500M."
        ),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Show, prune or clear the cached vectors of frozen encoders.

    They are stored in $WORDGRAFT_CACHE, or in the user's cache folder.

    Example: wordgraft cache prune --days 30 --size 2G
    """
    from wordgraft.features import cache_folder, clear, entries, prune

    choose("ACTION", action, ["show", "prune", "clear"])
    if (action == "prune") != (days is not None or size is not None):
        raise typer.BadParameter("prune needs --days or --size; show and clear take neither")
    folder = cache_folder()
    if action == "show":
        cached = entries(folder)
        size_on_disk = sum(entry.size for entry in cached)
        facts([("folder", str(folder)), ("size", _readable_size(size_on_disk))])
        table = grid("checkpoint", "layers", "pooling", "texts", "size", "last used")
        for entry in cached:
            day = time.strftime("%Y-%m-%d", time.localtime(entry.used))
            layers = ",".join(map(str, entry.layers))
            name = entry.checkpoint or f"(unreadable: {entry.folder.name})"
            entry_size = _readable_size(entry.size)
            table.add_row(name, layers, entry.pooling, f"{entry.texts:,}", entry_size, day)
        if cached:
            typer.echo()
            show(table)
        return
    deleted = clear(folder) if action == "clear" else prune(folder, days=days, size=_bytes(size))
    freed = _readable_size(sum(entry.size for entry in deleted))
    facts([("deleted", f"{len(deleted)} sets of vectors, {freed}")])


def _bytes(size: str | None) -> int | None:
    if size is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", size.strip().upper())
    if match is None:
        raise typer.BadParameter(f"{size!r} is not a size; write 2G or 500M", param_hint="'--size'")
    return int(float(match[1]) * _UNITS[match[2]])


def _readable_size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
