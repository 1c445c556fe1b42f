"""`wordgraft push`: the files of a repository, written to a folder."""

from __future__ import annotations

from pathlib import Path

from commands import run


def test_a_card_states_the_correlation_with_human_scores(
    texts_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "pairs.tsv").write_text("sun\train\t1\nwarm\tcold\t5\nsun\tsun\t9\n")
    options = ["--pairs", tmp_path / "pairs.tsv", "--folder", tmp_path / "hub"]
    done = run("push", "t.table", "me/news", *options, cwd=texts_folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{tmp_path / 'hub'}: written, not uploaded\n"
    measured = run("similarity", "t.table", tmp_path / "pairs.tsv", cwd=texts_folder)
    spearman = measured.stdout.splitlines()[1].split()[1]
    card = (tmp_path / "hub" / "README.md").read_text("utf-8")
    assert "pairs.tsv" in card
    assert spearman in card


def test_an_unknown_format_is_refused(texts_folder: Path) -> None:
    done = run("push", "t.table", "me/news", "--as", "xml", cwd=texts_folder)
    assert done.returncode == 2
    assert "'xml' is not one of hub, model2vec, sentence-transformers" in " ".join(
        done.stderr.replace("│", " ").split()
    )
