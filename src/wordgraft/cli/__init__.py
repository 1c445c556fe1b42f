"""The `wordgraft` command. To add a command: one file here, one line in `app.py`."""

from __future__ import annotations

import sys
from typing import Any

from wordgraft.core.optional import require
from wordgraft.errors import MissingExtraError

__all__ = ["main"]

_SECONDS_BEFORE_AGAIN = 0.05


def main() -> None:
    """Run the command line: exit code 0, 1 for a failure, 2 for wrong usage."""
    sys.unraisablehook = _repeat_ctrl_c
    try:
        for library in ("typer", "rich"):
            require(library, purpose="the command wordgraft")
        # Imported here because this import takes most of the start, and Ctrl-C may come during it.
        from wordgraft.cli.app import run

        run()
    except MissingExtraError as error:
        print(f"wordgraft: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(1)
    except KeyboardInterrupt:
        print("wordgraft: interrupted; no result was written", file=sys.stderr)  # noqa: T201
        sys.exit(1)


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
