"""`wordgraft evaluate`."""

from __future__ import annotations

from pathlib import Path

from commands import run


def test_evaluate_prints_every_figure(texts_folder: Path) -> None:
    done = run("evaluate", "m.model", "train.csv", cwd=texts_folder)
    assert "accuracy  1.0000" in done.stdout
    assert "macro-F1  1.0000" in done.stdout
    assert done.stdout.splitlines()[-1].split() == ["good", "0", "20"]


def test_missing_texts_are_counted(texts_folder: Path, tmp_path: Path) -> None:
    lines = ["text,label", "warm,good", ",good", "cold,bad", "sun,good", "rain,bad"]
    (tmp_path / "holes.csv").write_text("\n".join(lines))
    done = run("evaluate", texts_folder / "m.model", tmp_path / "holes.csv")
    assert done.returncode == 0
    assert "1 of 5 rows lack a value in text or label and were left out" in done.stderr
    assert done.stdout.splitlines()[0].split() == ["texts", "4"]


def test_evaluate_scores_entities(tags_folder: Path) -> None:
    done = run("evaluate", "m.model", "test.conll", cwd=tags_folder)
    assert done.returncode == 0, done.stderr
    for line in ("sentences   11", "precision", "recall", "F1, unseen", "LOC", "PER"):
        assert line in done.stdout
    assert "(1 entities not in the training data)" in done.stdout


def test_evaluate_names_types_the_model_does_not_know(tags_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "new.conll").write_text("Anna\tB-PER\nIBM\tB-ORG\n")
    done = run("evaluate", tags_folder / "m.model", tmp_path / "new.conll", cwd=tags_folder)
    assert (
        "1 of 1 texts have entity types that the model does not know (ORG; it knows" in done.stderr
    )
