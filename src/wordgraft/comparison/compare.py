"""`compare`: methods x sizes x seeds, as many as the budget allows, into a folder of records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wordgraft.comparison.data import Data
from wordgraft.comparison.loop import Clock, ComparisonLoop
from wordgraft.comparison.method_settings import MethodSettings
from wordgraft.comparison.methods import MadeMethods, MethodSpec, chosen_methods, refuse_unused
from wordgraft.comparison.planner import cells_of
from wordgraft.comparison.record_folder import TABLES, RecordFolder
from wordgraft.comparison.result import Comparison
from wordgraft.comparison.runners import Runner, runner_of
from wordgraft.comparison.splits import checked_sizes, largest_sample, sizes_up_to
from wordgraft.comparison.table_cache import TableCache
from wordgraft.errors import DataError, TrainingError

SEEDS, SIZES = 5, 4


def compare(
    texts: Data | Iterable[Any],
    labels: Iterable[Any] | None = None,
    *,
    output: Path | str | RecordFolder,
    checkpoint: str | None = None,
    methods: MethodSettings | Sequence[str] | None = None,
    sizes: Sequence[int | str] | int = SIZES,
    seeds: int = SEEDS,
    budget: float | None = None,
    engine: Runner | str = "local",
    resume: bool = False,
    force: bool = False,
    progress: bool = False,
) -> Comparison:
    """Train every method on every size with every seed, and record each run in a folder.

    Each seed sets aside a validation part of the texts, by which methods are recommended. All
    methods train on the same samples and are tested on the same test part.

    Args:
        texts, labels: labelled texts, of which a fifth is set aside for testing. A `Data` in place
            of both also sets the task and the test part.
        output: the folder of the records; a `RecordFolder` can add details to its description.
        checkpoint: the encoder, as for `open_checkpoint`; most methods need one.
        methods: names of `wordgraft.comparison.METHODS`, by default all that can run; or
            `MethodSettings`, which also sets a network, trials, and files of vectors, running text
            and word pairs.
        sizes: how many sizes up to all texts, or the sizes themselves, `"all"` among them.
        seeds: runs of each method and size.
        budget: seconds. Runs that do not fit are left out; those that narrow the intervals most
            come first.
        engine: where the runs are made: `"local"` (one after the other), `"processes"`, `"ray"`, or
            a runner such as `ProcessRunner(jobs=4)`.
        resume: continue the comparison in `output`; finished runs are not repeated.
        force: start over, whatever comparison `output` holds.
        progress: show progress bars.

    Returns the finished comparison; after Ctrl-C, what was finished until then, with a note.

    Raises `DataError` for unusable data, `OutputError` and `ProgressError` for an unusable folder,
    and `TrainingError` for methods that cannot run, for settings that change none of them, or if no
    run is finished.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> texts = [f"it is {label} today" for label in ["calm", "rainy"] * 20]
        >>> labels = [text.split()[2] for text in texts]
        >>> with TemporaryDirectory() as folder:
        ...     result = compare(texts, labels, output=folder, methods=["tfidf"], seeds=2)
        >>> [(run.size, run.scores["test"]["macro-F1"]) for run in result.runs]
        [(25, 1.0), (25, 1.0)]
    """
    clock = Clock(budget)
    data, settings = _data(texts, labels), MethodSettings.of(methods)
    folder = output if isinstance(output, RecordFolder) else RecordFolder(Path(output))
    tables = TableCache(
        data.texts,
        checkpoint=checkpoint,
        corpus=tuple(settings.corpus),
        vectors=None if settings.vectors is None else Path(settings.vectors),
        pairs=[Path(path) for path in settings.pairs],
        folder=folder.path / TABLES,
        task=data.task,
        network=settings.network_of(data.task),
        progress=progress,
        test_texts=data.test_texts,
    )
    specs, left_out = chosen_methods(settings.names, tables)
    refuse_unused(settings, specs)
    sizes = _sizes(sizes, data, seeds)
    trials = settings.trials
    description = {**_description(data, tables, specs, sizes, seeds, trials), **folder.details}
    runner = runner_of(engine)
    folder.begin(description, resume=resume, force=force)
    cells = cells_of(description["methods"], sizes, range(seeds))
    loop = ComparisonLoop(data, folder, cells, trials, clock)
    made = MadeMethods({spec.name: spec for spec in specs}, tables)
    with runner.started(made, data) as queue:
        notes = loop.run(queue, progress=progress)
    comparison = read_comparison(folder, data, description, notes=(*left_out, *notes))
    return replace(comparison, interrupted=loop.interrupted)


def read_comparison(
    folder: RecordFolder, data: Data, description: Mapping[str, Any], *, notes: Sequence[str] = ()
) -> Comparison:
    """The comparison that a folder holds. Raises `TrainingError` if no run is finished."""
    planned = set(cells_of(description["methods"], description["sizes"], description["seeds"]))
    runs = tuple(run for run in folder.runs() if run.cell in planned)
    unfinished = (*folder.runs("failed"), *folder.runs("cancelled"))
    if not runs:
        failed = [run for run in unfinished if run.status == "failed"]
        why = f": {failed[0].method} failed with {failed[0].error}" if failed else ""
        raise TrainingError(
            "; ".join(["no run was finished" + why, *notes])
            + f"; {folder.path} has the records of unfinished runs"
        )
    return Comparison(data, description, runs, unfinished, (*data.notes, *notes))


def _data(texts: Data | Iterable[Any], labels: Iterable[Any] | None) -> Data:
    if isinstance(texts, Data):
        if labels is not None:
            raise DataError("labels were given with a Data, which has its own; give only one")
        return texts
    if labels is None:
        raise DataError("the texts have no labels; give texts and labels, or a Data")
    return Data.of(texts, labels)


def _sizes(sizes: Sequence[int | str] | int, data: Data, seeds: int) -> tuple[int, ...]:
    largest = largest_sample(data.strata, range(seeds))
    if isinstance(sizes, int):
        return sizes_up_to(largest, sizes, kinds=len(data.scorer.names))
    return checked_sizes(sizes, largest)


def _description(
    data: Data,
    tables: TableCache,
    specs: Sequence[MethodSpec],
    sizes: Sequence[int],
    seeds: int,
    trials: int,
) -> dict[str, Any]:
    return {
        "task": data.task,
        "data_sha256": data.sha256,
        "texts": len(data.texts),
        "test_texts": len(data.test_texts),
        "labels": list(data.scorer.names),
        "metric": data.scorer.metric,
        "methods": [spec.name for spec in specs],
        "sizes": list(sizes),
        "seeds": list(range(seeds)),
        "trials": trials,
        "network": tables.network,
        "checkpoint": tables.checkpoint,
        "checkpoint_sha256": None if tables.checkpoint is None else tables.opened().sha256,
        "corpus": list(tables.corpus),
        "vectors": None if tables.vectors is None else str(tables.vectors),
    }
