"""Tables pushed to a hub on this machine, and fetched from it again."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hub import Hub, serve
from numpy.testing import assert_array_equal
from processes import finished
from tables import RECIPE, random_table

import wordgraft as wg
from wordgraft.errors import OutputError
from wordgraft.export.formats import push, write_hub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    running = Hub({}, token="hf_good", pushed=tmp_path_factory.mktemp("hub"))
    with serve(running):
        yield running


@pytest.fixture
def table(tmp_path: Path) -> Path:
    replace(random_table(100, 8), recipe=RECIPE).save(tmp_path / "t.table")
    (tmp_path / "pairs.tsv").write_text("w1\tw2\t1\nw3\tw4\t2\nw5\tw5\t9\nw5\tnowhere\t3\n")
    return tmp_path / "t.table"


def run(hub: Hub, table: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """The command in a process of its own: huggingface_hub reads its settings when imported."""
    settings = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_TOKEN": "hf_good"}
    settings |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    settings |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HOME": str(table.parent / "home")}
    code = "from wordgraft.cli import main; main()"
    done = finished(
        [sys.executable, "-c", code, "push", table, *arguments],
        cwd=table.parent,
        env={**os.environ, **settings, **environment},
    )
    return done.returncode, done.stdout, done.stderr


def test_a_pushed_table_is_the_same_when_fetched(hub: Hub, table: Path) -> None:
    code, out, err = run(hub, table, "me/words", "--pairs", "pairs.tsv")
    assert code == 0, err
    assert out == f"{hub.url}/me/words/commit/{hub.commit('me/words', 'main')}\n"
    assert any(path.endswith("/info/lfs/objects/batch") for path in hub.asked)
    fetch = (
        "import wordgraft as wg\n"
        "table = wg.EmbeddingTable.load('me/words')\n"
        "print(table.rows().astype('float64').sum(), table.vocabulary.counts.sum())\n"
        "try: wg.EmbeddingTable.load('me/none')\n"
        "except wg.WordgraftError as error: print(type(error).__name__, error)"
    )
    settings = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_HOME": str(table.parent / "h")}
    done = finished(
        [sys.executable, "-c", fetch],
        env={**os.environ, **settings, "HF_HUB_DISABLE_PROGRESS_BARS": "1"},
    )
    mine = wg.EmbeddingTable.load(table)
    total = mine.rows().astype(np.float64).sum()
    figures, error = done.stdout.splitlines()
    assert figures == f"{total} {mine.vocabulary.counts.sum()}", done.stderr
    assert error.startswith("TableError there is no folder and no hub model 'me/none'")
    assert error.endswith(
        "a table is a folder that 'wordgraft table' made, or owner/name on the hub"
    )
    assert hub.pushed is not None
    pushed = hub.pushed / "me" / "words"
    assert "secret" not in "".join(
        file.read_text("utf-8") for file in pushed.iterdir() if file.suffix in (".md", ".json")
    )
    spearman = wg.word_similarity(mine, wg.read_pairs(table.parent / "pairs.tsv")).spearman
    assert f"| pairs.tsv | {spearman:.3f} | 3 of 4 |" in (pushed / "README.md").read_text()


@pytest.mark.parametrize("kind", ["model2vec", "sentence-transformers"])
def test_other_kinds_of_files(hub: Hub, table: Path, kind: str) -> None:
    for _ in range(2):  # the second time, the repository is there
        code, _, err = run(hub, table, f"me/{kind}", "--as", kind)
        assert code == 0, err
    assert hub.pushed is not None
    back = wg.read_vectors(hub.pushed / "me" / kind)
    assert back.recipe["format"] == kind
    assert back.recipe["made_by"]["corpus"] == [["news.txt", 3]]
    assert_array_equal(back.vectors, wg.EmbeddingTable.load(table).rows())
    assert f"library_name: {kind}" in (hub.pushed / "me" / kind / "README.md").read_text()


@pytest.mark.parametrize(
    ("repo", "environment", "message"),
    [
        ("me/words", {"HF_TOKEN": "hf_bad"}, "me/words: you are not logged in to the hub"),
        ("others/words", {}, "your token has no write access"),
        ("a/b/c", {}, "'a/b/c' is not a valid repository name"),
        ("me/words", {"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set; unset it and run again"),
        ("me/words", {"HF_ENDPOINT": "http://127.0.0.1:9"}, "nothing was committed: run it again"),
    ],
    ids=["bad token", "no rights", "bad name", "offline", "no hub"],
)
def test_a_push_that_cannot_be(
    hub: Hub, table: Path, repo: str, environment: dict[str, str], message: str
) -> None:
    code, out, err = run(hub, table, repo, **environment)
    assert (code, out) == (1, "")
    assert message in err
    assert len(err.splitlines()) == 1


def test_a_folder_to_look_at(hub: Hub, table: Path) -> None:
    asked = len(hub.asked)
    code, out, err = run(hub, table, "me/words", "--folder", "look", HF_HUB_OFFLINE="1")
    assert (code, out, err) == (0, "look: written, not uploaded\n", "")
    assert len(hub.asked) == asked
    assert len(wg.EmbeddingTable.load(table.parent / "look")) == 102


def test_a_kind_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="unknown kind of folder 'xml'; the kinds are hub"):
        write_hub(random_table(5, 2), tmp_path / "x", kind="xml")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OutputError, match="HF_HUB_OFFLINE is set"):
        push(random_table(5, 2), "me/words")
