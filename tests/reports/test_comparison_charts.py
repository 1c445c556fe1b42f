"""The numbers in the charts of a comparison."""

from __future__ import annotations

import numpy as np
import pytest
from fake_methods import FakeMethod, fake_comparison, right

from wordgraft.comparison import Comparison, Statistics
from wordgraft.reports.charts import Chart
from wordgraft.reports.comparison_charts import charts_of


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    methods = {
        "tfidf": FakeMethod(right(0.7), parameters=9),
        "random": FakeMethod(right(0.5), parameters=90),
        "isolated": FakeMethod(right(0.95), parameters=900),
    }
    with pytest.MonkeyPatch.context() as patch:
        return fake_comparison(tmp_path_factory.mktemp("charts") / "report", patch, methods)


@pytest.fixture(scope="module")
def charts(comparison: Comparison) -> dict[str, Chart]:
    drawn = charts_of(comparison, Statistics(comparison, "test"), 80, "isolated")
    return {chart.id: chart for chart in drawn}


def test_a_larger_and_worse_method_is_not_on_the_pareto_front(charts: dict[str, Chart]) -> None:
    on_front = {row[0]: row[-1] for row in charts["size-mb"].rows}
    assert on_front == {"tfidf": "yes", "random": "no", "isolated": "yes"}


def test_curves_have_the_means_of_the_runs(
    charts: dict[str, Chart], comparison: Comparison
) -> None:
    rows = {row[:2]: row[2] for row in charts["curves"].rows}
    scores = [
        run.scores["test"]["macro-F1"]
        for run in comparison.runs
        if (run.method, run.size) == ("isolated", 80)
    ]
    assert rows["isolated", "80"] == f"{np.mean(scores):.3f}"


def test_the_confusion_matrix_counts_each_text_once(
    charts: dict[str, Chart], comparison: Comparison
) -> None:
    labels = comparison.data.test_labels
    for label, *counts in charts["confusion"].rows:
        assert sum(map(float, counts)) == pytest.approx(labels.count(label), abs=0.2)
        assert max(counts, key=float) == counts[sorted({*labels}).index(label)]


def test_without_measures_of_forgetting_there_is_no_chart_of_them(charts: dict[str, Chart]) -> None:
    assert [*charts] == ["curves", "latency-ms", "size-mb", "times", "confusion", "labels"]
