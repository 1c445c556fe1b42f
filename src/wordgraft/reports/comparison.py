"""`report/index.html`: a comparison as one page, the recommendation first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from wordgraft.comparison.compare import Comparison
from wordgraft.comparison.data import label_table
from wordgraft.comparison.methods import ARMS
from wordgraft.comparison.recommendation import Limits, Recommendation, costs, recommend
from wordgraft.comparison.records import PAGE
from wordgraft.comparison.statistics import Statistics
from wordgraft.reports import charts
from wordgraft.reports.charts import Chart, Look
from wordgraft.reports.page import write_page

# Of the texts on which arms disagree, and of the labels of a confusion matrix.
_EXAMPLES, _LABELS = 30, 12
_LONGEST_TEXT = 400


def write_comparison(
    comparison: Comparison,
    folder: Path,
    *,
    labels: int | None = None,
    limits: Limits | None = None,
    choice: Statistics | None = None,
    test: Statistics | None = None,
) -> Recommendation:
    """Write the page into the comparison's folder, in place of the one before.

    `labels` and `limits` are those of the recommendation, which is returned; `choice` and `test`
    the statistics of these parts, if they are at hand. Raises `MissingExtraError` without the extra
    `report`, and `OutputError`.
    """
    choice = choice or Statistics(comparison, "choice")
    test = test or Statistics(comparison, "test")
    found = recommend(
        comparison, labels=labels, limits=limits or Limits(), choice=choice, test=test
    )
    look = Look(comparison.arms, list(ARMS))
    shown = found.arm or max(
        test.arms(found.size), key=lambda arm: test.mean(arm, found.size).value
    )
    drawn = list(_charts(comparison, test, found.size, shown, look))
    write_page(
        folder / PAGE,
        "comparison.html.j2",
        force=True,
        comparison=comparison,
        data=comparison.data,
        description=comparison.description,
        recommendation=found,
        about={name: ARMS[name].about for name in comparison.arms if name in ARMS},
        labels=label_table(comparison.data),
        summary=list(_summary(test, choice, found.size)),
        charts=drawn,
        specs={chart.id: chart.spec for chart in drawn},
        differences=test.differences(found.size),
        efficiency=test.efficiency(),
        speeds=test.training_speed(found.size),
        disagreements=_disagreements(comparison, test, found.size, shown),
        shown=shown,
        runs=[_run(run) for run in (*comparison.runs, *comparison.unfinished)],
        versions=comparison.runs[0].versions,
        machines=sorted({run.machine for run in comparison.runs}),
        bundle=charts.bundle(),
    )
    return found


def _summary(test: Statistics, choice: Statistics, size: int) -> Iterator[Mapping[str, Any]]:
    """A row an arm at the size of the recommendation, the best on held-out texts first."""
    for arm in sorted(test.arms(size), key=lambda arm: -choice.mean(arm, size).value):
        yield {
            "arm": arm,
            "choice": choice.mean(arm, size),
            "test": test.mean(arm, size),
            "costs": costs(test, arm, size),
        }


def _charts(
    comparison: Comparison, test: Statistics, size: int, shown: str, look: Look
) -> Iterator[Chart]:
    metric = comparison.data.judge.metric
    yield _curves(comparison, test, metric, look)
    for cost, unit, title in (
        ("latency_ms", "ms to answer one text", "Score against latency"),
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
            "What fine-tuning changed in the encoder, where it was measured.",
            charts.forgetting(measured, look),
            ("arm", "measure", "change"),
            [(row["arm"], row["measure"], f"{row['change']:+.4f}") for row in measured],
        )


def _curves(comparison: Comparison, test: Statistics, metric: str, look: Look) -> Chart:
    rows: list[dict[str, Any]] = [
        {
            "arm": arm,
            "labels": size,
            "score": mean.value,
            "low": mean.low,
            "high": mean.high,
            "seeds": mean.seeds,
        }
        for size in comparison.sizes
        for arm in test.arms(size)
        for mean in (test.mean(arm, size),)
    ]
    best, least = max(rows, key=_score), min(rows, key=_score)
    return Chart(
        "curves",
        "Learning curves",
        f"{metric} on the test part by the number of labelled texts, means over seeds with 95 % "
        f"intervals: from {_named(least)} to {_named(best)}.",
        charts.learning_curves(rows, metric, look),
        ("arm", "labels", metric, "low", "high", "seeds"),
        [
            (
                row["arm"],
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
    return f"{row['score']:.3f} ({row['arm']}, {row['labels']:,} labels)"


def _trade_off(
    test: Statistics, size: int, what: tuple[str, str, str], metric: str, look: Look
) -> Chart:
    cost, unit, title = what
    rows: list[dict[str, Any]] = []
    for arm in test.arms(size):
        mean = test.mean(arm, size)
        spent = max(getattr(costs(test, arm, size), cost), 1e-6)
        rows.append(
            {"arm": arm, "score": mean.value, "low": mean.low, "high": mean.high, cost: spent}
        )
    for row in rows:
        row["best"] = not any(_beats(other, row, cost) for other in rows)
    front = sorted((row for row in rows if row["best"]), key=lambda row: row[cost])
    return Chart(
        cost.replace("_", "-"),
        title,
        f"{metric} on the test part with {size:,} labels. No arm is better in both than these: "
        f"{', '.join(row['arm'] for row in front)}.",
        charts.trade_off(rows, metric, cost, unit, look),
        ("arm", metric, unit, "best of its cost"),
        [
            (row["arm"], f"{row['score']:.3f}", f"{row[cost]:,.3g}", "yes" if row["best"] else "no")
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
    for arm in test.arms(size):
        runs = list(test.runs(arm, size).values())
        training = float(np.mean([run.seconds for run in runs]))
        table = float(np.mean([run.preparation_seconds for run in runs]))
        rows.append({"arm": arm, "part": "training", "seconds": training})
        if table:
            rows.append({"arm": arm, "part": "its table", "seconds": table})
    return Chart(
        "times",
        "Training time",
        f"Seconds of a run with {size:,} labels, and of the table it starts from, which is made "
        "once.",
        charts.training_times(rows, look),
        ("arm", "part", "seconds"),
        [(row["arm"], row["part"], f"{row['seconds']:,.2f}") for row in rows],
    )


def _confusion(comparison: Comparison, test: Statistics, size: int, arm: str) -> Chart:
    judge = comparison.data.judge
    truth = np.array(judge.coded(comparison.data.test_labels))
    counts = np.zeros((len(judge.names), len(judge.names)))
    runs = list(test.runs(arm, size).values())
    for run in runs:
        np.add.at(counts, (truth, np.array(run.predictions["test"])), 1 / len(runs))
    most = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[:_LABELS])
    labels = [judge.names[place] for place in most]
    rows = [
        {
            "true": judge.names[i],
            "predicted": judge.names[j],
            "texts": round(float(counts[i, j]), 1),
            "share": float(counts[i, j] / max(counts[i].sum(), 1e-9)),
        }
        for i in most
        for j in most
    ]
    left_out = len(judge.names) - len(labels)
    more = f" The {left_out} rarest labels are left out." if left_out else ""
    return Chart(
        "confusion",
        f"What {arm} takes for what",
        f"Test texts by true and predicted label, mean over seeds with {size:,} labels.{more}",
        charts.confusion(rows, labels, arm),
        ("true", *(f"predicted {label}" for label in labels)),
        [
            (label, *(f"{counts[i, j]:,.1f}" for j in most))
            for label, i in zip(labels, most, strict=True)
        ],
    )


def _by_label(comparison: Comparison, test: Statistics, size: int, look: Look) -> Chart:
    judge = comparison.data.judge
    truth = judge.coded(comparison.data.test_labels)
    rows: list[dict[str, Any]] = []
    for arm in test.arms(size):
        runs = list(test.runs(arm, size).values())
        sums = [judge.counts(truth, run.predictions["test"]).sum(axis=0) for run in runs]
        for label, precision, recall, f1, support in judge.by_label(np.mean(sums, axis=0)):
            rows.append(
                {
                    "arm": arm,
                    "label": label,
                    "f1": f1,
                    "precision": precision,
                    "recall": recall,
                    "support": support,
                }
            )
    most = sorted({(row["support"], row["label"]) for row in rows}, reverse=True)[:_LABELS]
    kept = {label for _, label in most}
    rows = [row for row in rows if row["label"] in kept]
    return Chart(
        "labels",
        "Score by label",
        f"F1 of each label on the test part with {size:,} labels.",
        charts.scores_by_label(rows, look),
        ("arm", "label", "precision", "recall", "F1", "true in test"),
        [
            (
                row["arm"],
                row["label"],
                *(f"{row[name]:.3f}" for name in ("precision", "recall", "f1")),
                f"{row['support']:,}",
            )
            for row in rows
        ],
    )


def _forgetting(test: Statistics, size: int) -> Iterator[Mapping[str, Any]]:
    """Numbers named `forgetting` in a run's training record, averaged over its seeds."""
    for arm in test.arms(size):
        found = [
            run.training["forgetting"]
            for run in test.runs(arm, size).values()
            if run.training and run.training.get("forgetting")
        ]
        for measure in found[0] if found else ():
            values = [each[measure] for each in found]
            if all(isinstance(value, int | float) for value in values):
                yield {"arm": arm, "measure": measure, "change": float(np.mean(values))}


def _disagreements(
    comparison: Comparison, test: Statistics, size: int, shown: str
) -> list[dict[str, Any]]:
    """Test texts that arms answer differently: those first where most arms are against `shown`.

    Each arm's answer is that of its lowest seed.
    """
    data, judge = comparison.data, comparison.data.judge
    answers = {
        arm: min(test.runs(arm, size).items())[1].predictions["test"] for arm in test.arms(size)
    }
    order = [shown, *(arm for arm in answers if arm != shown)]
    against = [
        (sum(answers[arm][place] != answers[shown][place] for arm in order[1:]), -place)
        for place in range(len(data.test_texts))
    ]
    found = []
    for count, place in sorted(against, reverse=True)[:_EXAMPLES]:
        if not count:
            break
        text, truth = data.test_texts[-place], judge.coded([data.test_labels[-place]])[0]
        found.append(
            {
                "text": _shortened(text if isinstance(text, str) else " ".join(text)),
                "true": judge.written(truth, text),
                "answers": [
                    (judge.written(answers[arm][-place], text), answers[arm][-place] == truth)
                    for arm in order
                ],
            }
        )
    return [{"arms": order, "texts": found}] if found else []


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} …"


def _run(run: Any) -> dict[str, Any]:
    """A run as a row of the table of all."""
    numbers: Sequence[tuple[str, Any, str]] = ()
    if run.status == "done":
        metric = next(iter(run.scores["test"]))
        epochs = (run.training or {}).get("epochs")
        numbers = (
            ("test", run.scores["test"][metric], ".4f"),
            ("held out", run.scores["choice"][metric], ".4f"),
            ("seconds", run.seconds, ",.2f"),
            ("epochs", epochs, "d"),
            ("memory", run.memory_mb, ",.0f"),
            ("parameters", run.parameters, ",d"),
            ("size", run.size_bytes / 1e6, ",.2f"),
            ("latency", run.latency_ms, ",.3f"),
        )
    return {
        "arm": run.arm,
        "size": run.size,
        "seed": run.seed,
        "status": run.status,
        "note": run.error or ", ".join(f"{k} {v}" for k, v in run.settings.items()),
        "numbers": [
            ("" if value is None else f"{value}", "" if value is None else format(value, how))
            for _, value, how in numbers
        ]
        or [("", "")] * 8,
    }
