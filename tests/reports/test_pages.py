"""Both pages in a real browser: drawn without an error or a request, at two widths."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_methods import FakeMethod, fake_comparison, right, texts_of
from tables import random_table, table_of

from wordgraft.comparison import Comparison, Data
from wordgraft.reports import write_comparison, write_explorer

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.slow

WIDTHS = [1280, 390]
SCREENSHOTS = Path(__file__).resolve().parents[2] / "test-out" / "pages"
EVIL = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'> sun"
_ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield found
        found.close()


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


class Opened:
    """A page at a width, with what it complained of and asked for."""

    def __init__(self, browser: Any, file: Path, width: int, **options: Any) -> None:
        self.page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        self.page.set_default_timeout(20_000)
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri())

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def check(self, file: Path, width: int) -> None:
        assert self.complaints == []
        asked = [url for url in self.requests if not url.startswith("data:")]
        assert asked == [file.as_uri()]
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width

    def keep(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def drawn(opened: Opened) -> None:
    opened.page.wait_for_function(
        "document.querySelectorAll('.chart').length"
        " === document.querySelectorAll('.chart[data-drawn]').length"
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_the_report_is_drawn_without_an_error_or_a_request(
    browser: Any, report: tuple[Path, Comparison], width: int
) -> None:
    file, found = report
    opened = Opened(browser, file, width)
    drawn(opened)
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
    opened.keep(f"report-{width}")
    opened.check(file, width)


def test_texts_are_shown_as_they_are_and_never_run(
    browser: Any, report: tuple[Path, Comparison]
) -> None:
    opened = Opened(browser, report[0], 1280)
    drawn(opened)
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
        drawn(opened)
        shown = opened.page.evaluate(
            "getComputedStyle(document.querySelector('#chart-curves .role-axis-label text')).fill"
        )
        assert shown == ink
        opened.keep(f"report-{scheme}")


def test_on_paper_closed_parts_are_opened(browser: Any, report: tuple[Path, Comparison]) -> None:
    opened = Opened(browser, report[0], 1280)
    drawn(opened)
    opened.page.emulate_media(media="print")
    assert opened.page.locator("#recommendation").is_visible()
    assert opened.page.locator("#chart-curves svg").is_visible()
    printed = opened.page.pdf()
    assert printed.startswith(b"%PDF")
    assert len(printed) > 20_000


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any]:
    one, other = random_table(400, 12), random_table(400, 12, seed=1)
    file = tmp_path_factory.mktemp("explore") / "explore.html"
    write_explorer(one, file, other=other, names=("one", "</script>two"))
    return file, one, other


@pytest.mark.parametrize("width", WIDTHS)
def test_the_explorer_finds_words_and_their_neighbours(
    browser: Any, explorer: tuple[Path, Any, Any], width: int
) -> None:
    file, one, other = explorer
    opened = Opened(browser, file, width)
    page = opened.page
    page.wait_for_selector("html[data-ready]")
    page.fill("#search", "w17")
    assert page.locator("#found li").all_inner_texts()[0] == "w17"
    page.keyboard.press("Enter")
    assert page.inner_text("#word h2") == "w17"
    for place, table in enumerate((one, other)):
        rows = page.locator("#word .pair > div").nth(place).locator("tbody tr").all_inner_texts()
        expected = table.neighbours("w17")
        for row, (word, cosine) in zip(rows, expected, strict=True):
            name, _, number = row.replace("✓", "").rpartition("\t")
            assert name.strip() == word
            assert float(number) == pytest.approx(cosine, abs=1e-3)
    common = {w for w, _ in one.neighbours("w17")} & {w for w, _ in other.neighbours("w17")}
    assert f"{len(common)} of 10 neighbours are the same in both." in page.inner_text("#word")
    assert page.locator("#word .both").count() == 2 * len(common)
    opened.keep(f"explore-{width}")
    opened.check(file, width)


def test_the_map_zooms_moves_and_takes_clicks(
    browser: Any, explorer: tuple[Path, Any, Any]
) -> None:
    # Waiting for an expression evaluates it, which the page's own rules forbid.
    opened = Opened(browser, explorer[0], 1280, bypass_csp=True)
    page, shown = opened.page, "+document.getElementById('map').dataset.shown"
    page.wait_for_function(f"{shown} === 400")
    page.click("#in")
    page.focus("#map")
    for _ in range(6):
        page.keyboard.press("+")
    page.wait_for_function(f"{shown} < 200")
    page.click("#all")
    page.wait_for_function(f"{shown} === 400")
    x, y = page.evaluate("[toX(5), toY(5)]")
    box = page.locator("#map").bounding_box()
    page.mouse.click(box["x"] + x, box["y"] + y)
    clicked = page.inner_text("#word h2")
    near = page.evaluate(
        f"Math.hypot(toX(words.indexOf('{clicked}')) - {x}, toY(words.indexOf('{clicked}')) - {y})"
    )
    assert near < 1
    page.select_option("#colour", "overlap")
    assert "% the same" in page.inner_text("#legend")
    page.select_option("#colour", "frequency")
    assert "times and more" in page.inner_text("#legend")
    assert opened.complaints == []


def test_words_differ_most_and_provenance_are_said(
    browser: Any, explorer: tuple[Path, Any, Any]
) -> None:
    opened = Opened(browser, explorer[0], 1280)
    page = opened.page
    page.locator("#changed button").first.click()
    assert page.inner_text("#word p") == "0 of 10 neighbours are the same in both."
    facts = page.locator("#word dl").first.inner_text().split()
    assert facts[:2] == ["source", "file"]
    assert page.evaluate("document.title").startswith("one and </script>two: 400 words")


def test_a_table_of_one_word_and_of_two_dimensions(browser: Any, tmp_path: Path) -> None:
    write_explorer(table_of(["<b>lonely"], [[1.0]]), tmp_path / "one.html")
    opened = Opened(browser, tmp_path / "one.html", 390)
    opened.page.wait_for_selector("html[data-ready]")
    opened.page.fill("#search", "<b>")
    opened.page.keyboard.press("Enter")
    assert opened.page.inner_text("#word h2") == "<b>lonely"
    assert opened.complaints == []


def test_twenty_thousand_words_are_fluid_and_small(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "large.html"
    write_explorer(random_table(20_000, 16), file)
    assert file.stat().st_size < 5e6
    opened = Opened(browser, file, 1280)
    page = opened.page
    page.wait_for_selector("html[data-ready]")
    frames = page.evaluate(
        """Array.from({length: 30}, () => {
             const began = performance.now();
             zoomed(1.1);
             paint();
             return performance.now() - began;
           }).sort((a, b) => a - b)"""
    )
    # Sixteen milliseconds are a frame of a screen; the quickest is what the page itself takes,
    # however busy the machine is.
    assert frames[0] < 16, frames
    page.fill("#search", "w19999")
    assert page.locator("#found li").all_inner_texts() == ["w19999"]


def test_the_arrays_of_the_explorer(tmp_path: Path) -> None:
    import base64
    import re

    table = random_table(50, 6)
    found = write_explorer(table, tmp_path / "t.html", most=30)
    assert (found.words, found.left_out, found.overlap) == (30, 20, None)
    html = (tmp_path / "t.html").read_text("utf-8")
    match = re.search(r'<script type="application/json" id="content">(.*?)</script>', html)
    content = json.loads(match[1])
    assert content["words"] == [f"w{i}" for i in range(30)]  # the most frequent
    packed = content["tables"][0]
    plane = np.frombuffer(base64.b64decode(packed["maps"]["PCA"]), "<u2").reshape(30, 2)
    vectors = table.rows()[2:32]
    centred = vectors - vectors.mean(axis=0)
    expected = centred @ np.linalg.svd(centred)[2][:2].T
    for axis in (0, 1):
        correlation = np.corrcoef(plane[:, axis], expected[:, axis])[0, 1]
        assert abs(correlation) > 0.9999
    counts = np.frombuffer(base64.b64decode(packed["counts"]), "<u4")
    assert counts.tolist() == table.vocabulary.counts[2:32].tolist()


def test_a_second_map_by_umap(browser: Any, tmp_path: Path) -> None:
    pytest.importorskip("umap")
    rng = np.random.default_rng(0)
    # Three bundles of directions, which a map by neighbours must keep apart.
    centres = np.eye(3, 12)[np.repeat([0, 1, 2], 40)]
    table = table_of([f"w{i}" for i in range(120)], centres + rng.normal(0, 0.05, (120, 12)))
    write_explorer(table, tmp_path / "u.html", umap=True)
    opened = Opened(browser, tmp_path / "u.html", 1280)
    page = opened.page
    page.wait_for_selector("html[data-ready]")
    page.select_option("#plane", "UMAP")
    places = np.array(page.evaluate("Array.from(plane())")).reshape(120, 2)
    groups = places.reshape(3, 40, 2)
    within = groups.std(axis=1).max()
    middles = groups.mean(axis=1)
    apart = min(np.linalg.norm(middles[a] - middles[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert apart > 3 * within
    assert opened.complaints == []
