"""Every command has help; errors are one line and an exit code."""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path

import pytest
from commands import run
from processes import finished

from wordgraft.errors import TableError

COMMANDS = (
    *("table", "inspect", "similarity", "export", "push", "train", "predict", "evaluate"),
    *("cache", "compare", "explore", "forgetting", "matrix"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert f"Example: wordgraft {command} " in done.stdout
    assert "--quiet" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["table", "x", "-o", "y"],
        ["table", "x", "-o", "y", "--pieces", "--words", "z"],
        ["table", "x", "-o", "y", "--pieces", "--source", "magic"],
        ["table", "x", "-o", "y", "--pieces", "--source", "lookup", "--layer", "2"],
        ["export", "x", "--to", "xml", "-o", "y"],
        ["export", "x", "--to", "npz", "-o", "y", "--oov", "blend"],
        ["export", "x", "--to", "npz", "-o", "y", "--words", "z", "--oov", "magic"],
        ["predict", "x"],
        ["nonsense"],
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error" in done.stderr


@pytest.mark.parametrize("library", ["typer", "rich"])
def test_without_the_libraries_of_the_command_line(
    monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    done = run("--help")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"wordgraft: the command wordgraft needs {library}, which is not installed: "
        "pip install 'wordgraft[cli]'\n"
    )


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids=" ".join)
def test_h_is_help(command: tuple[str, ...]) -> None:
    done = run(*command, "-h")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run(*command, "--help").stdout


def test_summaries_are_not_cut_off() -> None:
    done = run("--help", env={"COLUMNS": "80"})
    assert "..." not in done.stdout.partition("Commands:")[2]
    assert max(map(len, done.stdout.splitlines())) < 80


def test_an_argument_that_is_not_utf8_is_refused() -> None:
    done = run("predict", "x.model", "caf\udce9")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "wordgraft: the argument 'caf\\udce9' is not valid UTF-8\n"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "there is not enough memory\n"),
        (TypeError("what\nis this"), "unexpected error (TypeError: what); this may be a bug: "),
        (PermissionError(13, "Permission denied", "t.table"), "t.table: Permission denied\n"),
    ],
    ids=repr,
)
def test_no_error_prints_a_traceback(
    monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr("wordgraft.table.EmbeddingTable.load", fails)
    done = run("inspect", "t.table")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"wordgraft: {message}")
    assert done.stderr.count("\n") == 1


def test_a_traceback_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise TypeError("no")

    monkeypatch.setattr("wordgraft.table.EmbeddingTable.load", fails)
    with pytest.raises(TypeError, match="no"):
        run("inspect", "t.table", env={"WORDGRAFT_TRACEBACK": "1"})


def test_quiet_silences_other_libraries_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def noisy(*_: object) -> None:
        logging.getLogger("transformers").warning("slow")
        logging.getLogger("wordgraft").warning("odd")
        warnings.warn("old", UserWarning, stacklevel=1)
        raise TableError("damaged")

    monkeypatch.setattr("wordgraft.table.EmbeddingTable.load", noisy)
    with pytest.warns(UserWarning, match="old"):
        assert run("inspect", "t.table").stderr == "odd\nwordgraft: damaged\n"
    with warnings.catch_warnings(record=True) as shown:
        assert run("inspect", "t.table", "-q").stderr == "wordgraft: damaged\n"
    assert shown == []
    with pytest.warns(UserWarning, match="old"):
        assert run("inspect", "t.table").stderr == "odd\nwordgraft: damaged\n"


def test_quiet_leaves_standard_error_empty(texts_folder: Path) -> None:
    done = run("predict", "m.model", "unheard words", "--quiet", cwd=texts_folder)
    assert done.stderr == ""
    loud = run("predict", "m.model", "unheard words", cwd=texts_folder)
    assert "2 of 2 running words (2 different ones) are out of vocabulary" in loud.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of POSIX systems")
@pytest.mark.parametrize("command", ["train", "export"])
def test_a_full_disk_names_the_output_and_leaves_nothing(
    texts_folder: Path, tmp_path: Path, command: str
) -> None:
    """A limit on the size of files stands for the disk: what is too much is refused as there."""
    import resource

    arguments = {
        "train": [texts_folder / "train.csv", "--table", texts_folder / "t.table", "--epochs", 1],
        "export": [texts_folder / "t.table", "--to", "npz"],
    }
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, before[1]))
    try:
        done = run(command, *arguments[command], "-o", tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert done.returncode == 1
    assert f"wordgraft: cannot write {tmp_path / 'out'}: " in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_at_the_very_start_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("raise KeyboardInterrupt\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nfrom wordgraft.cli import main; main()"
    )
    done = finished([sys.executable, "-c", code])
    assert done.returncode == 130
    assert done.stderr == "wordgraft: interrupted; no result was written\n"


def test_ctrl_c_in_a_callback_is_not_lost(tmp_path: Path) -> None:
    """Python drops what a weak reference's callback raises, and the command would go on."""
    (tmp_path / "typer.py").write_text(
        "import signal, threading, weakref\n"
        "class Referenced: pass\n"
        "it = Referenced()\n"
        "reference = weakref.ref(it, lambda _: signal.raise_signal(signal.SIGINT))\n"
        "del it\n"
        "for thread in threading.enumerate():\n"
        "    if isinstance(thread, threading.Timer):\n"
        "        thread.join()\n"
        "raise AssertionError('Ctrl-C was lost')\n"
    )
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nfrom wordgraft.cli import main; main()"
    )
    done = finished([sys.executable, "-c", code])
    assert done.returncode == 130
    assert done.stderr == "wordgraft: interrupted; no result was written\n"
