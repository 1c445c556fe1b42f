"""`wordgraft forgetting`: what an encoder lost and gained by fine-tuning."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wordgraft.cli.shared import (
    Force,
    LabelColumn,
    LabelSeparator,
    Quiet,
    TextColumn,
    facts,
    grid,
    show,
)

if TYPE_CHECKING:
    from wordgraft.estimators.forgetting_report import ForgettingReport

# How many texts are read from a file; the measures use fewer.
_MOST_TEXTS = 20_000


def forgetting(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="Folder of a model trained with --encoder.")
    ],
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA", help="Labelled texts of its task that it was not trained on."
        ),
    ],
    text: TextColumn = None,
    label: LabelColumn = None,
    label_separator: LabelSeparator = "|",
    general_text: Annotated[
        str | None, typer.Option(help="FILE or FILE:COLUMN of texts on any subject.")
    ] = None,
    pairs: Annotated[
        list[Path] | None,
        typer.Option(help="File of lines word1 TAB word2 TAB score; may be repeated."),
    ] = None,
    probe: Annotated[
        list[str] | None,
        typer.Option(help="FILE:TEXT:LABEL of another task, for a linear probe; may be repeated."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write forgetting.json and forgetting.html to this folder."),
    ] = None,
    at_most: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Save to --output the best mix of old and new weights that forgets at most this "
            "much, such as 0.02.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write the model of --at-most.")
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Compare a fine-tuned encoder with the pretrained one, and print what it forgot.

    Example: wordgraft forgetting my.model valid.csv --pairs simlex.tsv --general-text wiki.txt
    """
    if (at_most is None) != (output is None):
        raise typer.BadParameter("--at-most and --output need each other: give both or neither")
    from wordgraft.core.atomic_io import check_output
    from wordgraft.estimators import SequenceTagger, TextClassifier
    from wordgraft.estimators.forgetting_report import forgetting_report
    from wordgraft.estimators.interpolation import interpolate
    from wordgraft.estimators.saved import MARKER, task_in

    for folder in (report, output):
        if folder is not None:
            check_output(folder, force=force, marker=MARKER if folder == output else None)
    probes = _probes(probe or [])
    trained: Any = (SequenceTagger if task_in(model) == "tag" else TextClassifier).load(model)
    texts, labels = _task_data(trained, data, text, label, label_separator)
    measured = forgetting_report(
        trained, texts, labels, **_measured_on(general_text, pairs, probes)
    )
    _show(measured)
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
        measured.write(report)
    if at_most is not None and output is not None:
        weight = measured.best_weight(forget_at_most=at_most)
        interpolate(trained, weight).save(output, force=force)
        facts([("saved", f"{output}, with a weight of {weight:.1f} for the fine-tuned encoder")])


def _task_data(
    model: Any, data: str, text: str | None, label: str | None, separator: str
) -> tuple[list[Any], list[Any]]:
    if model.per_word:
        from wordgraft.data.conll import read_tagged

        tagged = read_tagged(data, token=text, tag=label)
        return list(tagged.sentences), list(tagged.tags)
    from wordgraft.data.rows import read_rows

    rows = islice(read_rows(data, [text or "text", label or "label"]), _MOST_TEXTS)
    texts, cells = zip(*rows, strict=True)
    # Labels in a file are strings; those of a model may be numbers.
    names = {str(name): name for name in model.classes_}
    if model.multilabel_:
        sets = [[part.strip() for part in cell.split(separator)] for cell in cells]
        return list(texts), [[names.get(part, part) for part in parts if part] for parts in sets]
    return list(texts), [names.get(cell, cell) for cell in cells]


def _probes(specs: list[str]) -> dict[str, tuple[Any, Any]]:
    from wordgraft.data.rows import read_rows

    probes = {}
    for spec in specs:
        path, *columns = spec.rsplit(":", 2)
        if len(columns) != 2:
            raise typer.BadParameter(f"{spec!r} is not FILE:TEXT:LABEL", param_hint="'--probe'")
        texts, labels = zip(*islice(read_rows(path, columns), _MOST_TEXTS), strict=True)
        probes[Path(path).name] = (texts, labels)
    return probes


def _measured_on(
    general_text: str | None, pairs: list[Path] | None, probes: dict[str, tuple[Any, Any]]
) -> dict[str, Any]:
    """Return the arguments of `forgetting_report` beside the task's own texts."""
    from wordgraft.data.rows import read_texts
    from wordgraft.data.text_files import split_column
    from wordgraft.table import read_pairs

    texts: list[str] = []
    if general_text is not None:
        texts = list(islice(read_texts(*split_column(general_text)), _MOST_TEXTS))
    return {
        "general_texts": texts,
        "pairs": {path.name: read_pairs(path) for path in pairs or ()},
        "probes": probes,
    }


def _show(report: ForgettingReport) -> None:
    """Print the abilities, the drift of each layer, the interpolated models and the verdict."""
    if report.abilities:
        abilities = grid("ability", "measure", "before", "after", "lost")
        for ability in report.abilities:
            figures = (f"{ability.before:.3f}", f"{ability.after:.3f}", f"{ability.lost:+.3f}")
            abilities.add_row(ability.name, ability.unit, *figures)
        show(abilities)
        typer.echo()
    kinds = list(dict.fromkeys(drift.texts for drift in report.drift))
    columns = (f"{kind} {measure}" for kind in kinds for measure in ("CKA", "cosine"))
    layers = grid("layer", *columns)
    for layer in sorted({drift.layer for drift in report.drift}):
        measured = [drift for drift in report.drift if drift.layer == layer]
        values = [value for drift in measured for value in (drift.cka, drift.cosine)]
        layers.add_row(str(layer), *(f"{value:.3f}" for value in values))
    curve = grid("weight of the fine-tuned encoder", report.score, "forgotten")
    for point in report.curve:
        curve.add_row(f"{point.weight:.1f}", f"{point.score:.3f}", f"{point.forgotten:.3f}")
    for table in (layers, curve):
        show(table)
        typer.echo()
    facts([("verdict", report.verdict)])
