"""`compare`: methods x sizes x seeds, as many as the budget allows, into a folder of records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wordgraft.comparison.data import Data
from wordgraft.comparison.loop import Clock, ComparisonLoop
from wordgraft.comparison.methods import MadeMethods, MethodSpec, chosen_methods
from wordgraft.comparison.planner import cells_of
from wordgraft.comparison.record_folder import TABLES, RecordFolder
from wordgraft.comparison.result import Comparison
from wordgraft.comparison.runners import Runner, runner_of
from wordgraft.comparison.splits import checked_sizes, largest_sample, sizes_up_to
from wordgraft.comparison.table_cache import TableCache
from wordgraft.errors import DataError, TrainingError

SEEDS, SIZES, TRIALS = 5, 4, 1


def compare(
    texts: Data | Iterable[Any],
    labels: Iterable[Any] | None = None,
    *,
    output: Path | str,
    checkpoint: str | None = None,
    vectors: Path | str | None = None,
    corpus: Sequence[str] = (),
    pairs: Sequence[Path | str] = (),
    network: str | None = None,
    methods: Sequence[str] | None = None,
    sizes: Sequence[int | str] | int = SIZES,
    seeds: int = SEEDS,
    trials: int = TRIALS,
    budget: float | None = None,
    runner: Runner | str = "local",
    resume: bool = False,
    force: bool = False,
    details: Mapping[str, Any] | None = None,
    progress: bool = False,
) -> Comparison:
    """Train every method on every size with every seed, and record each run in a folder.

    Each seed sets a validation part of the texts apart, by which methods are recommended. All
    methods train on the same samples and are tested on the same held-out texts.

    Args:
        texts, labels: labelled texts, of which a fifth is set apart for testing. A `Data` in place
            of both also sets the task and the test part.
        output: the folder of the records.
        checkpoint: the encoder, as for `open_checkpoint`; most methods need one.
        vectors: a file of word vectors of another tool, for the method `vectors`.
        corpus: files of more running text for contextual vectors, beside the training texts.
        pairs: files of word pairs with similarity scores; fine-tuned encoders are measured on them
            before and after, to see what they forget.
        network: the network above the rows; by default `bag`, or `bilstm` for tagging.
        methods: names of `wordgraft.comparison.METHODS`; by default all that can run.
        sizes: how many sizes up to all texts, or the sizes themselves, `"all"` among them.
        seeds: runs of each method and size.
        trials: settings that each method may try in a run.
        budget: seconds. Runs that do not fit are left out; those that narrow the intervals most
            come first.
        runner: `"local"` (one run after the other), `"processes"` or `"ray"`, or a runner such as
            `ProcessRunner(jobs=4)`.
        resume: continue the comparison in `output`; finished runs are not repeated.
        force: start over, whatever comparison `output` holds.
        details: more entries for the description, such as the command.
        progress: show progress bars.

    Returns the finished comparison; after Ctrl-C, what was finished until then, with a note.

    Raises `DataError` for unusable data, `OutputError` and `ProgressError` for an unusable folder,
    and `TrainingError` for methods that cannot run, or if no run is finished.

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
    data = _data(texts, labels)
    tables = TableCache(
        data.texts,
        checkpoint=checkpoint,
        corpus=tuple(corpus),
        vectors=None if vectors is None else Path(vectors),
        pairs=[Path(path) for path in pairs],
        folder=Path(output) / TABLES,
        task=data.task,
        network=network or {"classify": "bag", "tag": "bilstm"}[data.task],
        progress=progress,
        test_texts=data.test_texts,
    )
    specs, left_out = chosen_methods(methods, tables)
    sizes = _sizes(sizes, data, seeds)
    description = _description(data, tables, specs, sizes, seeds, trials, details or {})
    folder = RecordFolder(Path(output))
    where = runner_of(runner)
    folder.begin(description, resume=resume, force=force)
    cells = cells_of(description["methods"], sizes, range(seeds))
    loop = ComparisonLoop(data, folder, cells, trials, clock)
    made = MadeMethods({spec.name: spec for spec in specs}, tables)
    with where.started(made, data) as queue:
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
            + f"; {folder.path} has the records of what was begun"
        )
    return Comparison(data, description, runs, unfinished, (*data.notes, *notes))


def _data(texts: Data | Iterable[Any], labels: Iterable[Any] | None) -> Data:
    if isinstance(texts, Data):
        if labels is not None:
            raise DataError("labels are given beside a Data, which has its own; give one of both")
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
    details: Mapping[str, Any],
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
        **details,
    }
