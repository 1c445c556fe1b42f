"""The charts on a comparison's page: its statistics as rows, for `charts` to draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from wordgraft.comparison.costs import costs_of
from wordgraft.comparison.methods import METHODS
from wordgraft.comparison.result import Comparison
from wordgraft.comparison.statistics import Statistics
from wordgraft.reports import charts
from wordgraft.reports.charts import Chart, Look

# How many labels a chart shows at most.
_LABELS = 12


def charts_of(comparison: Comparison, test: Statistics, size: int, shown: str) -> Iterator[Chart]:
    """The charts of a comparison's page, each with its numbers as a table.

    Args:
        test: the statistics of the test part.
        size: number of labels of all charts but the learning curves.
        shown: the method of the confusion matrix.
    """
    look, metric = Look(comparison.methods, list(METHODS)), comparison.data.scorer.metric
    yield _curves(comparison, test, metric, look)
    for cost, unit, title in (
        ("latency_ms", "ms per text", "Score against latency"),
        ("size_mb", "MB on disk", "Score against size"),
    ):
        yield _trade_off(test, size, (cost, unit, title), metric, look)
    yield _times(test, size, look)
    if comparison.data.task == "classify":
        yield _confusion(comparison, test, size, shown)
    yield _by_label(comparison, test, size, look)
    if measured := list(_forgetting(test, size)):
        yield Chart(
            "forgetting",
            "Forgetting",
            "How fine-tuning changed the encoder, by measure; means over seeds.",
            charts.forgetting(measured, look),
            ("method", "measure", "change"),
            [(row["method"], row["measure"], f"{row['change']:+.4f}") for row in measured],
        )


def _curves(comparison: Comparison, test: Statistics, metric: str, look: Look) -> Chart:
    rows: list[dict[str, Any]] = [
        {
            "method": method,
            "labels": size,
            "score": mean.value,
            "low": mean.low,
            "high": mean.high,
            "seeds": mean.seeds,
        }
        for size in comparison.sizes
        for method in test.methods(size)
        for mean in (test.mean(method, size),)
    ]
    best, least = max(rows, key=_score), min(rows, key=_score)
    return Chart(
        "curves",
        "Learning curves",
        f"{metric} on the test part by number of labelled texts; means over seeds with 95% "
        f"intervals, from {_named(least)} to {_named(best)}.",
        charts.learning_curves(rows, metric, look),
        ("method", "labels", metric, "low", "high", "seeds"),
        [
            (
                row["method"],
                f"{row['labels']:,}",
                *(f"{row[name]:.3f}" for name in ("score", "low", "high")),
                str(row["seeds"]),
            )
            for row in rows
        ],
    )


def _score(row: Mapping[str, Any]) -> float:
    return float(row["score"])


def _named(row: Mapping[str, Any]) -> str:
    return f"{row['score']:.3f} ({row['method']}, {row['labels']:,} labels)"


def _trade_off(
    test: Statistics, size: int, what: tuple[str, str, str], metric: str, look: Look
) -> Chart:
    cost, unit, title = what
    rows: list[dict[str, Any]] = []
    for method in test.methods(size):
        mean = test.mean(method, size)
        spent = max(getattr(costs_of(test, method, size), cost), 1e-6)
        rows.append(
            {"method": method, "score": mean.value, "low": mean.low, "high": mean.high, cost: spent}
        )
    for row in rows:
        row["best"] = not any(_beats(other, row, cost) for other in rows)
    front = sorted((row for row in rows if row["best"]), key=lambda row: row[cost])
    return Chart(
        cost.replace("_", "-"),
        title,
        f"{metric} on the test part with {size:,} labels. No method is better in both than those "
        f"on the Pareto front: {', '.join(row['method'] for row in front)}.",
        charts.trade_off(rows, metric, cost, unit, look),
        ("method", metric, unit, "on the Pareto front"),
        [
            (
                row["method"],
                f"{row['score']:.3f}",
                f"{row[cost]:,.3g}",
                "yes" if row["best"] else "no",
            )
            for row in sorted(rows, key=lambda row: row[cost])
        ],
    )


def _beats(other: Mapping[str, Any], row: Mapping[str, Any], cost: str) -> bool:
    """Whether `other` is as good in score and cost, and better in one of them."""
    as_good = other[cost] <= row[cost] and other["score"] >= row["score"]
    better = other[cost] < row[cost] or other["score"] > row["score"]
    return bool(as_good and better)


def _times(test: Statistics, size: int, look: Look) -> Chart:
    rows: list[dict[str, Any]] = []
    for method in test.methods(size):
        runs = list(test.runs(method, size).values())
        training = float(np.mean([run.seconds for run in runs]))
        table = float(np.mean([run.preparation_seconds for run in runs]))
        rows.append({"method": method, "part": "training", "seconds": training})
        if table:
            rows.append({"method": method, "part": "table", "seconds": table})
    return Chart(
        "times",
        "Training time",
        f"Seconds for a run with {size:,} labels, and for making the table it starts from, which "
        "happens once.",
        charts.training_times(rows, look),
        ("method", "part", "seconds"),
        [(row["method"], row["part"], f"{row['seconds']:,.2f}") for row in rows],
    )


def _confusion(comparison: Comparison, test: Statistics, size: int, method: str) -> Chart:
    scorer = comparison.data.scorer
    truth = np.array(scorer.coded(comparison.data.test_labels))
    counts = np.zeros((len(scorer.names), len(scorer.names)))
    runs = list(test.runs(method, size).values())
    for run in runs:
        np.add.at(counts, (truth, np.array(run.predictions["test"])), 1 / len(runs))
    most = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[:_LABELS])
    labels = [scorer.names[place] for place in most]
    rows = [
        {
            "true": scorer.names[i],
            "predicted": scorer.names[j],
            "texts": round(float(counts[i, j]), 1),
            "share": float(counts[i, j] / max(counts[i].sum(), 1e-9)),
        }
        for i in most
        for j in most
    ]
    left_out = len(scorer.names) - len(labels)
    more = f" The {left_out} rarest labels are not shown." if left_out else ""
    return Chart(
        "confusion",
        f"Confusion matrix of {method}",
        f"Test texts by true and predicted label; mean over seeds with {size:,} labels.{more}",
        charts.confusion(rows, labels, method),
        ("true", *(f"predicted {label}" for label in labels)),
        [
            (label, *(f"{counts[i, j]:,.1f}" for j in most))
            for label, i in zip(labels, most, strict=True)
        ],
    )


def _by_label(comparison: Comparison, test: Statistics, size: int, look: Look) -> Chart:
    scorer = comparison.data.scorer
    truth = scorer.coded(comparison.data.test_labels)
    rows: list[dict[str, Any]] = []
    for method in test.methods(size):
        runs = list(test.runs(method, size).values())
        sums = [scorer.counts(truth, run.predictions["test"]).sum(axis=0) for run in runs]
        for label, precision, recall, f1, support in scorer.by_label(np.mean(sums, axis=0)):
            rows.append(
                {
                    "method": method,
                    "label": label,
                    "f1": f1,
                    "precision": precision,
                    "recall": recall,
                    "support": support,
                }
            )
    most = sorted({(row["support"], row["label"]) for row in rows}, reverse=True)[:_LABELS]
    shown = {label for _, label in most}
    rows = [row for row in rows if row["label"] in shown]
    return Chart(
        "labels",
        "Score by label",
        f"F1 of each label on the test part with {size:,} labels.",
        charts.scores_by_label(rows, look),
        ("method", "label", "precision", "recall", "F1", "true in test"),
        [
            (
                row["method"],
                row["label"],
                *(f"{row[name]:.3f}" for name in ("precision", "recall", "f1")),
                f"{row['support']:,}",
            )
            for row in rows
        ],
    )


def _forgetting(test: Statistics, size: int) -> Iterator[Mapping[str, Any]]:
    """The entries `forgetting` of training records, averaged over seeds."""
    for method in test.methods(size):
        changes = [
            run.training["forgetting"]
            for run in test.runs(method, size).values()
            if run.training and run.training.get("forgetting")
        ]
        for measure in changes[0] if changes else ():
            values = [change[measure] for change in changes]
            if all(isinstance(value, int | float) for value in values):
                yield {"method": method, "measure": measure, "change": float(np.mean(values))}
