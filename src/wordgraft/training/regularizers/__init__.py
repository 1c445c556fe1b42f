"""Regularizers against forgetting.

To add one: one file here, one entry below, and the values worth trying in `training/search.py`.
"""

from __future__ import annotations

from dataclasses import fields

from wordgraft.core.named_values import parse_named_values
from wordgraft.errors import TrainingError
from wordgraft.training.regularizers.l2sp import L2sp
from wordgraft.training.regularizers.layer_decay import LayerDecay
from wordgraft.training.regularizers.lora import Lora
from wordgraft.training.regularizers.protocol import AppliedRegularizer, Regularizer

REGULARIZERS: dict[str, type[Regularizer]] = {kind.name: kind for kind in (LayerDecay, L2sp, Lora)}

__all__ = [
    "REGULARIZERS",
    "AppliedRegularizer",
    "L2sp",
    "LayerDecay",
    "Lora",
    "Regularizer",
    "parse_regularizers",
]


def parse_regularizers(text: str | None) -> tuple[Regularizer, ...]:
    """Regularizers from their names and values; `none` or an empty string gives none.

    Raises `TrainingError` for an unknown name, a name given twice, or an invalid value.

    >>> parse_regularizers("layer_decay:0.8,lora")
    (LayerDecay(rate=0.8), Lora(rank=8))
    """
    regularizers: list[Regularizer] = parse_named_values(
        (text or "").strip() or "none", REGULARIZERS, what="regularizer", error=TrainingError
    )
    names = [regularizer.name for regularizer in regularizers]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise TrainingError(f"regularizer {twice[0]} is given twice in {text!r}; give it once")
    for regularizer in regularizers:
        _check_range(regularizer)
    return tuple(regularizers)


def _check_range(regularizer: Regularizer) -> None:
    setting = fields(type(regularizer))[0]
    value, (least, most) = getattr(regularizer, setting.name), regularizer.range
    if not least <= value <= most:
        raise TrainingError(
            f"{setting.name} of {regularizer.name} is {value:g}, expected {least:g} to {most:g}"
        )
