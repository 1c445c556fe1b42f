"""Progress on disk: whole or not at all, of this run or refused, and cheap to save."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from wordgraft.core import run_state
from wordgraft.core.run_state import (
    RunState,
    check_same_run,
    discard,
    pack_texts,
    read_record,
    unpack_texts,
    write_record,
)
from wordgraft.errors import OutputError, ProgressError

RUN = {"rate": 1e-3, "layers": (3, 6), "texts": 3}
FILE = "sums.state.safetensors"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A folder with one snapshot of the run above."""
    folder = tmp_path / "progress"
    arrays = {"states": np.arange(4.0), "hashes": np.array([2**64 - 1], np.uint64)}
    RunState(folder, RUN).save("sums", arrays, {"sentences": 1})
    return folder


def test_a_snapshot_comes_back_with_its_types(saved: Path) -> None:
    snapshot = RunState(saved, RUN).load("sums")
    assert snapshot is not None
    assert snapshot.values == {"sentences": 1}
    assert snapshot.arrays["states"].tolist() == [0, 1, 2, 3]
    assert snapshot.arrays["hashes"].dtype == np.uint64
    assert snapshot.arrays["hashes"].tolist() == [2**64 - 1]
    assert RunState(saved, RUN).load("sample") is None
    assert RunState(None, RUN).load("sums") is None


def test_another_run_is_refused_and_the_difference_named(saved: Path) -> None:
    message = r"its rate is 0.001, this run's is 0.01; continue .* or start over with resume=False"
    with pytest.raises(ProgressError, match=message):
        RunState(saved, {**RUN, "rate": 1e-2}).load("sums")
    message = r"its layers is \[3, 6\], this run's is None \(also different: texts, seed\)"
    with pytest.raises(ProgressError, match=message):
        RunState(saved, {"rate": 1e-3, "seed": 4}).load("sums")


def test_only_the_keys_asked_for_must_be_equal(tmp_path: Path) -> None:
    check_same_run({"a": [1], "b": 2}, {"a": (1,), "b": 3}, place=tmp_path, keys=["a"])
    with pytest.raises(ProgressError, match=r"its b is 2, this run's is 3.*start over with -f"):
        check_same_run({"b": 2}, {"b": 3}, place=tmp_path, keys=["a", "b"], start_over="-f")


def test_resume_false_clears_what_was_saved_and_nothing_else(saved: Path) -> None:
    (saved / "notes.txt").write_text("x")
    assert RunState(saved, {"another": "run"}, resume=False).load("sums") is None
    assert [path.name for path in saved.iterdir()] == ["notes.txt"]


def test_drop_deletes_one_snapshot(saved: Path) -> None:
    state = RunState(saved, RUN)
    state.save("sample", {})
    state.drop("sums")
    assert [path.name for path in saved.iterdir()] == ["sample.state.safetensors"]


@pytest.mark.parametrize("damage", ["a byte changed", "cut short"])
def test_damage_is_named(saved: Path, damage: str) -> None:
    content = (saved / FILE).read_bytes()
    (saved / FILE).write_bytes(content[:-1] + b"x" if damage == "a byte changed" else content[:90])
    with pytest.raises(ProgressError, match=rf"{FILE} is damaged .*start over with resume=False"):
        RunState(saved, RUN).load("sums")


def test_a_full_disk_leaves_the_last_snapshot_whole(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(run_state, "write_tensors", full)
    with pytest.raises(OutputError, match="the disk is full"):
        RunState(saved, RUN).save("sums", {"states": np.zeros(4)}, {"sentences": 2})
    monkeypatch.undo()
    snapshot = RunState(saved, RUN).load("sums")
    assert snapshot is not None
    assert snapshot.values == {"sentences": 1}
    assert [path.name for path in saved.iterdir()] == [FILE]


def test_saving_takes_a_small_part_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(run_state.time, "monotonic", lambda: clock[0])
    state = RunState(tmp_path, {}, save_every=30)
    saved_at = []

    def content() -> tuple[dict[str, np.ndarray], dict[str, object]]:
        saved_at.append(clock[0])
        clock[0] += 6  # a large table
        return {"a": np.zeros(1)}, {}

    for second in range(400):
        clock[0] = max(clock[0], second)
        state.save_if_due("sums", content)
    assert saved_at == [30, 156, 282]  # a twentieth of the time, not every 30 seconds


def test_discard_leaves_files_of_others_alone(saved: Path) -> None:
    for name in (".hidden", "notes.txt", f".{FILE}.abc", "trials.log"):
        (saved / name).write_text("x")
    discard(saved, "trials.log")
    assert {path.name for path in saved.iterdir()} == {".hidden", "notes.txt"}
    (saved / ".hidden").unlink()
    (saved / "notes.txt").unlink()
    discard(saved)
    assert not saved.exists()
    discard(saved)


def test_records_come_back_and_damage_is_named(tmp_path: Path) -> None:
    write_record(tmp_path / "a.json", {"rate": np.float64(0.5), "names": ["é"]})
    assert read_record(tmp_path / "a.json") == {"rate": 0.5, "names": ["é"]}
    (tmp_path / "a.json").write_text('{"rate"')
    with pytest.raises(ProgressError, match=r"a.json is damaged .*; delete it and resume"):
        read_record(tmp_path / "a.json")
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(ProgressError, match="not a JSON object"):
        read_record(tmp_path / "a.json")


@pytest.mark.parametrize("texts", [[], ["one"], ["", "é", ""]])
def test_packed_texts_come_back(texts: list[str]) -> None:
    assert unpack_texts(pack_texts(texts)) == texts
