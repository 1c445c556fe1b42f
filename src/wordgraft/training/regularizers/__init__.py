"""Guards against forgetting. To add one: one file here, one entry below."""

from __future__ import annotations

from dataclasses import fields

from wordgraft.errors import TrainingError
from wordgraft.training.regularizers.l2sp import L2sp
from wordgraft.training.regularizers.layer_decay import Decay
from wordgraft.training.regularizers.lora import Lora
from wordgraft.training.regularizers.mixout import Mixout
from wordgraft.training.regularizers.protocol import Guard, Watch
from wordgraft.training.regularizers.reinit import Reinit
from wordgraft.training.regularizers.wise import Wise

GUARDS: dict[str, type[Guard]] = {
    guard.name: guard for guard in (Decay, L2sp, Mixout, Wise, Reinit, Lora)
}

__all__ = [
    "GUARDS",
    "Decay",
    "Guard",
    "L2sp",
    "Lora",
    "Mixout",
    "Reinit",
    "Watch",
    "Wise",
    "parse_guards",
]


def parse_guards(text: str | None) -> tuple[Guard, ...]:
    """`decay,l2sp:0.1` as guards; `none`, or nothing, as none.

    Raises `TrainingError` for an unknown name, one named twice, or a value that cannot be.
    """
    if text is None or text.strip() in ("", "none"):
        return ()
    guards = [_parse(part.strip()) for part in text.split(",")]
    names = [guard.name for guard in guards]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise TrainingError(f"guard {twice[0]} is named twice in {text!r}; name it once")
    if {"lora", "mixout"} <= {*names}:
        raise TrainingError("lora leaves the weights that mixout sets back as they are; use one")
    return tuple(guards)


def _parse(part: str) -> Guard:
    name, colon, value = part.partition(":")
    if name not in GUARDS:
        raise TrainingError(f"no guard {name!r}; there are {', '.join(GUARDS)} and none")
    kind = GUARDS[name]
    if not colon:
        return kind()
    setting = fields(kind)[0]
    number = float if isinstance(setting.default, float) else int
    try:
        given = number(value)
    except ValueError as error:
        raise TrainingError(f"{part!r}: expected {name}:{number.__name__}") from error
    least, most = kind.range
    if not least <= given <= most:
        raise TrainingError(
            f"{part!r}: {setting.name} of {name} is {value}, expected {least:g} to {most:g}"
        )
    return kind(given)  # type: ignore[call-arg]
