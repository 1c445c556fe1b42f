"""The `wordgraft` command. To add a command: one file here, one line in `app.py`."""

from __future__ import annotations

import os
import sys
from typing import Any

from wordgraft.core.optional import require
from wordgraft.errors import MissingExtraError, first_line

__all__ = ["main"]

_FAILED, _WRONG_USAGE, _INTERRUPTED = 1, 2, 130
_SECONDS_BEFORE_AGAIN = 0.05


def main() -> None:
    """Run the command line.

    The exit code is 0, 1 for a failure, 2 for wrong usage, and 130 after Ctrl-C. Set
    `WORDGRAFT_TRACEBACK` to any value to see the traceback of an unexpected error.
    """
    sys.unraisablehook = _repeat_ctrl_c
    try:
        _check_arguments(sys.argv[1:])
        for library in ("typer", "rich"):
            require(library, purpose="the command wordgraft")
        # Imported here because this import takes most of the start, and Ctrl-C may come during it.
        from wordgraft.cli.app import run

        run()
    except MissingExtraError as error:
        _end(str(error), _FAILED)
    except KeyboardInterrupt:
        _end("interrupted; no result was written", _INTERRUPTED)
    except MemoryError:
        _end("there is not enough memory", _FAILED)
    except Exception as error:
        if os.environ.get("WORDGRAFT_TRACEBACK"):
            raise
        cause = f"{type(error).__name__}: {first_line(error)}"
        _end(
            f"unexpected error ({cause}); this may be a bug: report it with what the same command "
            "prints after WORDGRAFT_TRACEBACK=1 is set",
            _FAILED,
        )


def _check_arguments(arguments: list[str]) -> None:
    for argument in arguments:
        try:
            argument.encode("utf-8")
        except UnicodeEncodeError:
            _end(f"the argument {argument!r} is not valid UTF-8", _WRONG_USAGE)


def _end(message: str, code: int) -> None:
    print(f"wordgraft: {message}", file=sys.stderr)  # noqa: T201
    sys.exit(code)


def _repeat_ctrl_c(unraisable: Any) -> None:
    """Send Ctrl-C again if it came during a destructor or a weak reference's callback.

    Python prints and drops the exceptions of these.
    """
    if unraisable.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(unraisable)
        return
    from _thread import interrupt_main
    from threading import Timer

    timer = Timer(_SECONDS_BEFORE_AGAIN, interrupt_main)
    timer.daemon = True
    timer.start()
