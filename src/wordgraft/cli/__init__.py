"""The `wordgraft` command. To add a command: one file here, one line in `app.py`."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line: exit code 0, 1 for a failure, 2 for wrong usage."""
    try:
        # Imported here because this import takes most of the start, and Ctrl-C may come during it.
        from wordgraft.cli.app import run

        run()
    except KeyboardInterrupt:
        print("wordgraft: interrupted; nothing was written", file=sys.stderr)  # noqa: T201
        sys.exit(1)
