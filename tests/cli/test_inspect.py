"""`wordgraft inspect`."""

from __future__ import annotations

from pathlib import Path

from commands import run

from wordgraft.table import EmbeddingTable


def test_inspect_sums_up_a_table_and_looks_at_words(texts_folder: Path) -> None:
    done = run("inspect", "t.table", "--texts", "train.csv", cwd=texts_folder)
    assert done.returncode == 0, done.stderr
    assert "rows x 32, float32" in done.stdout
    assert "covered: 100.0% of the tokens" in done.stdout
    done = run("inspect", "t.table", "sun", "--top", "2", cwd=texts_folder)
    table = EmbeddingTable.load(texts_folder / "t.table")
    assert [line.split()[0] for line in done.stdout.splitlines()[3:]] == [
        word for word, _ in table.neighbours("sun", top=2)
    ]


def test_inspect_compares_the_methods_on_unknown_words(texts_folder: Path, tmp_path: Path) -> None:
    from wordgraft.oov import method_of

    texts = ["the sun suns unheard", "suns suns unheard rain-sun", "the rain"]
    (tmp_path / "texts.csv").write_text("\n".join(["text", *texts]) + "\n")
    done = run(
        "inspect",
        "t.table",
        "--oov-texts",
        tmp_path / "texts.csv:text",
        "--top",
        "1",
        cwd=texts_folder,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "6 of 12 running words (3 of 6 different ones) are out of vocabulary" in lines[0]
    assert lines[1] == "covered: 50.0% of the tokens, 50.0% of the distinct words"
    header, first, second = (line.split() for line in lines[2:5])
    assert header[-4:] == ["*", "pieces", "neighbours", "encoder"]
    assert (first[:3], second[:3]) == (["suns", "3", "pieces"], ["unheard", "2", "pieces"])
    table = EmbeddingTable.load(texts_folder / "t.table")
    vector = method_of(table, "neighbours").vectors(["suns"])[0]
    assert first[-2] == table.neighbours_of(vector, top=1)[0][0]
    assert "they are not fitted to this table: blend" in done.stderr
