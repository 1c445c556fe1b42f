"""Lists of names and values, as the command line takes them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from wordgraft.core.named_values import parse_named_values
from wordgraft.errors import DataError


@dataclass(frozen=True)
class Plain:
    pass


@dataclass(frozen=True)
class Sized:
    size: int = 4
    share: float = 0.5


@dataclass(frozen=True)
class Rate:
    rate: float = 0.5


KINDS = {"plain": Plain, "sized": Sized, "rate": Rate}


def parsed(text: str) -> list[object]:
    return parse_named_values(text, KINDS, what="step", error=DataError)


def test_values_set_the_first_field() -> None:
    assert parsed("sized:7, plain,rate:1e-3,sized") == [Sized(7), Plain(), Rate(0.001), Sized()]
    assert parsed(" none") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sized,other:3", "unknown step 'other'; expected one of plain, sized, rate, or none"),
        ("plain:3", "'plain:3': step 'plain' takes no value"),
        ("sized:2.5", "'sized:2.5': expected sized:int"),
        ("rate:", "'rate:': expected rate:float"),
        ("plain,none", "unknown step 'none'"),
        ("", "unknown step ''"),
    ],
)
def test_wrong_entries_are_named(text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        parsed(text)
