"""`report/index.html`: a comparison as one page, the recommendation first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from wordgraft.comparison.costs import Limits, costs_of, few_digits
from wordgraft.comparison.data import label_table
from wordgraft.comparison.efficiency import label_efficiency, training_speed
from wordgraft.comparison.methods import METHODS
from wordgraft.comparison.recommendation import Recommendation, recommend
from wordgraft.comparison.record_folder import PAGE
from wordgraft.comparison.records import MethodRun
from wordgraft.comparison.result import Comparison
from wordgraft.comparison.statistics import Difference, Statistics
from wordgraft.reports.charts import bundle
from wordgraft.reports.comparison_charts import charts_of
from wordgraft.reports.page import write_page

# How many texts on which methods disagree are shown at most.
_EXAMPLES = 30
_LONGEST_TEXT = 400


def write_comparison(
    comparison: Comparison,
    folder: Path,
    *,
    labels: int | None = None,
    limits: Limits | None = None,
    validation: Statistics | None = None,
    test: Statistics | None = None,
) -> Recommendation:
    """Write the page into the comparison's folder; it replaces an earlier one.

    Args:
        folder: of the comparison.
        labels, limits: for the recommendation, which is returned.
        validation, test: the statistics of these parts, if they exist already.

    Raises `MissingExtraError` without the extra `report`, and `OutputError`.
    """
    validation = validation or Statistics(comparison, "validation")
    test = test or Statistics(comparison, "test")
    recommendation = recommend(
        comparison, labels=labels, limits=limits or Limits(), validation=validation, test=test
    )
    size = recommendation.size
    shown = recommendation.method or max(
        test.methods(size), key=lambda method: test.mean(method, size).value
    )
    drawn = list(charts_of(comparison, test, size, shown))
    write_page(
        folder / PAGE,
        "comparison.html.j2",
        force=True,
        comparison=comparison,
        data=comparison.data,
        description=comparison.description,
        recommendation=recommendation,
        about={name: METHODS[name].about for name in comparison.methods if name in METHODS},
        labels=label_table(comparison.data),
        summary=list(_summary(test, validation, size)),
        charts=drawn,
        specs={chart.id: chart.spec for chart in drawn},
        differences=list(_differences(validation, test, size)),
        efficiency=label_efficiency(test),
        speeds=training_speed(test, size),
        disagreements=_disagreements(comparison, test, size, shown),
        shown=shown,
        runs=[_run(run) for run in (*comparison.runs, *comparison.unfinished)],
        versions=comparison.runs[0].versions,
        machines=sorted({run.machine for run in comparison.runs}),
        few_digits=few_digits,
        bundle=bundle(),
    )
    return recommendation


def _summary(test: Statistics, validation: Statistics, size: int) -> Iterator[Mapping[str, Any]]:
    """A row for each method at the size of the recommendation, by validation score."""
    for method in sorted(
        test.methods(size), key=lambda method: -validation.mean(method, size).value
    ):
        yield {
            "method": method,
            "validation": validation.mean(method, size),
            "test": test.mean(method, size),
            "costs": costs_of(test, method, size),
        }


def _differences(
    validation: Statistics, test: Statistics, size: int
) -> Iterator[tuple[Difference, Difference | None]]:
    """Each pair of methods on the validation part, and the same pair on the test part.

    A pair is in the same order in both, so on the test part the difference may be below 0.
    """
    tested = {frozenset((pair.first, pair.second)): pair for pair in test.differences(size)}
    for pair in validation.differences(size):
        other = tested.get(frozenset((pair.first, pair.second)))
        if other is not None and other.first != pair.first:
            other = other.reversed()
        yield pair, other


def _disagreements(
    comparison: Comparison, test: Statistics, size: int, shown: str
) -> list[dict[str, Any]]:
    """Test texts on which methods disagree, beginning with those where most differ from `shown`.

    The predictions are those of each method's lowest seed.
    """
    data, scorer = comparison.data, comparison.data.scorer
    predictions = {
        method: min(test.runs(method, size).items())[1].predictions["test"]
        for method in test.methods(size)
    }
    order = [shown, *(method for method in predictions if method != shown)]
    different = [
        (
            sum(predictions[method][place] != predictions[shown][place] for method in order[1:]),
            place,
        )
        for place in range(len(data.test_texts))
    ]
    rows = []
    for count, place in sorted(different, key=lambda pair: (-pair[0], pair[1]))[:_EXAMPLES]:
        if not count:
            break
        text, truth = data.test_texts[place], scorer.coded([data.test_labels[place]])[0]
        rows.append(
            {
                "text": _shortened(text if isinstance(text, str) else " ".join(text)),
                "true": scorer.written(truth, text),
                "predictions": [
                    (
                        scorer.written(predictions[method][place], text),
                        predictions[method][place] == truth,
                    )
                    for method in order
                ],
            }
        )
    return [{"methods": order, "texts": rows}] if rows else []


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} …"


def _run(run: MethodRun) -> dict[str, Any]:
    """A run as a row of the table of all runs."""
    numbers: Sequence[tuple[Any, str]] = ()
    if run.status == "done":
        metric = next(iter(run.scores["test"]))
        epochs = (run.training or {}).get("epochs")
        numbers = (
            (run.scores["test"][metric], ".4f"),
            (run.scores["validation"][metric], ".4f"),
            (run.seconds, ",.2f"),
            (epochs, "d"),
            (run.memory_mb, ",.0f"),
            (run.parameters, ",d"),
            (run.size_bytes / 1e6, ",.2f"),
            (run.latency_ms, ",.3f"),
        )
    return {
        "method": run.method,
        "size": run.size,
        "seed": run.seed,
        "status": run.status,
        "note": run.error or ", ".join(f"{k} {v}" for k, v in run.settings.items()),
        "numbers": [
            ("" if value is None else f"{value}", "" if value is None else format(value, how))
            for value, how in numbers
        ]
        or [("", "")] * 8,
    }
