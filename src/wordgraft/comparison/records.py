"""Which run of a comparison, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, order=True)
class Cell:
    """One run: a method, a number of labelled texts, a seed."""

    method: str
    size: int
    seed: int

    @property
    def name(self) -> str:
        return f"{self.method}-{self.size}-{self.seed}"


@dataclass(frozen=True)
class MethodRun:
    """The record of one run of a method.

    Attributes:
        method, size, seed: which run.
        status: `done`, `failed` or `cancelled`.
        data_sha256: hash of the texts and labels (`Data.sha256`).
        error: why the run is not done.
        scores: by part (`validation`, `test`) and metric.
        predictions: by part, for each text a place in the comparison's labels.
        seconds: of the fit, with all its trials.
        total_seconds: of the whole run, with scoring and measuring.
        preparation_seconds: of the table that the method starts from, which is made once for all
            runs.
        memory_mb: how much the process's resident memory grew at its peak during the fit; None if
            the system does not report it.
        parameters: number of trainable parameters.
        size_bytes: of the saved model.
        latency_ms: median time to predict one text.
        texts_per_second: when predicting many texts together.
        settings: what the best trial changed.
        trials: how many settings the method could try.
        training: the `RunRecord` of the training loop, if there was one.
        versions: of the libraries that were used.
        machine: what the run was made on.
        started: when, in UTC and ISO 8601.
    """

    method: str
    size: int
    seed: int
    status: str
    data_sha256: str
    error: str | None = None
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    predictions: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    seconds: float = 0.0
    total_seconds: float = 0.0
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
        return Cell(self.method, self.size, self.seed)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> MethodRun:
        """The inverse of `as_dict`. Raises `TypeError` if a value is missing."""
        known = {attribute.name for attribute in fields(cls)}
        return cls(**{name: value for name, value in content.items() if name in known})
