"""Short texts about two kinds of weather, and a classifier of them on a frozen encoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import wordgraft as wg

WARM, COLD = ["sun", "warm", "bright"], ["rain", "cold", "dark"]
_RNG = np.random.default_rng(0)
TEXTS = [" ".join(_RNG.choice(words, 3)) for words in [WARM, COLD] * 30]
LABELS = ["good", "bad"] * 30


def frozen(checkpoint: Path, **arguments: Any) -> wg.TextClassifier:
    return wg.TextClassifier(wg.FrozenEncoder(checkpoint), random_state=0, **arguments)
