"""The `wordgraft` command. To add a command: one file here, one line in `app.py`."""

from wordgraft.cli.app import main

__all__ = ["main"]
