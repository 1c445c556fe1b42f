"""`wordgraft compare`: files in, a page out; interrupted, resumed, refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import interrupted_in, run
from fake_methods import texts_of

COLUMNS = ("--text", "said", "--label", "kind")


def write(path: Path, n: int, seed: int = 0) -> None:
    texts, labels = texts_of(n, seed=seed)
    rows = [f"{text},{label}" for text, label in zip(texts, labels, strict=True)]
    path.write_text("\n".join(["said,kind", *rows]) + "\n")


@pytest.fixture(scope="module")
def place(tiny_checkpoint: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data and a finished comparison of them."""
    folder = tmp_path_factory.mktemp("compare")
    write(folder / "train.csv", 120)
    write(folder / "test.csv", 60, seed=1)
    (folder / "bert").symlink_to(tiny_checkpoint("bert"))
    done = run(
        *("compare", "train.csv", *COLUMNS, "--test", "test.csv", "-o", "report", "--seeds", 2),
        *("--methods", "tfidf,random,composed", "--checkpoint", "bert", "--sizes", "24,all"),
        *("--jobs", 1),
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    (folder / "stdout").write_text(done.stdout)
    return folder


def test_it_says_what_to_take_and_where_the_page_is(place: Path) -> None:
    lines = (place / "stdout").read_text().splitlines()
    assert lines[0].split()[2:] == ["validation", "test", "seconds", "ms", "per", "text", "MB"]
    assert {line.split()[0] for line in lines[1:4]} == {"tfidf", "random", "composed"}
    (taken,) = (line for line in lines if line.startswith("Take "))
    assert re.match(r"Take tfidf with 9\d labels", taken)  # each text says its label
    assert lines[-1] == "report/index.html"
    page = (place / "report" / "index.html").read_text("utf-8")
    assert taken in page
    assert "wordgraft compare train.csv --text said --label kind" in page
    assert len(list((place / "report" / "runs").glob("*.json"))) == 12


def test_resuming_takes_everything_from_the_folder(place: Path, tmp_path: Path) -> None:
    before = {p.name: p.read_text() for p in (place / "report" / "runs").iterdir()}
    (place / "report" / "runs" / "random-24-1.json").unlink()
    options = ("--for-labels", 24, "--jobs", 1, "-q")
    done = run("compare", "--resume", place / "report", *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "24 labels" in done.stdout.splitlines()[0]
    after = {p.name: p.read_text() for p in (place / "report" / "runs").iterdir()}
    assert before.keys() == after.keys()
    changed = [name for name in before if before[name] != after[name]]
    assert changed in ([], ["random-24-1.json"])
    one, other = (json.loads(each["random-24-1.json"]) for each in (before, after))
    assert one["predictions"] == other["predictions"]


def test_a_report_of_other_data_is_refused(place: Path, tmp_path: Path) -> None:
    write(tmp_path / "other.csv", 100)
    done = run(
        *("compare", "other.csv", *COLUMNS, "-o", place / "report", "--methods", "tfidf"),
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "holds a comparison on other data (sha256" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["-o", "x"], 2, "give DATA and --output, or --resume FOLDER"),
        (["train.csv"], 2, "give DATA and --output, or --resume FOLDER"),
        (["train.csv", "-o", "x", "--budget", "10"], 2, "'10' is not a time limit; write 90s"),
        (
            ["train.csv", "-o", "x", "--sizes", "few"],
            2,
            "'few' is neither a number of texts nor 'all'",
        ),
        (["train.csv", "-o", "x", "--task", "sing"], 2, "'sing' is not one of classify, tag"),
        (
            ["train.csv", "--resume", "x"],
            2,
            "--resume takes the data and the options from its folder",
        ),
        (["--resume", "nowhere"], 1, "nowhere holds no comparison"),
        (
            ["train.csv", "-o", "x", "--methods", "magic"],
            1,
            "there is no method magic; expected one of tfidf",
        ),
        (["train.csv", "-o", "x", "--methods", "vectors"], 1, "cannot run: it needs --vectors"),
        (["train.csv", "-o", "x", "--text", "words"], 1, "has no column 'words'"),
        (["train.csv", "-o", "no/where/x", "--methods", "tfidf"], 1, "no/where is not a folder"),
    ],
)
def test_wrong_usage_is_said_before_any_work(
    place: Path, arguments: list[str], code: int, message: str
) -> None:
    if "--text" not in arguments:
        arguments = [*arguments, *COLUMNS]
    done = run("compare", *arguments, cwd=place)
    assert done.returncode == code, done.stderr
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
    assert not (place / "x" / "index.html").exists()


def test_ctrl_c_writes_the_page_of_what_was_done(place: Path) -> None:
    stopped = interrupted_in(
        "wordgraft.comparison.runners.local:attempted",
        *("compare", "train.csv", *COLUMNS, "-o", "stopped", "--seeds", 2, "--sizes", "24,all"),
        *("--methods", "tfidf,isolated,composed", "--checkpoint", "bert", "--jobs", 1),
        call=5,
        cwd=place,
    )
    assert stopped.returncode == 130, stopped.stderr
    message = "note: interrupted: 8 of 12 runs are missing; continue with --resume stopped"
    assert message in " ".join(stopped.stderr.split())
    assert "Traceback" not in stopped.stderr
    assert stopped.stdout.splitlines()[-1] == "stopped/index.html"
    assert len(list((place / "stopped" / "runs").iterdir())) == 4
    assert (place / "stopped" / "index.html").stat().st_size > 500_000


def test_tags_are_compared_too(place: Path) -> None:
    lines = []
    for number in range(60):
        person = ("Anna Weber", "Weber")[number % 2].split()
        tags = ["B-PER", "I-PER"][: len(person)]
        words = [*(f"{w} {t}" for w, t in zip(person, tags, strict=True)), "waits O", f"{number} O"]
        lines += [*words, "in O", "London B-LOC" if number % 3 else "rain O", ""]
    (place / "tags.conll").write_text("\n".join(lines) + "\n")
    done = run(
        *("compare", "tags.conll", "--task", "tag", "-o", "tags", "--methods", "random,composed"),
        *("--checkpoint", "bert", "--seeds", 1, "--sizes", "all", "--network", "bilstm"),
        *("--jobs", 1),
        cwd=place,
    )
    assert done.returncode == 0, done.stderr
    page = (place / "tags" / "index.html").read_text("utf-8")
    assert "entity F1" in page
    record = json.loads(next((place / "tags" / "runs").glob("composed-*.json")).read_text())
    assert record["scores"]["test"]["entity F1"] > 0.4
