"""The page of a comparison in a real browser: without an error or a request, at two widths."""

from __future__ import annotations

import contextlib
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import WIDTHS, Opened
from fake_methods import FakeMethod, fake_comparison, right, texts_of

from wordgraft.comparison import Comparison, Data, Statistics
from wordgraft.reports import write_comparison

pytestmark = pytest.mark.slow

EVIL = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'> sun"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Comparison]:
    folder = tmp_path_factory.mktemp("page") / "report"
    texts, labels = texts_of(200, seed=1)
    # The first method is wrong in this text, so it is among those on which they disagree.
    data = Data.of(*texts_of(240), ([EVIL, *texts], ["sun", *labels]))
    methods = {
        "random": FakeMethod(lambda n: {20: 0.5, 80: 0.7}[n]),
        "isolated": FakeMethod(right(0.95), parameters=9, offset=50),
        "tfidf": FakeMethod(right(0.6), parameters=90, fault=None),
    }
    with pytest.MonkeyPatch.context() as patch:
        found = fake_comparison(folder, patch, methods, data)
    write_comparison(found, folder)
    return folder / "index.html", found


@pytest.mark.parametrize("width", WIDTHS)
def test_the_report_is_drawn_without_an_error_or_a_request(
    browser: Any, report: tuple[Path, Comparison], width: int
) -> None:
    file, found = report
    opened = Opened(browser, file, width)
    opened.wait_for_charts()
    page = opened.page
    answer = page.inner_text("#recommendation")
    assert answer.startswith("Take isolated with 80 labels.")
    curves = page.locator("#chart-curves svg .mark-symbol.role-mark > path")
    assert curves.count() == len(found.methods) * len(found.sizes)
    assert page.locator("#chart-times svg .mark-rect.role-mark path").count() == 3
    assert page.locator("#chart-confusion svg .mark-rect.role-mark path").count() == 9
    box = page.locator("#chart-curves svg").bounding_box()
    assert box["width"] <= width
    assert box["width"] > 0.6 * min(width, 1056)
    assert page.locator("table.sortable tbody tr").count() == len(found.runs)
    opened.screenshot(f"report-{width}")
    opened.check(file, width)


def test_texts_are_shown_as_they_are_and_never_run(
    browser: Any, report: tuple[Path, Comparison]
) -> None:
    opened = Opened(browser, report[0], 1280)
    opened.wait_for_charts()
    assert opened.page.evaluate("window.hacked") is None
    cells = opened.page.locator("td.text").all_inner_texts()
    assert EVIL in cells
    assert opened.page.locator("img").count() == 0


def test_the_table_of_runs_sorts_by_mouse_and_keyboard(
    browser: Any, report: tuple[Path, Comparison]
) -> None:
    opened = Opened(browser, report[0], 390)
    page = opened.page
    heads = page.locator("table.sortable th").all_inner_texts()

    def column(name: str) -> list[str]:
        place = heads.index(name) + 1
        return page.locator(f"table.sortable tbody td:nth-child({place})").all_inner_texts()

    page.locator("table.sortable button", has_text="labels").click()
    sizes = [int(cell) for cell in column("labels")]
    assert sizes == sorted(sizes)
    button = page.locator("table.sortable button", has_text="test")
    button.focus()
    page.keyboard.press("Enter")
    scores = [float(cell) for cell in column("test")]
    assert scores == sorted(scores)
    assert len(set(scores)) > 5
    page.keyboard.press("Enter")
    assert [float(cell) for cell in column("test")] == scores[::-1]
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("test")


def test_values_of_a_chart_can_be_read(browser: Any, report: tuple[Path, Comparison]) -> None:
    opened = Opened(browser, report[0], 1280)
    page, found = opened.page, report[1]
    opened.wait_for_charts()
    summary = page.locator("figure[aria-labelledby=curves] summary")
    summary.focus()
    page.keyboard.press("Enter")
    rows = page.locator("figure[aria-labelledby=curves] tbody tr").all_inner_texts()
    scores = [
        run.scores["test"]["macro-F1"] for run in found.runs if run.cell.name[:11] == "isolated-80"
    ]
    wanted = f"isolated\t80\t{np.mean(scores):.3f}"
    assert any(row.startswith(wanted) for row in rows), rows
    assert page.locator("#chart-curves svg [aria-label]").count() > 0


def test_light_and_dark(browser: Any, report: tuple[Path, Comparison]) -> None:
    for scheme, ink in (("light", "rgb(22, 25, 29)"), ("dark", "rgb(231, 234, 238)")):
        opened = Opened(browser, report[0], 1280, color_scheme=scheme)
        opened.wait_for_charts()
        shown = opened.page.evaluate(
            "getComputedStyle(document.querySelector('#chart-curves .role-axis-label text')).fill"
        )
        assert shown == ink
        opened.screenshot(f"report-{scheme}")


@pytest.mark.parametrize("width", WIDTHS)
def test_all_charts_are_drawn_when_the_page_is_loaded(
    browser: Any, report: tuple[Path, Comparison], width: int
) -> None:
    """Who prints or captures the whole page does it then, and has never scrolled down."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.add_init_script(
        """addEventListener("load", () => { window.marks = [...document.querySelectorAll(".chart")]
             .map((chart) => chart.querySelectorAll("svg .role-mark path").length); });"""
    )
    page.goto(report[0].as_uri())
    marks = page.evaluate("window.marks")
    assert len(marks) == 6
    assert min(marks) >= 3


def test_paper_has_every_chart_and_no_closed_part(
    browser: Any, report: tuple[Path, Comparison]
) -> None:
    page = Opened(browser, report[0], 1280, color_scheme="dark").page
    marks = page.locator(".chart svg .role-mark path").count()
    with_charts = painted(page.pdf(print_background=True))
    page.add_style_tag(content=".chart { visibility: hidden; }")
    without_charts = painted(page.pdf(print_background=True))
    assert with_charts - without_charts >= marks > 30
    page.emulate_media(media="print", color_scheme="dark")
    # Dark ink on white paper, whatever the screen has.
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(22, 25, 29)"
    assert page.locator("#recommendation").is_visible()
    assert page.locator("summary:visible").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def painted(pdf: bytes) -> int:
    """How many paths the pages of a PDF fill or stroke."""
    operators = 0
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        with contextlib.suppress(zlib.error):  # some streams are images or fonts
            content = zlib.decompressobj().decompress(stream)
            operators += len(re.findall(rb"(?m)^(?:f\*?|S|B\*?)$", content))
    return operators


def test_results_on_the_page_are_those_of_the_recommendation(
    browser: Any, report: tuple[Path, Comparison]
) -> None:
    """Only the validation part gives verdicts; the test part is beside it."""
    file, found = report
    page = Opened(browser, file, 1280).page
    rows = page.locator("[aria-labelledby=differences] tbody tr").all_inner_texts()
    validation, test = Statistics(found, "validation"), Statistics(found, "test")
    size = max(found.sizes)
    assert len(rows) == 3
    for row, pair in zip(rows, validation.differences(size), strict=True):
        name, value, p, result, tested = row.split("\t")
        assert name.split()[::2] == [pair.first, pair.second]
        assert value == f"{pair.value:.3f} [{pair.low:.3f}, {pair.high:.3f}]"
        assert p == f"{pair.p:.3f}"
        better = f"{pair.first} is better"
        assert result == (better if pair.significant else "statistically indistinguishable")
        on_test = test.mean(pair.first, size).value - test.mean(pair.second, size).value
        assert float(tested.split()[0]) == pytest.approx(on_test, abs=6e-4)
