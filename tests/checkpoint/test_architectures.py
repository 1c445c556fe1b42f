"""Which architectures are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny

from wordgraft.checkpoint import ARCHITECTURES, open_checkpoint
from wordgraft.errors import CheckpointError


def test_an_unknown_architecture(bert: Path) -> None:
    (bert / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(CheckpointError, match="model_type 'gpt2'; wordgraft reads bert, distil"):
        open_checkpoint(bert)


def test_every_architecture_has_a_tiny_checkpoint(tiny_checkpoint: Callable[[str], Path]) -> None:
    configs = [tiny_checkpoint(name) / "config.json" for name in tiny.ARCHITECTURES]
    built = {json.loads(config.read_text())["model_type"] for config in configs}
    assert built == set(ARCHITECTURES)
