"""`wordgraft cache`."""

from __future__ import annotations

from pathlib import Path

from commands import run


def test_features_are_kept_shown_pruned_and_cleared(tags_folder: Path, tmp_path: Path) -> None:
    train = (
        *("train", "train.conll", "--task", "tag", "--frozen-encoder", "bert", "--epochs", 1),
        *("--network", "cnn", "--layers", "0,2", "--force"),
    )
    empty = run("cache", cwd=tags_folder, env={"WORDGRAFT_CACHE": str(tmp_path)})
    assert "0 B" in empty.stdout
    first = run(
        *train, "-o", tmp_path / "m", cwd=tags_folder, env={"WORDGRAFT_CACHE": str(tmp_path)}
    )
    assert first.returncode == 0, first.stderr
    assert "encoding 4 texts of 16 words" in first.stderr
    again = run(
        *train, "-o", tmp_path / "m", cwd=tags_folder, env={"WORDGRAFT_CACHE": str(tmp_path)}
    )
    assert "encoding" not in again.stderr
    shown = run("cache", "show", cwd=tags_folder, env={"WORDGRAFT_CACHE": str(tmp_path)})
    assert "0,2" in shown.stdout
    assert "words" in shown.stdout
    assert (
        run("cache", "prune", cwd=tags_folder, env={"WORDGRAFT_CACHE": str(tmp_path)}).returncode
        == 2
    )
    assert (
        run(
            "cache",
            "prune",
            "--size",
            "big",
            cwd=tags_folder,
            env={"WORDGRAFT_CACHE": str(tmp_path)},
        ).returncode
        == 2
    )
    kept = run(
        "cache",
        "prune",
        "--size",
        "1G",
        "--days",
        "3",
        cwd=tags_folder,
        env={"WORDGRAFT_CACHE": str(tmp_path)},
    )
    assert "deleted  0 sets of vectors" in kept.stdout
    cleared = run("cache", "clear", cwd=tags_folder, env={"WORDGRAFT_CACHE": str(tmp_path)})
    assert "deleted  1 sets of vectors" in cleared.stdout
    assert list((tmp_path / "features").iterdir()) == []
    none = run(
        *train,
        "--set",
        "first_layer__cache=none",
        "-o",
        tmp_path / "m",
        cwd=tags_folder,
        env={"WORDGRAFT_CACHE": str(tmp_path)},
    )
    assert none.returncode == 0
    assert list((tmp_path / "features").iterdir()) == []
