"""Lists such as `center,pca:128`: names, each with at most one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from wordgraft.errors import WordgraftError


def parse_named_values(
    text: str, kinds: Mapping[str, type[Any]], *, what: str, error: type[WordgraftError]
) -> list[Any]:
    """Make a dataclass instance from each entry of a comma-separated list.

    `name` gives the defaults of `kinds[name]`; `name:value` sets its first field. `none` gives
    an empty list.

    Args:
        what: what an entry is called in messages, such as `refinement`.
        error: what to raise for an unknown name and for a value of the wrong type.
    """
    if text.strip() == "none":
        return []
    return [_parse(part.strip(), kinds, what, error) for part in text.split(",")]


def _parse(
    part: str, kinds: Mapping[str, type[Any]], what: str, error: type[WordgraftError]
) -> Any:
    name, colon, value = part.partition(":")
    if name not in kinds:
        raise error(f"unknown {what} {name!r}; expected one of {', '.join(kinds)}, or none")
    kind = kinds[name]
    if not colon:
        return kind()
    field = next(iter(fields(kind)), None)
    if field is None:
        raise error(f"{part!r}: {what} {name!r} takes no value")
    number: type[Any] = type(field.default)
    try:
        return kind(number(value))
    except ValueError as cause:
        raise error(f"{part!r}: expected {name}:{number.__name__}") from cause
