"""The folder of a comparison: whole records, and refusal of what is not its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_methods import data_of, fake_comparison, two_methods
from file_modes import umask, wrong_modes

from wordgraft.comparison.record_folder import RecordFolder
from wordgraft.errors import OutputError, ProgressError


def test_a_half_written_record_is_no_finished_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_comparison(tmp_path / "r", monkeypatch, two_methods())
    runs = tmp_path / "r" / "runs"
    (runs / "good-80-1.json").rename(runs / ".good-80-1.json.x1")
    methods = two_methods()
    fake_comparison(tmp_path / "r", monkeypatch, methods, resume=True)
    assert methods["good"].fits == [(80, 1)]
    (runs / "good-80-1.json").write_text('{"method": "good", ')
    with pytest.raises(ProgressError, match=r"good-80-1.json is damaged .*; delete it and resume"):
        fake_comparison(tmp_path / "r", monkeypatch, two_methods(), resume=True)


def test_a_folder_of_other_data_or_of_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_comparison(tmp_path / "r", monkeypatch, two_methods())
    with pytest.raises(OutputError, match="already holds a comparison on these data"):
        fake_comparison(tmp_path / "r", monkeypatch, two_methods())
    with pytest.raises(ProgressError, match=r"comparison on other data \(sha256 "):
        fake_comparison(tmp_path / "r", monkeypatch, two_methods(), data_of(241), resume=True)
    with pytest.raises(ProgressError, match="its trials is 1, this run's is 2"):
        fake_comparison(tmp_path / "r", monkeypatch, two_methods(), resume=True, trials=2)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").write_text("dear")
    with pytest.raises(OutputError, match="exists and holds no comparison"):
        fake_comparison(tmp_path / "home", monkeypatch, two_methods(), force=True)
    fake_comparison(tmp_path / "r", monkeypatch, two_methods(), data_of(241), force=True)


def test_a_folder_that_holds_nothing(tmp_path: Path) -> None:
    with pytest.raises(ProgressError, match="holds no comparison"):
        RecordFolder(tmp_path).description()


def test_starting_over_deletes_records_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "r"
    with umask(0o077):
        fake_comparison(folder, monkeypatch, two_methods())
    assert wrong_modes(folder, 0o077) == {}
    (folder / "runs" / "notes.txt").write_text("mine")
    methods = two_methods()
    fake_comparison(folder, monkeypatch, methods, sizes=[20], seeds=1, force=True)
    assert methods["good"].fits == [(20, 0)]
    assert sorted(path.name for path in (folder / "runs").iterdir()) == [
        *("good-20-0.json", "notes.txt", "poor-20-0.json"),
    ]


def test_a_run_that_is_done_at_last_loses_its_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = two_methods()
    methods["poor"].fault = RuntimeError("no memory")
    fake_comparison(tmp_path / "r", monkeypatch, methods, sizes=[20], seeds=1)
    folder = RecordFolder(tmp_path / "r")
    assert [run.method for run in folder.runs("failed")] == ["poor"]
    fake_comparison(tmp_path / "r", monkeypatch, two_methods(), sizes=[20], seeds=1, resume=True)
    assert folder.runs("failed") == []
    assert [run.method for run in folder.runs()] == ["good", "poor"]
