"""Time a whole comparison: 6 methods, 4 sizes up to all texts, 3 seeds, on financial tweets.

The validation tweets are only for testing. Writes bench/results/compare.json, and the page into
bench/.cache/compare/. How soon it opens is measured where Chromium is installed, and README's
pictures are taken of it, and of the contextual table in explore.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from common import CACHE, ENCODER, HERE, write_result
from fine_tuned import tweets

from wordgraft.comparison import (
    Data,
    ProcessRunner,
    Statistics,
    compare,
    costs_of,
    fitting_jobs,
    recommend,
)
from wordgraft.comparison.efficiency import label_efficiency
from wordgraft.reports import write_comparison, write_explorer
from wordgraft.table import EmbeddingTable

METHODS = ("tfidf", "random", "composed", "isolated", "contextual", "features")
SEEDS, OPENINGS = 3, 5
PICTURES = HERE.parent / "docs"
_DRAWN = """all => [...document.querySelectorAll(".chart")].every(chart =>
    chart.hasAttribute("data-drawn") || !all && chart.getBoundingClientRect().top > innerHeight)"""

# Modules run at this moment, when the whole page is there and its tables can be sorted.
_READABLE = "performance.getEntriesByType('navigation')[0].domInteractive"


def main() -> None:
    began = time.perf_counter()
    data = Data.of(*tweets("train"), tweets("valid"))
    folder = CACHE / "compare"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(exist_ok=True)
    comparison = compare(
        data,
        output=folder,
        checkpoint=ENCODER,
        methods=METHODS,
        seeds=SEEDS,
        engine=ProcessRunner(),
    )
    runs = time.perf_counter() - began
    validation, test = Statistics(comparison, "validation"), Statistics(comparison, "test")
    recommendation = recommend(comparison, validation=validation, test=test)
    write_comparison(comparison, folder, validation=validation, test=test)
    seconds = time.perf_counter() - began
    _picture_of_explorer(folder / "tables" / "contextual.table", folder / "explore.html")
    write_result(
        "compare",
        {
            "cpus": os.cpu_count(),
            "jobs": fitting_jobs(),
            "runs": len(comparison.runs),
            "seconds": {
                "all": round(seconds, 1),
                "runs and tables": round(runs, 1),
                "tables": {
                    name: round(took, 1) for name, took in comparison.preparation_seconds.items()
                },
            },
            "page_bytes": (folder / "index.html").stat().st_size,
            "page_opens_seconds": _opening(folder / "index.html"),
            "macro_f1": {
                method: {str(size): str(test.mean(method, size)) for size in comparison.sizes}
                for method in comparison.methods
            },
            "fit_seconds": {
                method: round(60 * costs_of(test, method, comparison.sizes[-1]).minutes, 1)
                for method in comparison.methods
            },
            "latency_ms": {
                method: round(costs_of(test, method, comparison.sizes[-1]).latency_ms, 3)
                for method in comparison.methods
            },
            "labels_of_random": {
                f"{row.method}, {row.size}": f"> {row.most}"
                if row.labels is None
                else round(row.labels)
                for row in label_efficiency(test)
            },
            "recommendation": str(recommendation).split("\n"),
        },
        ("wordgraft", "torch", "scikit-learn", "transformers", "numpy", "altair"),
    )


def _opening(page: Path) -> dict[str, float] | None:
    """Median seconds until the page can be read and sorted, until the charts in view are drawn, and
    until all charts are drawn; None without Chromium."""
    if shutil.which("chromium") is None:
        return None
    times: dict[str, list[float]] = {"readable": [], "charts in view": [], "all charts": []}
    with _browser() as browser:
        for _ in range(OPENINGS):
            opened = browser.new_page(viewport={"width": 1280, "height": 900})
            began = time.perf_counter()
            opened.goto(page.as_uri())
            for name in ("charts in view", "all charts"):
                opened.wait_for_function(_DRAWN, arg=name == "all charts")
                times[name].append(time.perf_counter() - began)
            times["readable"].append(opened.evaluate(_READABLE) / 1000)
            opened.set_viewport_size({"width": 1120, "height": 1440})
            opened.screenshot(path=PICTURES / "compare.png")
            opened.close()
    return {name: round(median(seconds), 2) for name, seconds in times.items()}


def _picture_of_explorer(table: Path, page: Path) -> None:
    """Take the picture of a table in explore."""
    if shutil.which("chromium") is None:
        return
    write_explorer(EmbeddingTable.load(table), page, names=("news",), force=True)
    with _browser() as browser:
        opened = browser.new_page(viewport={"width": 1000, "height": 760})
        opened.goto(page.as_uri())
        opened.select_option("#colour", "frequency")
        opened.fill("#search", "profit")
        opened.keyboard.press("Enter")
        opened.locator("#search").blur()
        opened.wait_for_timeout(500)
        opened.screenshot(path=PICTURES / "explore.png")


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


if __name__ == "__main__":
    main()
