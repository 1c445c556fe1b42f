"""Regularizers against forgetting. To add one: one file here, one entry below."""

from __future__ import annotations

from dataclasses import fields

from wordgraft.errors import TrainingError
from wordgraft.training.regularizers.layer_decay import LayerDecay
from wordgraft.training.regularizers.lora import Lora
from wordgraft.training.regularizers.protocol import AppliedRegularizer, Regularizer

REGULARIZERS: dict[str, type[Regularizer]] = {kind.name: kind for kind in (LayerDecay, Lora)}

__all__ = [
    "REGULARIZERS",
    "AppliedRegularizer",
    "LayerDecay",
    "Lora",
    "Regularizer",
    "parse_regularizers",
]


def parse_regularizers(text: str | None) -> tuple[Regularizer, ...]:
    """Regularizers from their names and values; `none` or an empty text gives none.

    Raises `TrainingError` for an unknown name, a name given twice, or an invalid value.

    >>> parse_regularizers("layer_decay:0.8,lora")
    (LayerDecay(rate=0.8), Lora(rank=8))
    """
    if text is None or text.strip() in ("", "none"):
        return ()
    regularizers = [_parse(part.strip()) for part in text.split(",")]
    names = [regularizer.name for regularizer in regularizers]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise TrainingError(f"regularizer {twice[0]} is given twice in {text!r}; give it once")
    return tuple(regularizers)


def _parse(part: str) -> Regularizer:
    name, colon, value = part.partition(":")
    if name not in REGULARIZERS:
        known = ", ".join(REGULARIZERS)
        raise TrainingError(f"unknown regularizer {name!r}; expected {known} or none")
    kind = REGULARIZERS[name]
    if not colon:
        return kind()
    setting = fields(kind)[0]
    number = float if isinstance(setting.default, float) else int
    try:
        parsed = number(value)
    except ValueError as error:
        raise TrainingError(f"{part!r}: expected {name}:{number.__name__}") from error
    least, most = kind.range
    if not least <= parsed <= most:
        raise TrainingError(
            f"{part!r}: {setting.name} of {name} is {value}, expected {least:g} to {most:g}"
        )
    return kind(parsed)  # type: ignore[call-arg]
