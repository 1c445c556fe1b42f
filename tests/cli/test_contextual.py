"""`wordgraft table --source contextual`: corpora, vocabularies, interruption and going on."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import commands
import pytest

from wordgraft.table import EmbeddingTable


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return commands.run("table", *arguments, cwd=cwd)


@pytest.fixture
def place(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], tmp_path: Path
) -> tuple[Path, list[object]]:
    """A folder with a corpus in two files, and the arguments that all runs share."""
    (tmp_path / "a.txt").write_text("\n".join(sentences[:20]))
    with gzip.open(tmp_path / "b.txt.gz", "wt") as file:
        file.write("\n".join(sentences[20:]))
    corpus = ["--corpus", "a.txt", "--corpus", "b*.gz"]
    return tmp_path, [tiny_checkpoint("bert"), "--source", "contextual", *corpus]


def test_the_corpus_brings_words_and_contexts(place: tuple[Path, list[object]]) -> None:
    folder, arguments = place
    done = run(
        *arguments, "-o", "t", "--max-words", 20, "--contexts", 2, "--layers", "1,2", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    assert "t: 22 rows of 32 numbers" in done.stdout
    assert "1 padding, 1 isolated, 20 contextual" in done.stdout
    assert "% of the corpus's" in done.stderr
    assert "tokens/s on cpu" in done.stderr
    table = EmbeddingTable.load(folder / "t")
    assert table.recipe["layers"] == [1, 2]
    assert [name for name, _ in table.recipe["corpus"]] == ["a.txt", "b.txt.gz"]
    assert (table.provenance.contexts[2:] >= 2).all()
    assert not (folder / "t.progress").exists()
    (folder / "w.txt").write_text("rain\nriver\nnowhere\n")
    done = run(*arguments, "-o", "w", "--words", "w.txt", "--all-contexts", "-q", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "2 isolated, 2 contextual" in done.stdout


def test_a_broken_corpus_is_refused_or_kept_in_part(place: tuple[Path, list[object]]) -> None:
    folder, arguments = place
    whole = (folder / "b.txt.gz").read_bytes()
    (folder / "b.txt.gz").write_bytes(whole[: len(whole) // 2])
    done = run(*arguments, "-o", "t", cwd=folder)
    assert done.returncode == 1
    assert "b.txt.gz is damaged" in done.stderr
    assert not (folder / "t.progress").exists()
    assert "Traceback" not in done.stderr
    assert not (folder / "t").exists()
    done = run(*arguments, "-o", "t", "--skip-bad", "--no-resume", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (
        "left out of the corpus: 0 unreadable texts, and what lies behind the damage in b.txt.gz"
        in (done.stderr)
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--contexts", "2", "--all-contexts"], "give either --contexts or --all-contexts"),
        (
            ["--source", "isolated", "--words", "a.txt"],
            "--corpus: no effect with --source isolated",
        ),
        (["--layer", "1"], "--layer: no effect with --source contextual, only with isolated"),
        (["--pieces", "--max-words", "3"], "have no effect without --texts"),
        (["--contexts", "0"], "Invalid value for '--contexts'"),
    ],
)
def test_wrong_usage(place: tuple[Path, list[object]], more: list[str], message: str) -> None:
    folder, arguments = place
    done = run(*arguments, "-o", "t", *more, cwd=folder)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert not (folder / "t.progress").exists()


@pytest.mark.slow
def test_ctrl_c_leaves_what_the_next_run_goes_on_from(minilm: str, tmp_path: Path) -> None:
    from tiny import SENTENCES

    (tmp_path / "c.txt").write_text(
        "\n".join(f"{i} {text}" for i in range(60) for text in SENTENCES)
    )
    arguments = [minilm, "--source", "contextual", "--corpus", "c.txt", "-o", "t", "--all-contexts"]
    command = [sys.executable, "-c", commands.MAIN, "table", *arguments]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    for _ in range(1200):
        if (tmp_path / "t.progress" / "chosen.safetensors").exists():
            break
        time.sleep(0.1)
    time.sleep(1)
    os.kill(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=120)
    assert running.returncode == 1
    assert "t.progress holds what was done; run the same command again to go on" in errors
    assert errors.splitlines()[-1] == "wordgraft: interrupted; nothing was written"
    other = run(*arguments, "--seed", 5, cwd=tmp_path)
    assert other.returncode == 1
    assert "its seed is 0, this run's is 5" in other.stderr
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c.txt", "t"]
