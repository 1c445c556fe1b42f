"""`wordgraft explore`: pages of one table and of two."""

from __future__ import annotations

from pathlib import Path

from commands import run


def test_explore_writes_a_page_of_one_table_and_of_two(texts_folder: Path, tmp_path: Path) -> None:
    for source in ("composed", "lookup"):
        options = ["--texts", "train.csv:text", "--source", source, "-q"]
        made = run("table", "bert", "-o", tmp_path / f"{source}.table", *options, cwd=texts_folder)
        assert made.returncode == 0, made.stderr
    done = run("explore", "composed.table", "-o", "e.html", "--max-words", 5, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("e.html: 5 words, 0.0 MB; ")
    done = run(
        *("explore", "composed.table", "--with", "lookup.table", "-o", "e.html"),
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert "e.html already exists" in done.stderr
    done = run(
        *("explore", "composed.table", "--with", "lookup.table", "-o", "e.html"),
        "--force",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "neighbours that both tables share: " in done.stdout
