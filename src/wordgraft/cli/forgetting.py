"""What `wordgraft train --report-forgetting` reads and prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from wordgraft.cli.shared import facts, grid, show

if TYPE_CHECKING:
    from wordgraft.estimators.forgetting_report import ForgettingReport

# Texts that are read of a file; the measures use fewer.
_MOST = 20_000


def forgetting_inputs(general: str | None, pairs: list[Path], probes: list[str]) -> dict[str, Any]:
    """What `forgetting_report` measures on, read from files. Raises `DataError`."""
    from itertools import islice

    from wordgraft.data.rows import read_rows, read_texts
    from wordgraft.data.text_files import split_column
    from wordgraft.table import read_pairs

    labelled = {}
    for spec in probes:
        path, *columns = spec.rsplit(":", 2)
        if len(columns) != 2:
            raise typer.BadParameter(f"{spec!r} is not FILE:TEXT:LABEL", param_hint="'--probe'")
        rows, labels = zip(*islice(read_rows(path, columns), _MOST), strict=True)
        labelled[Path(path).name] = (rows, labels)
    texts = () if general is None else [*islice(read_texts(*split_column(general)), _MOST)]
    return {
        "general_texts": texts,
        "pairs": {path.name: read_pairs(path) for path in pairs},
        "probes": labelled,
    }


def show_forgetting(report: ForgettingReport) -> None:
    """Print the measures, the drift by layer, the curve, and the verdict in words."""
    if report.abilities:
        abilities = grid("ability", "measure", "before", "after", "lost")
        for each in report.abilities:
            figures = (f"{each.before:.3f}", f"{each.after:.3f}", f"{each.lost:+.3f}")
            abilities.add_row(each.name, each.unit, *figures)
        typer.echo()
        show(abilities)
    kinds = list(dict.fromkeys(each.texts for each in report.drift))
    moved = grid("layer", *(f"{kind} {what}" for kind in kinds for what in ("CKA", "cosine")))
    for layer in sorted({each.layer for each in report.drift}):
        own = [each for each in report.drift if each.layer == layer]
        moved.add_row(str(layer), *(f"{v:.3f}" for each in own for v in (each.cka, each.cosine)))
    curve = grid("weight", report.score, "forgotten")
    for point in report.curve:
        curve.add_row(f"{point.weight:.1f}", f"{point.score:.3f}", f"{point.forgotten:.3f}")
    for table in (moved, curve):
        typer.echo()
        show(table)
    typer.echo()
    facts([("verdict", report.verdict)])
