"""Texts of options become Python values; faults are told under the names of the options."""

from __future__ import annotations

from typing import Any

import pytest

from wordgraft.cli.train_options import in_options, value_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 0.001),
        ("3,6", [3, 6]),
        ("None", None),
        ("true", True),
        ("linear", "linear"),
        ("layer_decay:0.9", "layer_decay:0.9"),
    ],
)
def test_a_text_becomes_a_value(text: str, value: Any) -> None:
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


def test_faults_name_options() -> None:
    message = "training.epochs is 0, expected 1; hidden has no effect on network 'linear'"
    assert in_options(message) == (
        "--epochs is 0, expected 1; --set hidden has no effect on network 'linear'"
    )
