"""A whole comparison: 6 methods, 4 sizes up to all texts and 3 seeds of financial tweets, timed.

The validation texts are for testing alone. Writes bench/results/compare.json, and the page into
bench/.kept/compare/. How soon it opens is measured where Chromium is installed, and README's
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

from common import ENCODER, HERE, write_result
from tuned import tweets

from wordgraft.comparison import Data, Materials, Statistics, compare, fitting_jobs, recommend
from wordgraft.comparison.recommendation import costs
from wordgraft.reports import write_comparison, write_explorer
from wordgraft.table import EmbeddingTable

ARMS = ("tfidf", "random", "composed", "isolated", "contextual", "features")
SEEDS, OPENINGS = 3, 5
PICTURES = HERE.parent / "docs"
_DRAWN = """all => [...document.querySelectorAll(".chart")].every(chart =>
    chart.hasAttribute("data-drawn") || !all && chart.getBoundingClientRect().top > innerHeight)"""

# Modules run at this moment, when the whole page is there and its tables can be sorted.
_READABLE = "performance.getEntriesByType('navigation')[0].domInteractive"


def main() -> None:
    began = time.perf_counter()
    data = Data.of(*tweets("train"), tweets("valid"))
    folder = HERE / ".kept" / "compare"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(exist_ok=True)
    materials = Materials(data.texts, checkpoint=ENCODER)
    found = compare(data, materials, folder, arms=ARMS, seeds=SEEDS, jobs=fitting_jobs())
    runs = time.perf_counter() - began
    choice, test = Statistics(found, "choice"), Statistics(found, "test")
    choice_of = recommend(found, choice=choice, test=test)
    write_comparison(found, folder, choice=choice, test=test)
    seconds = time.perf_counter() - began
    _explored(folder / "tables" / "contextual.table", folder / "explore.html")
    write_result(
        "compare",
        {
            "cpus": os.cpu_count(),
            "jobs": fitting_jobs(),
            "runs": len(found.runs),
            "seconds": {
                "all": round(seconds, 1),
                "runs and tables": round(runs, 1),
                "tables": {name: round(took, 1) for name, took in materials.seconds.items()},
            },
            "page_bytes": (folder / "index.html").stat().st_size,
            "page_opens_seconds": _opening(folder / "index.html"),
            "macro_f1": {
                arm: {str(size): str(test.mean(arm, size)) for size in found.sizes}
                for arm in found.arms
            },
            "fit_seconds": {
                arm: round(60 * costs(test, arm, found.sizes[-1]).minutes, 1) for arm in found.arms
            },
            "latency_ms": {
                arm: round(costs(test, arm, found.sizes[-1]).latency_ms, 3) for arm in found.arms
            },
            "labels_of_random": {
                f"{each.arm}, {each.size}": f"> {each.most}"
                if each.labels is None
                else round(each.labels)
                for each in test.efficiency()
            },
            "recommendation": str(choice_of).split("\n"),
        },
        ("wordgraft", "torch", "scikit-learn", "transformers", "numpy", "altair"),
    )


def _opening(page: Path) -> dict[str, float] | None:
    """Median seconds from asking for the page until it can be read and sorted, until the charts in
    view are drawn, and until all are; None without Chromium."""
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


def _explored(table: Path, page: Path) -> None:
    """A picture of a table in explore."""
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
