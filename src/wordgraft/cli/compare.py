"""`wordgraft compare`: which way is worth it, for these texts, these labels and this machine."""

from __future__ import annotations

import logging
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wordgraft.cli.shared import Quiet, choose, grid, show, start

if TYPE_CHECKING:
    from wordgraft.comparison import Comparison, Data

# Tuned for sentences, small, and the one that the figures of the documentation were taken with.
CHECKPOINT = "sentence-transformers/all-MiniLM-L6-v2"
# Of the time to spend, what statistics and page get: so many seconds, or this share if it is less.
_FOR_THE_PAGE, _MOST_FOR_THE_PAGE = 15.0, 0.1
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def compare(
    data: Annotated[
        str | None,
        typer.Argument(
            help="Labelled texts: CSV, TSV, JSONL or Parquet; for --task tag, a word and its tag a "
            "line, a blank line between sentences.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of the records and the page.")
    ] = None,
    text: Annotated[str, typer.Option(help="Column of the texts.")] = "text",
    label: Annotated[str, typer.Option(help="Column of the labels.")] = "label",
    test: Annotated[
        str | None,
        typer.Option(help="Labelled texts that judge.  [default: a fifth of the data]"),
    ] = None,
    task: Annotated[str, typer.Option(help="classify or tag.")] = "classify",
    checkpoint: Annotated[
        str | None,
        typer.Option(help=f"The encoder, as for wordgraft table.  [default: {CHECKPOINT}]"),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(help="Network above the rows.  [default: bag; bilstm for --task tag]"),
    ] = None,
    arms: Annotated[
        str | None,
        typer.Option(
            help="Ways to compare, with commas: tfidf, random, lookup, composed, isolated, "
            "contextual, features, vectors, lp-ft, full.  [default: all that can run but lookup]"
        ),
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(
            help="Numbers of labelled texts to train on, with commas; 'all' is one.  [default: "
            "four, each four times the one before, up to all]"
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Runs of each way and size.")] = 5,
    trials: Annotated[
        int, typer.Option(min=1, help="Settings that each way may try in each run.")
    ] = 1,
    budget: Annotated[
        str | None,
        typer.Option(help="Time to spend: 90s, 10m, 2h. The most instructive runs go first."),
    ] = None,
    corpus: Annotated[
        list[str] | None,
        typer.Option(help="More running text for contextual vectors; give it once a place."),
    ] = None,
    vectors: Annotated[
        Path | None, typer.Option(help="Vectors of another tool as a way: GloVe, fastText, ...")
    ] = None,
    pairs: Annotated[
        list[Path] | None,
        typer.Option(
            help="Lines of word1 TAB word2 TAB score: what fine-tuned encoders forget of them is "
            "measured; give it once a file."
        ),
    ] = None,
    labels: Annotated[
        int | None,
        typer.Option(min=1, help="Recommend for so many labels.  [default: all there are]"),
    ] = None,
    max_latency: Annotated[
        float | None, typer.Option(help="Recommend what answers a text within so many ms.")
    ] = None,
    max_memory: Annotated[
        float | None, typer.Option(help="... whose training takes at most so many MB of memory.")
    ] = None,
    max_minutes: Annotated[
        float | None, typer.Option(help="... that trains within so many minutes.")
    ] = None,
    max_size: Annotated[
        float | None, typer.Option(help="... that is at most so many MB on disk.")
    ] = None,
    drop_duplicates: Annotated[
        bool,
        typer.Option(
            "--drop-duplicates",
            help="Leave out training texts that the test part holds too, or that repeat.",
        ),
    ] = False,
    engine: Annotated[
        str, typer.Option(help="Where runs are made: local, or ray, on many machines.")
    ] = "local",
    address: Annotated[
        str | None, typer.Option(help="Of the Ray cluster, as for wordgraft table.")
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, help="Runs side by side on this machine.  [default: one a CPU; 1 on a GPU]"
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(help="Go on with the comparison in this folder; no finished run is repeated."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Start over a comparison that exists already.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Measure which way to a model is worth it on your data, and show it on a page.

    Example: wordgraft compare tweets.csv --test valid.csv --budget 10m -o report
    """
    start(quiet=quiet)
    for each in ("features", "tasks", "oov"):  # what they say of one run is too much of hundreds
        logging.getLogger(f"wordgraft.{each}").setLevel(logging.WARNING)
    from wordgraft.comparison import Limits, Materials, fitting_jobs
    from wordgraft.comparison import compare as run_comparison
    from wordgraft.comparison.records import PAGE
    from wordgraft.comparison.runners.engine import ENGINES
    from wordgraft.comparison.scoring import JUDGES
    from wordgraft.core.optional import require

    choose("--task", task, JUDGES)
    choose("--engine", engine, ENGINES)
    seconds, chosen_sizes = _seconds(budget), _sizes(sizes)
    settings: dict[str, Any] = {
        "data": data and _absolute(data),
        "text": text,
        "label": label,
        "test": test and _absolute(test),
        "task": task,
        "checkpoint": checkpoint and _absolute(checkpoint),
        "network": network or {"classify": "bag", "tag": "bilstm"}[task],
        "arms": arms,
        "sizes": sizes,
        "seeds": seeds,
        "trials": trials,
        "corpus": [_absolute(place) for place in corpus or ()],
        "vectors": vectors and str(vectors.resolve()),
        "pairs": [str(path.resolve()) for path in pairs or ()],
        "drop_duplicates": drop_duplicates,
    }
    command = shlex.join(["wordgraft", *sys.argv[1:]])
    if resume is not None:
        if data is not None or output is not None:
            raise typer.BadParameter(
                "--resume takes data and options from its folder; give neither"
            )
        settings, command = _kept(resume)
        output = resume
    if settings["data"] is None or output is None:
        raise typer.BadParameter("give DATA and --output, or --resume FOLDER")
    for library in ("sklearn", "altair", "vl_convert", "jinja2"):  # not after hours of runs
        require(library, purpose="wordgraft compare")
    limits = Limits(max_latency, max_memory, max_minutes, max_size)
    named = settings["arms"].split(",") if settings["arms"] else None
    read = _read(settings)
    materials = Materials(
        read.texts,
        checkpoint=_checkpoint(settings["checkpoint"], named),
        corpus=settings["corpus"],
        vectors=settings["vectors"] and Path(settings["vectors"]),
        pairs=[Path(path) for path in settings["pairs"]],
        task=settings["task"],
        network=settings["network"],
        progress=not quiet,
    )
    for note in read.notes:
        typer.echo(f"note: {note}", err=True)
    found = run_comparison(
        read,
        materials,
        output,
        arms=named,
        sizes=chosen_sizes if resume is None else _sizes(settings["sizes"]),
        seeds=settings["seeds"],
        trials=settings["trials"],
        budget=seconds and seconds - min(_FOR_THE_PAGE, _MOST_FOR_THE_PAGE * seconds),
        resume=resume is not None,
        force=force,
        engine=engine,
        address=address,
        jobs=jobs or (fitting_jobs() if engine == "local" else 1),
        described={"settings": settings, "command": command},
        progress=not quiet,
    )
    for note in found.notes[len(read.notes) :]:
        typer.echo(f"note: {note}", err=True)
    _report(found, output, labels, limits)
    typer.echo(f"\n{output / PAGE}")
    if found.interrupted:
        raise typer.Exit(1)


def _report(found: Comparison, folder: Path, labels: int | None, limits: Any) -> None:
    from wordgraft.comparison.recommendation import costs
    from wordgraft.comparison.statistics import Statistics
    from wordgraft.reports import write_comparison

    test, choice = Statistics(found, "test"), Statistics(found, "choice")
    recommendation = write_comparison(
        found, folder, labels=labels, limits=limits, choice=choice, test=test
    )
    size = recommendation.size
    rows = grid(f"{size:,} labels", "held out", "test", "seconds", "ms a text", "MB")
    for arm in sorted(test.arms(size), key=lambda arm: -choice.mean(arm, size).value):
        spent = costs(test, arm, size)
        rows.add_row(
            arm,
            str(choice.mean(arm, size)),
            str(test.mean(arm, size)),
            f"{spent.minutes * 60:.1f}",
            f"{spent.latency_ms:.2f}",
            f"{spent.size_mb:,.1f}",
        )
    show(rows)
    typer.echo(f"\n{recommendation}")


def _kept(folder: Path) -> tuple[dict[str, Any], str]:
    """The settings and the command that the comparison in a folder was begun with."""
    from wordgraft.comparison.records import ReportFolder
    from wordgraft.errors import ProgressError

    description = ReportFolder(folder).description()
    if "settings" not in description:
        raise ProgressError(
            f"{folder} was not made by 'wordgraft compare', so it cannot say which files it "
            "compares; go on in Python: wordgraft.comparison.compare(..., resume=True)"
        )
    return description["settings"], description["command"]


def _read(settings: Mapping[str, Any]) -> Data:
    from wordgraft.comparison import Data
    from wordgraft.data.labelled_texts import labelled

    columns = (settings["task"], settings["text"], settings["label"])
    train = labelled(settings["data"], *columns)
    test = settings["test"] and labelled(settings["test"], *columns)
    return Data.of(
        *train,
        test or None,
        task=settings["task"],
        drop_duplicates=settings["drop_duplicates"],
    )


def _checkpoint(given: str | None, arms: list[str] | None) -> str | None:
    """The encoder, unless none was named and no arm that was named needs one."""
    from wordgraft.comparison import ARMS

    needed = arms is None or any("checkpoint" in ARMS[a].needs for a in arms if a in ARMS)
    # A random start takes its words and width from vectors, too, if there are any.
    needed = needed or (arms is not None and "random" in arms and "vectors" not in arms)
    return given or (CHECKPOINT if needed else None)


def _sizes(given: str | None) -> Any:
    from wordgraft.comparison.compare import SIZES

    if given is None:
        return SIZES
    sizes = [part.strip() for part in given.split(",")]
    if wrong := [each for each in sizes if each != "all" and not each.isdigit()]:
        raise typer.BadParameter(f"{wrong[0]!r} is no number of texts, nor 'all'")
    return sizes


def _seconds(given: str | None) -> float | None:
    if given is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", given.strip())
    if found is None or not float(found[1]):
        raise typer.BadParameter(f"{given!r} is no time to spend; give 90s, 10m or 2h")
    return float(found[1]) * _SECONDS[found[2]]


def _absolute(path: str) -> str:
    """A comparison is resumed from anywhere; a glob or a data set's name stays as it is."""
    return str(Path(path).resolve()) if Path(path).exists() else path
