"""`wordgraft similarity`."""

from __future__ import annotations

from pathlib import Path

from commands import run


def test_similarity_reads_several_files(texts_folder: Path) -> None:
    (texts_folder / "a.tsv").write_text("sun\train\t1\nwarm\tcold\t5\nsun\tsun\t9\n")
    (texts_folder / "b.tsv").write_text("sun\tnowhere\t1\nsun\tsun\t3\nsun\twarm\t2\n")
    done = run("similarity", "t.table", "a.tsv", "b.tsv", cwd=texts_folder)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == ["pairs", "a.tsv", "b.tsv"]
    assert [line[2:] for line in lines[1:]] == [["3", "3"], ["2", "3"]]
    assert lines[2][1] == "1.000"
    every = run("similarity", "t.table", "b.tsv", "--oov", "table", cwd=texts_folder)
    assert every.stdout.splitlines()[1].split()[2:] == ["3", "3"]
