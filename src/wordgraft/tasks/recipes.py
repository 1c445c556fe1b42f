"""What `auto` stands for in a task's arguments: a recipe for each kind of network."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Settings of a training run that nobody asked otherwise for; see `Plan`.

    `max_epochs` None depends on the number of texts: see `epochs_for`.
    """

    regime: str
    dropout: float
    rows_rate: float = 1e-3
    head_rate: float = 1e-3
    batch_size: int = 32
    max_epochs: int | None = 60
    held_out: float | str = "auto"
    schedule: str = "constant"
    weight_decay: float = 0.0


CLASSIFY = Recipe("tuned", dropout=0.3)
TAG = Recipe("frozen", dropout=0.5)
# All texts and the last weights: on little data, a held-out part costs more than it tells.
ENCODER = Recipe(
    "full",
    dropout=0.1,
    rows_rate=1e-4,
    batch_size=16,
    max_epochs=None,
    held_out=0.0,
    schedule="linear",
    weight_decay=0.01,
)
# Few texts want many passes: 40 of 100, 13 of 500, 5 of 2,000. The loss is nothing long before, and
# 1,000 held-out training tweets liked 40 passes of 100 texts better than 15 all the same.
_FEWEST, _MOST, _FALL = 3, 40, 0.7


def epochs_for(texts: int) -> int:
    """Passes that fine-tune an encoder on so many texts."""
    passes = _MOST * float((100 / max(1, texts)) ** _FALL)
    return min(_MOST, max(_FEWEST, round(passes)))
