"""Regularizers by name."""

from __future__ import annotations

import pytest

from wordgraft.errors import TrainingError
from wordgraft.training.regularizers import (
    LayerDecay,
    Lora,
    parse_regularizers,
)


def test_regularizers_by_name() -> None:
    assert parse_regularizers("layer_decay:0.8, lora") == (LayerDecay(0.8), Lora())
    assert parse_regularizers("lora:4") == (Lora(4),)
    assert parse_regularizers(None) == parse_regularizers("none") == ()
    for text, message in {
        "ewc": "unknown regularizer 'ewc'; expected one of layer_decay, l2sp, lora, or none",
        "lora,lora": "regularizer lora is given twice",
        "layer_decay:x": "'layer_decay:x': expected layer_decay:float",
        "layer_decay:2": "rate of layer_decay is 2, expected 0 to 1",
        "lora:0": "rank of lora is 0, expected 1 to 4096",
    }.items():
        with pytest.raises(TrainingError, match=message):
            parse_regularizers(text)
