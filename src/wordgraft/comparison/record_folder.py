"""The folder of a comparison.

report/
  comparison.json       what is compared: data and their hash, methods, sizes, seeds, ...
  runs/                 METHOD-SIZE-SEED.json, one for each finished run
  failed/, cancelled/   the same for runs that were not finished
  tables/               the tables that methods start from
  index.html            the page
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wordgraft.comparison.records import MethodRun
from wordgraft.core.run_state import check_same_run, read_record, write_record
from wordgraft.errors import OutputError, ProgressError

FORMAT_VERSION = 2
MARKER, PAGE, TABLES = "comparison.json", "index.html", "tables"
_FOLDERS = {"done": "runs", "failed": "failed", "cancelled": "cancelled"}
# A comparison continues only if these are the same.
_FIXED = ("task", "trials", "network", "checkpoint_sha256", "corpus", "vectors")
_START_OVER = "force=True"


class RecordFolder:
    """The records of one comparison on disk; each is written whole or not at all.

    Args:
        details: more entries for the description of a comparison that is made here, such as the
            command that makes it.
    """

    def __init__(self, path: Path, details: Mapping[str, Any] | None = None) -> None:
        self.path, self.details = path, dict(details or {})

    def begin(self, description: Mapping[str, Any], *, resume: bool, force: bool) -> None:
        """Make the folder for a comparison, or check that what it holds belongs to it.

        Raises `OutputError` if the folder holds something else, and `ProgressError` if it holds
        another comparison.
        """
        if (self.path / MARKER).is_file():
            if force and not resume:
                self._clear()
            else:
                self._check_same(description, resume=resume)
        elif self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise OutputError(
                f"{self.path} exists and holds no comparison; choose another name, or an empty "
                "folder"
            )
        elif not self.path.parent.is_dir():
            raise OutputError(f"{self.path.parent} is not a folder; create it first")
        self.path.mkdir(exist_ok=True)
        write_record(self.path / MARKER, {"format": FORMAT_VERSION, **description})

    def description(self) -> dict[str, Any]:
        """What is compared. Raises `ProgressError` if it cannot be read."""
        path = self.path / MARKER
        if not path.is_file():
            raise ProgressError(
                f"{self.path} holds no comparison (it has no {MARKER}); start one with "
                "'wordgraft compare DATA -o FOLDER'"
            )
        content = read_record(path)
        if content.get("format") != FORMAT_VERSION:
            raise ProgressError(
                f"{path} has format {content.get('format')}, this wordgraft reads format "
                f"{FORMAT_VERSION}; start over with {_START_OVER}"
            )
        return content

    def save(self, run: MethodRun) -> None:
        """Save a record; once a run is done, the records of its failures are deleted."""
        folder = self.path / _FOLDERS[run.status]
        folder.mkdir(exist_ok=True)
        write_record(folder / f"{run.cell.name}.json", run.as_dict())
        if run.status == "done":
            for other in ("failed", "cancelled"):
                (self.path / _FOLDERS[other] / f"{run.cell.name}.json").unlink(missing_ok=True)

    def runs(self, status: str = "done") -> list[MethodRun]:
        """The runs of a status by method, size and seed. Raises `ProgressError`."""
        files = (self.path / _FOLDERS[status]).glob("*.json")
        runs = [_read_run(file) for file in files if not file.name.startswith(".")]
        return sorted(runs, key=lambda run: run.cell)

    def _check_same(self, description: Mapping[str, Any], *, resume: bool) -> None:
        saved = self.description()
        hashes = [str(record.get("data_sha256"))[:12] for record in (saved, description)]
        if saved.get("data_sha256") != description["data_sha256"]:
            raise ProgressError(
                f"{self.path} holds a comparison on other data (sha256 {hashes[0]}, these texts "
                f"and labels have {hashes[1]}); choose another folder, or start over with "
                f"{_START_OVER}"
            )
        if not resume:
            raise OutputError(
                f"{self.path} already holds a comparison on these data; continue with "
                f"resume=True, or start over with {_START_OVER}"
            )
        check_same_run(saved, description, place=self.path, keys=_FIXED, start_over=_START_OVER)

    def _clear(self) -> None:
        """Delete what a comparison wrote, and nothing else."""
        for folder in _FOLDERS.values():
            for file in (self.path / folder).glob("*.json"):
                file.unlink()
        for table in (self.path / TABLES).glob("*.table"):
            shutil.rmtree(table)
        shutil.rmtree(self.path / TABLES / "features", ignore_errors=True)
        for file in (self.path / MARKER, self.path / PAGE):
            file.unlink(missing_ok=True)


def _read_run(path: Path) -> MethodRun:
    try:
        return MethodRun.from_dict(read_record(path))
    except TypeError as error:
        raise ProgressError(f"{path} is not the record of a run ({error}); delete it") from error
