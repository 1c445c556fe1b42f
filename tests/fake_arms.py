"""Arms whose quality is known, and texts for them: what a comparison must find out is certain."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from wordgraft.comparison import ArmSpec, Comparison, Data, Fitted, Materials, compare
from wordgraft.comparison.methods import ARMS

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
    """Reads the label that a text names, and is right in `share` of the texts."""

    share: float
    labels: Sequence[str] = LABELS
    seed: int = 0

    def predict(self, texts: Sequence[str]) -> list[str]:
        said = [text.rpartition(" ")[2] for text in texts]
        found = []
        for text, label in zip(texts, said, strict=True):
            # By text, so that it answers the same whatever is asked beside it.
            rng = np.random.default_rng([self.seed, *text.encode()])
            right = rng.random() < self.share
            others = [other for other in self.labels if other != label]
            found.append(label if right else others[rng.integers(len(others))])
        return found


def right(share: float) -> Callable[[int], float]:
    """A quality that does not depend on the number of texts."""
    return lambda _: share


@dataclass
class FakeArm:
    """Gives an `Oracle` whose share of right answers may grow with the texts it was given.

    Oracles of one offset and seed are wrong in the same texts, as like arms are.
    """

    share: Callable[[int], float]
    seconds: float = 0.0
    parameters: int = 1
    fits: list[tuple[int, int]] = field(default_factory=list)
    seen: list[frozenset[str]] = field(default_factory=list)
    fault: BaseException | None = None
    offset: int = 0

    def fit(self, texts: Sequence[str], labels: Sequence[Any], *, seed: int, trials: int) -> Fitted:
        self.fits.append((len(texts), seed))
        self.seen.append(frozenset(texts))
        time.sleep(self.seconds)
        if self.fault is not None:
            raise self.fault
        oracle = Oracle(self.share(len(texts)), seed=seed + self.offset)
        return Fitted(oracle, self.parameters, lambda: 1_000 * self.parameters, {})


def spec(name: str, arm: FakeArm) -> ArmSpec:
    return ArmSpec(name, f"a fake named {name}", frozenset(), lambda _: arm)


def fake_comparison(
    folder: Path,
    monkeypatch: Any,
    arms: dict[str, FakeArm],
    data: Data | None = None,
    **options: Any,
) -> Comparison:
    """A comparison of these arms, by the real loop."""
    for name, arm in arms.items():
        monkeypatch.setitem(ARMS, name, spec(name, arm))
    data = data or data_of()
    options = {"seeds": 3, "sizes": [20, 80], **options}
    return compare(data, Materials(data.texts), folder, arms=list(arms), **options)


def data_of(n: int = 240, test: int = 200, **options: Any) -> Data:
    return Data.of(*texts_of(n), texts_of(test, seed=1), **options)
