"""The page of tables: its arrays, and the page in a real browser at two widths."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsers import WIDTHS, Opened
from tables import random_table, table_of

from wordgraft.errors import TableError
from wordgraft.reports import write_explorer

READY = "'ready' in document.documentElement.dataset"


def test_the_arrays_of_the_explorer(tmp_path: Path) -> None:
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


def test_two_tables_share_their_words_and_neighbours(tmp_path: Path) -> None:
    table = random_table(50, 6)
    written = write_explorer(table, tmp_path / "same.html", other=table, names=("a", "b"))
    assert (written.words, written.overlap) == (50, 1.0)
    other = table_of(["elsewhere"], [[1.0]])
    with pytest.raises(TableError, match="there is no word to show that is in both tables"):
        write_explorer(table, tmp_path / "none.html", other=other)
    with pytest.raises(TableError, match="the page cannot hold 0 words; expected 1 to 65,535"):
        write_explorer(table, tmp_path / "none.html", most=0)


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any]:
    one, other = random_table(400, 12), random_table(400, 12, seed=1)
    file = tmp_path_factory.mktemp("explore") / "explore.html"
    write_explorer(one, file, other=other, names=("one", "</script>two"))
    return file, one, other


@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
def test_the_explorer_finds_words_and_their_neighbours(
    browser: Any, explorer: tuple[Path, Any, Any], width: int
) -> None:
    file, one, other = explorer
    opened = Opened(browser, file, width)
    page = opened.page
    opened.wait_for(READY)
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
    assert f"{len(common)} of 10 neighbours are the same in both tables." in page.inner_text(
        "#word"
    )
    assert page.locator("#word .both").count() == 2 * len(common)
    opened.screenshot(f"explore-{width}")
    opened.check(file, width)


@pytest.mark.slow
def test_the_map_zooms_moves_and_takes_clicks(
    browser: Any, explorer: tuple[Path, Any, Any]
) -> None:
    opened = Opened(browser, explorer[0], 1280)
    page, shown = opened.page, "+document.getElementById('map').dataset.shown"
    opened.wait_for(f"{shown} === 400")
    page.click("#in")
    page.focus("#map")
    for _ in range(6):
        page.keyboard.press("+")
    opened.wait_for(f"{shown} < 200")
    page.click("#all")
    opened.wait_for(f"{shown} === 400")
    x, y = page.evaluate("[toX(5), toY(5)]")
    box = page.locator("#map").bounding_box()
    page.mouse.click(box["x"] + x, box["y"] + y)
    clicked = page.inner_text("#word h2")
    near = page.evaluate(
        f"Math.hypot(toX(words.indexOf('{clicked}')) - {x}, toY(words.indexOf('{clicked}')) - {y})"
    )
    assert near < 1
    page.select_option("#colour", "overlap")
    assert "% shared" in page.inner_text("#legend")
    page.select_option("#colour", "frequency")
    assert "occurrences or more" in page.inner_text("#legend")
    assert opened.complaints == []


@pytest.mark.slow
def test_words_differ_most_and_provenance_are_said(
    browser: Any, explorer: tuple[Path, Any, Any]
) -> None:
    opened = Opened(browser, explorer[0], 1280)
    page = opened.page
    page.locator("#changed button").first.click()
    assert page.inner_text("#word p") == "0 of 10 neighbours are the same in both tables."
    facts = page.locator("#word dl").first.inner_text().split()
    assert facts[:2] == ["source", "file"]
    assert page.evaluate("document.title").startswith("one and </script>two: 400 words")


@pytest.mark.slow
def test_a_table_of_one_word_and_of_two_dimensions(browser: Any, tmp_path: Path) -> None:
    write_explorer(table_of(["<b>lonely"], [[1.0]]), tmp_path / "one.html")
    opened = Opened(browser, tmp_path / "one.html", 390)
    opened.wait_for(READY)
    opened.page.fill("#search", "<b>")
    opened.page.keyboard.press("Enter")
    assert opened.page.inner_text("#word h2") == "<b>lonely"
    assert opened.complaints == []


@pytest.mark.slow
def test_twenty_thousand_words_are_fluid_and_small(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "large.html"
    write_explorer(random_table(20_000, 16), file)
    assert file.stat().st_size < 5e6
    opened = Opened(browser, file, 1280)
    page = opened.page
    opened.wait_for(READY)
    drawn = page.evaluate(
        """() => {
             const calls = {};
             for (const name of ["fillRect", "measureText", "strokeText", "fillText"]) {
               const whole = pen[name].bind(pen);
               calls[name] = 0;
               pen[name] = (...values) => { calls[name]++; return whole(...values); };
             }
             zoomed(1.1);
             paint();
             return calls;
           }"""
    )
    # What a frame costs on any machine: a point for each word in view, and few of the words.
    assert 10_000 < drawn["fillRect"] <= 20_000
    assert 0 < drawn["fillText"] == drawn["strokeText"] <= drawn["measureText"] < 200
    page.fill("#search", "w19999")
    assert page.locator("#found li").all_inner_texts() == ["w19999"]


@pytest.mark.slow
def test_a_second_map_by_umap(browser: Any, tmp_path: Path) -> None:
    pytest.importorskip("umap")
    rng = np.random.default_rng(0)
    # Three bundles of directions, which a map by neighbours must keep apart.
    centres = np.eye(3, 12)[np.repeat([0, 1, 2], 40)]
    table = table_of([f"w{i}" for i in range(120)], centres + rng.normal(0, 0.05, (120, 12)))
    write_explorer(table, tmp_path / "u.html", umap=True)
    opened = Opened(browser, tmp_path / "u.html", 1280)
    page = opened.page
    opened.wait_for(READY)
    page.select_option("#plane", "UMAP")
    places = np.array(page.evaluate("Array.from(plane())")).reshape(120, 2)
    groups = places.reshape(3, 40, 2)
    within = groups.std(axis=1).max()
    middles = groups.mean(axis=1)
    apart = min(np.linalg.norm(middles[a] - middles[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    assert apart > 3 * within
    assert opened.complaints == []
