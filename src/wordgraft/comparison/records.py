"""Records of runs, one JSON file each, and the folder that they are kept in.

report/
  comparison.json       what is compared: data and its hash, arms, sizes, seeds, ...
  runs/                 ARM-SIZE-SEED.json, finished
  failed/, cancelled/   the same, of runs that came to nothing
  tables/               the tables that arms start from
  index.html            the page
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from wordgraft.core.atomic_io import new_file
from wordgraft.errors import OutputError, ProgressError

FORMAT_VERSION = 1
MARKER = "comparison.json"
PAGE = "index.html"
_FOLDERS = {"done": "runs", "failed": "failed", "cancelled": "cancelled"}


@dataclass(frozen=True, order=True)
class Cell:
    """One run to make: an arm, a number of labelled texts, a seed."""

    arm: str
    size: int
    seed: int

    @property
    def name(self) -> str:
        return f"{self.arm}-{self.size}-{self.seed}"


@dataclass(frozen=True)
class ArmRun:
    """What came of one run of an arm.

    Attributes:
        arm, size, seed: which run.
        status: `done`, `failed` or `cancelled`.
        data_sha256: of the texts and labels, as `Data.sha256`.
        error: what ended a run that is not done.
        scores: by part (`choice`: held out of the training data; `test`), by metric.
        predictions: by part, a place in the comparison's labels for each text.
        seconds: of the fit, all its trials included.
        whole_seconds: of the run: with judging and measuring.
        preparation_seconds: of the table the arm starts from, made once for all runs.
        memory_mb: growth of the process's resident memory at its peak in the fit; None where the
            system does not tell.
        parameters: numbers that could learn.
        size_bytes: of the saved model.
        latency_ms: median time to answer one text.
        texts_per_second: in answering many at once.
        settings: what the best trial changed.
        trials: how many the arm might try.
        training: the `RunRecord` of the loop, where there was one.
        versions: of the libraries that took part.
        machine: what it ran on.
        started: when, UTC, ISO 8601.
    """

    arm: str
    size: int
    seed: int
    status: str
    data_sha256: str
    error: str | None = None
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    predictions: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    seconds: float = 0.0
    whole_seconds: float = 0.0
    preparation_seconds: float = 0.0
    memory_mb: float | None = None
    parameters: int = 0
    size_bytes: int = 0
    latency_ms: float = 0.0
    texts_per_second: float = 0.0
    settings: Mapping[str, Any] = field(default_factory=dict)
    trials: int = 1
    training: Mapping[str, Any] | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: str = ""
    started: str = ""

    @property
    def cell(self) -> Cell:
        return Cell(self.arm, self.size, self.seed)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> ArmRun:
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in content.items() if name in known})


class ReportFolder:
    """The records of one comparison on disk; each is there whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, description: Mapping[str, Any], *, resume: bool, force: bool) -> None:
        """Make the folder for a comparison, or check that what is there belongs to it.

        Raises `OutputError` where something else is there, and `ProgressError` where the
        comparison there is another one.
        """
        if (self.path / MARKER).is_file():
            if force and not resume:
                self._forget()
            else:
                self._check_same(description, resume=resume)
        elif self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise OutputError(
                f"{self.path} exists and holds no comparison; choose another name, or an empty "
                "folder"
            )
        elif not self.path.parent.is_dir():
            raise OutputError(f"{self.path.parent} is no folder; create it first")
        self.path.mkdir(exist_ok=True)
        self._write(self.path / MARKER, {"format": FORMAT_VERSION, **description})

    def description(self) -> dict[str, Any]:
        """What is compared. Raises `ProgressError` where that cannot be read."""
        path = self.path / MARKER
        if not path.is_file():
            raise ProgressError(
                f"{self.path} holds no comparison (it has no {MARKER}); begin one with "
                "'wordgraft compare DATA -o FOLDER'"
            )
        content = self._read(path)
        if int(content.get("format", 0)) > FORMAT_VERSION:
            raise ProgressError(
                f"{path} has format {content['format']}, this wordgraft reads up to "
                f"{FORMAT_VERSION}: pip install --upgrade wordgraft"
            )
        return content

    def save(self, run: ArmRun) -> None:
        """Keep a run; of one that failed before and is done now, only the latter."""
        folder = self.path / _FOLDERS[run.status]
        folder.mkdir(exist_ok=True)
        self._write(folder / f"{run.cell.name}.json", run.as_dict())
        if run.status == "done":
            for other in ("failed", "cancelled"):
                (self.path / _FOLDERS[other] / f"{run.cell.name}.json").unlink(missing_ok=True)

    def runs(self, status: str = "done") -> list[ArmRun]:
        """The runs kept as `status`, by arm, size and seed. Raises `ProgressError`."""
        files = (self.path / _FOLDERS[status]).glob("*.json")
        found = [self._run(file) for file in files if not file.name.startswith(".")]
        return sorted(found, key=lambda run: run.cell)

    def _run(self, path: Path) -> ArmRun:
        try:
            return ArmRun.from_dict(self._read(path))
        except TypeError as error:
            raise ProgressError(f"{path} is no record of a run ({error}); delete it") from error

    def _check_same(self, description: Mapping[str, Any], *, resume: bool) -> None:
        there = self.description()
        mine = json.loads(json.dumps(description))
        if there.get("data_sha256") != mine["data_sha256"]:
            raise ProgressError(
                f"{self.path} holds a comparison on other data (sha256 "
                f"{str(there.get('data_sha256'))[:12]}, these texts and labels have "
                f"{mine['data_sha256'][:12]}); choose another folder, or start over with --force"
            )
        if not resume:
            raise OutputError(
                f"{self.path} holds a comparison on these data already; go on with --resume "
                f"{self.path}, or start over with --force"
            )
        for key in ("checkpoint_sha256", "trials", "network", "corpus", "vectors", "task"):
            if there.get(key) != mine.get(key):
                raise ProgressError(
                    f"{self.path} was begun with {key} {there.get(key)!r}, this is "
                    f"{mine.get(key)!r}; go on with what it was begun with, or start over with "
                    "--force"
                )

    def _forget(self) -> None:
        """Delete what a comparison wrote, and nothing else."""
        import shutil

        for folder in _FOLDERS.values():
            for file in (self.path / folder).glob("*.json"):
                file.unlink()
        for table in (self.path / "tables").glob("*.table"):
            shutil.rmtree(table)
        shutil.rmtree(self.path / "tables" / "features", ignore_errors=True)
        for file in (self.path / MARKER, self.path / PAGE):
            file.unlink(missing_ok=True)

    def _write(self, path: Path, content: Mapping[str, Any]) -> None:
        with new_file(path, force=True) as scratch:
            # A setting may be a number of NumPy's.
            text = json.dumps(content, default=lambda number: number.item())
            scratch.write_text(text + "\n", "utf-8")

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            content = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise ProgressError(f"{path} is damaged ({error}); delete it and resume") from error
        if not isinstance(content, dict):
            raise ProgressError(f"{path} is damaged (no object); delete it and resume")
        return content
