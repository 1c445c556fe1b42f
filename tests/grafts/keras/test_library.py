"""A Keras that cannot start says what to install."""

from __future__ import annotations

import sys

import pytest
from processes import finished

_CODE = """
import os, sys
sys.modules[sys.argv[1]] = None
from wordgraft.errors import MissingExtraError
try:
    import wordgraft.grafts.keras
except MissingExtraError as error:
    print(error)
"""


@pytest.mark.keras
@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("keras", "pip install 'wordgraft[keras]'"),
        ("tensorflow", "Keras is set to run on tensorflow, which is not installed"),
    ],
)
def test_what_is_missing_is_named(
    module: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    command = [sys.executable, "-c", _CODE, module]
    done = finished(command)
    assert message in done.stdout, done.stderr
