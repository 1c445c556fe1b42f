"""Methods of known quality and texts for them, so that the result of a comparison is certain."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from wordgraft.comparison import (
    METHODS,
    Comparison,
    Data,
    Fitted,
    MethodSettings,
    MethodSpec,
    compare,
)

LABELS = ("calm", "rain", "sun")


def texts_of(n: int, *, seed: int = 0, shuffled: bool = False) -> tuple[list[str], list[str]]:
    """Texts that name their label, which `shuffled` labels no longer follow."""
    rng = np.random.default_rng(seed)
    labels = [LABELS[i] for i in rng.integers(0, len(LABELS), n)]
    texts = [f"text {seed}-{place} says {label}" for place, label in enumerate(labels)]
    if shuffled:
        labels = [labels[i] for i in rng.permutation(n)]
    return texts, labels


@dataclass
class Oracle:
    """Predicts the label that a text names, correctly in `share` of the texts."""

    share: float
    labels: Sequence[str] = LABELS
    seed: int = 0

    def predict(self, texts: Sequence[str]) -> list[str]:
        named = [text.rpartition(" ")[2] for text in texts]
        predicted = []
        for text, label in zip(texts, named, strict=True):
            # Seeded by the text, so that its prediction does not depend on the other texts.
            rng = np.random.default_rng([self.seed, *text.encode()])
            correct = rng.random() < self.share
            others = [other for other in self.labels if other != label]
            predicted.append(label if correct else others[rng.integers(len(others))])
        return predicted


def endless() -> None:
    """Work that a runner has to end; it also ends with the process that started this one."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.1)


def right(share: float) -> Callable[[int], float]:
    """A quality that does not depend on the number of texts."""
    return lambda _: share


@dataclass
class FakeMethod:
    """Returns an `Oracle` whose share of correct labels may grow with the number of texts.

    Oracles of the same offset and seed are wrong on the same texts, like similar methods. `work`
    is done in each `fit`.
    """

    share: Callable[[int], float]
    parameters: int = 1
    fits: list[tuple[int, int]] = field(default_factory=list)
    seen: list[frozenset[str]] = field(default_factory=list)
    fault: BaseException | None = None
    offset: int = 0
    work: Callable[[], object] | None = None

    def fit(self, texts: Sequence[str], labels: Sequence[Any], *, seed: int, trials: int) -> Fitted:
        self.fits.append((len(texts), seed))
        self.seen.append(frozenset(texts))
        if self.work is not None:
            self.work()
        if self.fault is not None:
            raise self.fault
        oracle = Oracle(self.share(len(texts)), seed=seed + self.offset)
        return Fitted(oracle, self.parameters, lambda: 1_000 * self.parameters, {})


def spec(name: str, method: FakeMethod) -> MethodSpec:
    return MethodSpec(name, f"a fake named {name}", frozenset(), lambda _: method)


def fake_comparison(
    folder: Path,
    monkeypatch: Any,
    methods: dict[str, FakeMethod],
    data: Data | None = None,
    **options: Any,
) -> Comparison:
    """A comparison of these methods by the real loop."""
    for name, method in methods.items():
        monkeypatch.setitem(METHODS, name, spec(name, method))
    data = data or data_of()
    options = {"seeds": 3, "sizes": [20, 80], **options}
    settings = MethodSettings(names=list(methods), trials=options.pop("trials", 1))
    return compare(data, output=folder, methods=settings, **options)


def data_of(n: int = 240, test: int = 200, **options: Any) -> Data:
    return Data.of(*texts_of(n), texts_of(test, seed=1), **options)


def two_methods(**options: Any) -> dict[str, FakeMethod]:
    """A good and a poor method."""
    return {"good": FakeMethod(right(0.9), **options), "poor": FakeMethod(right(0.5))}
