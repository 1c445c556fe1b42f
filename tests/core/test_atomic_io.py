"""Whole or nothing, whatever comes between."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
from file_modes import modes, umask, wrong_modes
from processes import finished

from wordgraft.core.atomic_io import check_output, new_file, new_folder, sha256, write_tensors
from wordgraft.errors import OutputError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _folder(path: Path, content: str, *, force: bool = False) -> None:
    with new_folder(path, force=force, marker="m.json") as folder:
        (folder / "m.json").write_text(content)


def _file(path: Path, content: str, *, force: bool = False) -> None:
    with new_file(path, force=force) as scratch:
        scratch.write_text(content)


def _content(path: Path) -> str:
    return (path / "m.json" if path.is_dir() else path).read_text()


@pytest.mark.parametrize("write", [_folder, _file])
def test_an_output_appears_whole_and_alone(tmp_path: Path, write) -> None:
    write(tmp_path / "out", "one")
    assert _content(tmp_path / "out") == "one"
    with pytest.raises(OutputError, match="already exists; choose another name, or replace it"):
        write(tmp_path / "out", "two")
    assert _content(tmp_path / "out") == "one"
    write(tmp_path / "out", "two", force=True)
    assert _content(tmp_path / "out") == "two"
    assert names(tmp_path) == ["out"]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX systems")
@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077], ids=oct)
def test_modes_are_those_of_any_new_file(tmp_path: Path, mask: int) -> None:
    """safetensors writes files that only the user may read; other libraries follow the umask."""
    with umask(mask):
        with new_folder(tmp_path / "folder", force=False, marker="m.json") as folder:
            (folder / "m.json").write_text("{}")
            (folder / "inner").mkdir(0o700)
            write_tensors(folder / "inner" / "a.safetensors", {"a": np.ones(3)})
        with new_file(tmp_path / "file", force=False) as scratch:
            write_tensors(scratch, {"a": np.ones(3)})
    assert len(modes(tmp_path)) == 5
    assert wrong_modes(tmp_path, mask) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX systems")
def test_what_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    _folder(tmp_path / "folder", "one")
    _file(tmp_path / "file", "one")
    for name, mode in (("folder", 0o750), ("folder/m.json", 0o640), ("file", 0o600)):
        (tmp_path / name).chmod(mode)
    before = modes(tmp_path)
    with umask(0o022):
        with new_folder(tmp_path / "folder", force=True, marker="m.json") as folder:
            assert stat.S_IMODE(folder.stat().st_mode) == 0o750, "is already as private"
            (folder / "m.json").write_text("two")
            (folder / "new").write_text("two")
        with new_file(tmp_path / "file", force=True) as scratch:
            assert stat.S_IMODE(scratch.stat().st_mode) == 0o600, "is already as private"
            scratch.write_text("two")
    assert modes(tmp_path) == before | {"folder/new": "644"}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError(), SystemExit(1)], ids=repr)
@pytest.mark.parametrize("make", [new_folder, new_file])
def test_what_breaks_off_leaves_what_was_there(tmp_path: Path, make, error: BaseException) -> None:
    path = tmp_path / "out"
    (_folder if make is new_folder else _file)(path, "before")
    with pytest.raises(type(error)):
        _half(make, path, error)
    assert _content(path) == "before"
    assert names(tmp_path) == ["out"]


def _half(make, path: Path, error: BaseException) -> None:
    options = {"marker": "m.json"} if make is new_folder else {}
    with make(path, force=True, **options) as scratch:
        (scratch / "m.json" if make is new_folder else scratch).write_text("half")
        raise error


def test_a_break_between_the_two_renames_puts_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _folder(tmp_path / "out", "before")
    rename, calls = Path.rename, []

    def interrupted(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _folder(tmp_path / "out", "after", force=True)
    assert _content(tmp_path / "out") == "before"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full; free some space"),
        (errno.EDQUOT, "the disk is full; free some space"),
        (errno.EROFS, "permission denied; check the permissions"),
        (errno.EFBIG, r"exceed the size limit \(see ulimit -f\)"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_the_system_refuses_and_the_output_is_named(
    tmp_path: Path, number: int, reason: str
) -> None:
    for make in (_refused_folder, _refused_file):
        with pytest.raises(
            OutputError, match=rf"cannot write .*/out: .*{reason}.*nothing was written"
        ):
            make(tmp_path / "out", OSError(number, os.strerror(number)))
    assert names(tmp_path) == []


def _refused_folder(path: Path, error: OSError) -> None:
    with new_folder(path, force=False, marker="m.json"):
        raise error


def _refused_file(path: Path, error: OSError) -> None:
    with new_file(path, force=False):
        raise error


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of POSIX systems")
def test_tensors_beyond_the_limit_of_a_file(tmp_path: Path) -> None:
    """safetensors reports in words what the system refused; it comes out as any other refusal."""
    code = (
        "import resource, signal, sys, numpy as np; from pathlib import Path\n"
        "from wordgraft.core.atomic_io import new_folder, write_tensors\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "with new_folder(Path(sys.argv[1]), force=False, marker='m') as folder:\n"
        "    write_tensors(folder / 'a.safetensors', {'a': np.ones(100_000)})\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "out")]
    done = finished(command)
    assert "OutputError: cannot write" in done.stderr
    assert "exceed the size limit" in done.stderr
    assert names(tmp_path) == []


def test_force_replaces_only_what_wordgraft_wrote(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").write_text("dear")
    (tmp_path / "note").write_text("x")
    _folder(tmp_path / "table", "x")
    (tmp_path / "link").symlink_to(tmp_path / "table")
    for name, marker in (
        ("home", "m.json"),
        ("note", "m.json"),
        ("home", None),
        ("link", "m.json"),
    ):
        with pytest.raises(OutputError, match="so it is not replaced even with force=True"):
            check_output(tmp_path / name, force=True, marker=marker)
    check_output(tmp_path / "table", force=True, marker="m.json")
    with pytest.raises(OutputError, match="nowhere is not a folder; create it first"):
        check_output(tmp_path / "nowhere" / "out", force=False)


def test_tensors_come_back_and_hashes_are_of_the_bytes(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    array = np.arange(12, dtype=np.float16).reshape(3, 4)
    write_tensors(tmp_path / "a", {"t": array.T})
    np.testing.assert_array_equal(load_file(tmp_path / "a")["t"], array.T)
    (tmp_path / "b").write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "b") == digest
