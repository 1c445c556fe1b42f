"""`wordgraft compare`: find the method that suits these texts, labels and this machine."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wordgraft.cli.command import INTERRUPTED
from wordgraft.cli.compare_options import (
    CHECKPOINT,
    absolute,
    checkpoint_of,
    runner_of,
    seconds_of,
    sizes_of,
)
from wordgraft.cli.option_names import OptionNames
from wordgraft.cli.shared import Quiet, choose, grid, show

if TYPE_CHECKING:
    from wordgraft.comparison import Comparison, Data, Limits

_LOG = logging.getLogger(__name__)
# Part of the budget reserved for the page: these seconds, or this share if that is less.
_PAGE_SECONDS, _PAGE_SHARE = 15.0, 0.1
# Settings that `MethodSettings` takes under their own names.
_OF_METHODS = ("network", "trials", "corpus", "vectors", "pairs")


def compare(
    ctx: typer.Context,
    data: Annotated[
        str | None,
        typer.Argument(
            help="Labelled texts: CSV, TSV, JSONL or Parquet; for --task tag, one word and its tag "
            "per line, with an empty line between sentences. Required without --resume.",
            metavar="DATA",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Folder for the records and the page; required without --resume."
        ),
    ] = None,
    text: Annotated[str, typer.Option(help="Column of the texts.")] = "text",
    label: Annotated[str, typer.Option(help="Column of the labels.")] = "label",
    test: Annotated[
        str | None,
        typer.Option(help="Labelled texts to test on.  [default: a fifth of the data]"),
    ] = None,
    task: Annotated[str, typer.Option(help="classify or tag.")] = "classify",
    checkpoint: Annotated[
        str | None,
        typer.Option(help=f"The encoder, as in wordgraft table.  [default: {CHECKPOINT}]"),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            help="Network on top of the rows, as in wordgraft train.  [default: bag; bilstm for "
            "--task tag]"
        ),
    ] = None,
    methods: Annotated[
        str | None,
        typer.Option(
            help="Methods, separated by commas: tfidf (TF-IDF with logistic regression), random "
            "(random rows), lookup, composed, isolated, contextual (rows of these sources), "
            "vectors (rows of --vectors), features (frozen encoder), lp-ft, full (fine-tuned "
            "encoder).  [default: all that can run, except lookup]"
        ),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(
            help="Training sizes, separated by commas; 'all' is allowed.  [default: four sizes, "
            "each four times the previous one, up to all]"
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each method at each size.")] = 5,
    trials: Annotated[
        int, typer.Option(min=1, help="Settings that each method tries in each run.")
    ] = 1,
    budget: Annotated[
        str | None,
        typer.Option(
            help="Time limit, such as 90s, 10m or 2h; the most informative runs go first."
        ),
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(help="Additional running text for contextual vectors; may be repeated."),
    ] = None,
    vectors: Annotated[
        Path | None,
        typer.Option(help="File of vectors to compare as a method: GloVe, fastText, ..."),
    ] = None,
    pairs: Annotated[
        list[Path] | None,
        typer.Option(
            help="File of lines word1 TAB word2 TAB score, to measure what fine-tuned encoders "
            "forget; may be repeated."
        ),
    ] = None,
    for_labels: Annotated[
        int | None,
        typer.Option(min=1, help="Recommend for this many labels.  [default: all]"),
    ] = None,
    max_latency: Annotated[
        float | None,
        typer.Option(help="Recommend a method that predicts a text within this many ms."),
    ] = None,
    max_memory: Annotated[
        float | None,
        typer.Option(help="Recommend a method that trains in at most this many MB of memory."),
    ] = None,
    max_minutes: Annotated[
        float | None, typer.Option(help="Recommend a method that trains within this many minutes.")
    ] = None,
    max_size: Annotated[
        float | None,
        typer.Option(help="Recommend a method that takes at most this many MB on disk."),
    ] = None,
    drop_duplicates: Annotated[
        bool,
        typer.Option(
            "--drop-duplicates",
            help="Drop training texts that are repeated or also in the test part.",
        ),
    ] = False,
    engine: Annotated[str, typer.Option(help="Where to run: local, or ray (a cluster).")] = "local",
    address: Annotated[
        str | None, typer.Option(help="Address of the Ray cluster, as in wordgraft table.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, help="Parallel runs on this machine.  [default: one per CPU; 1 on a GPU]"
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Continue the comparison in this folder; finished runs are not repeated.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing comparison.")] = False,
    quiet: Quiet = False,
) -> None:
    """Compare methods on your data, recommend one, and write a page about it.

    Example: wordgraft compare tweets.csv --test valid.csv --budget 10m -o report
    """
    # Too many messages for hundreds of runs.
    for folder in ("features", "estimators", "training", "oov"):
        logging.getLogger(f"wordgraft.{folder}").setLevel(logging.WARNING)
    from wordgraft.comparison import Limits
    from wordgraft.comparison.scoring import SCORERS
    from wordgraft.core.optional import require

    choose("--task", task, SCORERS)
    runner = runner_of(engine, address, jobs)
    seconds, chosen_sizes = seconds_of(budget), sizes_of(sizes)
    settings: dict[str, Any] = {
        "data": data and absolute(data),
        "text": text,
        "label": label,
        "test": test and absolute(test),
        "task": task,
        "checkpoint": checkpoint and absolute(checkpoint),
        "network": network,
        "methods": methods,
        "sizes": sizes,
        "seeds": seeds,
        "trials": trials,
        "corpus": [absolute(place) for place in corpus or ()],
        "vectors": vectors and str(vectors.resolve()),
        "pairs": [str(path.resolve()) for path in pairs or ()],
        "drop_duplicates": drop_duplicates,
    }
    command = shlex.join(["wordgraft", *sys.argv[1:]])
    if resume is not None:
        if data is not None or output is not None:
            raise typer.BadParameter(
                "--resume takes the data and the options from its folder; give neither"
            )
        settings, command = _saved(resume)
        output, chosen_sizes = resume, sizes_of(settings["sizes"])
    if settings["data"] is None or output is None:
        raise typer.BadParameter("give DATA and --output, or --resume FOLDER")
    for library in ("sklearn", "altair", "vl_convert", "jinja2"):  # not after hours of runs
        require(library, purpose="wordgraft compare")
    comparison = _compared(
        settings,
        command,
        output,
        OptionNames.of(ctx.command.params),
        sizes=chosen_sizes,
        budget=seconds and seconds - min(_PAGE_SECONDS, _PAGE_SHARE * seconds),
        engine=runner,
        resume=resume is not None,
        force=force,
        progress=not quiet,
    )
    limits = Limits(max_latency, max_memory, max_minutes, max_size)
    _report(comparison, output, for_labels, limits)
    if comparison.interrupted:
        raise typer.Exit(INTERRUPTED)


def _compared(
    settings: Mapping[str, Any],
    command: str,
    output: Path,
    in_options: OptionNames,
    **options: Any,
) -> Comparison:
    """Read the data and run the comparison; notes go to standard error as soon as possible."""
    from wordgraft.comparison import MethodSettings
    from wordgraft.comparison import compare as run_comparison
    from wordgraft.comparison.record_folder import RecordFolder

    read = _read(settings)
    for note in read.notes:
        _LOG.info("note: %s", note)
    names = settings["methods"].split(",") if settings["methods"] else None
    comparison = run_comparison(
        read,
        output=RecordFolder(output, {"settings": settings, "command": command}),
        checkpoint=checkpoint_of(settings["checkpoint"], names),
        methods=MethodSettings(names=names, **{name: settings[name] for name in _OF_METHODS}),
        seeds=settings["seeds"],
        **options,
    )
    notes = [note.replace("resume=True", f"--resume {output}") for note in comparison.notes]
    for note in notes[len(read.notes) :]:
        _LOG.info("note: %s", note)
    return replace(comparison, notes=tuple(map(in_options.translate, notes)))


def _report(comparison: Comparison, folder: Path, labels: int | None, limits: Limits) -> None:
    """Write the page, and show the methods and the recommendation on the terminal."""
    from wordgraft.comparison import Statistics, costs_of
    from wordgraft.comparison.record_folder import PAGE
    from wordgraft.reports import write_comparison

    test, validation = Statistics(comparison, "test"), Statistics(comparison, "validation")
    recommendation = write_comparison(
        comparison, folder, labels=labels, limits=limits, validation=validation, test=test
    )
    size = recommendation.size
    rows = grid(f"{size:,} labels", "validation", "test", "seconds", "ms per text", "MB")
    for method in sorted(test.methods(size), key=lambda name: -validation.mean(name, size).value):
        spent = costs_of(test, method, size)
        rows.add_row(
            method,
            str(validation.mean(method, size)),
            str(test.mean(method, size)),
            f"{spent.minutes * 60:.1f}",
            f"{spent.latency_ms:.2f}",
            f"{spent.size_mb:,.1f}",
        )
    show(rows)
    typer.echo(f"\n{recommendation}")
    typer.echo(f"\n{folder / PAGE}")


def _saved(folder: Path) -> tuple[dict[str, Any], str]:
    """The settings and the command that the comparison in a folder was started with."""
    from wordgraft.comparison.record_folder import RecordFolder
    from wordgraft.errors import ProgressError

    description = RecordFolder(folder).description()
    if "settings" not in description:
        raise ProgressError(
            f"{folder} was not made by 'wordgraft compare', so it does not say which files it "
            "compares; continue in Python with wordgraft.compare(..., resume=True)"
        )
    return description["settings"], description["command"]


def _read(settings: Mapping[str, Any]) -> Data:
    from wordgraft.comparison import Data
    from wordgraft.data.labelled_texts import read_labelled

    columns = (settings["task"], settings["text"], settings["label"])
    train = read_labelled(settings["data"], *columns)
    test = settings["test"] and read_labelled(settings["test"], *columns)
    return Data.of(
        *train,
        test or None,
        task=settings["task"],
        drop_duplicates=settings["drop_duplicates"],
    )
