"""A copy of the tiny BERT checkpoint that a test may damage."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def bert(tiny_checkpoint: Callable[[str], Path], tmp_path: Path) -> Path:
    return shutil.copytree(tiny_checkpoint("bert"), tmp_path / "bert")
