"""An encoder that is fine-tuned, at work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tiny import SENTENCES

from wordgraft.estimators.first_layers import Encoder, LayerContext
from wordgraft.training.regularizers import LayerDecay


def test_training_begins_from_the_checkpoint_again(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    layer = Encoder(tiny_checkpoint("bert")).fitted(LayerContext(per_word=False, device="cpu"))
    start = next(layer.rows.parameters()).detach().clone()
    with torch.no_grad():
        next(layer.rows.parameters()).add_(1)
    assert torch.equal(next(layer.pretrained().parameters()), start)
    read = layer.begin(SENTENCES[:2])
    assert torch.equal(next(read.rows.parameters()), start)
    assert layer.start() is layer.checkpoint


def test_regularizers_by_name_or_as_they_are() -> None:
    decay = LayerDecay(0.8)
    for given in ("layer_decay:0.8", decay, [decay]):
        assert Encoder("c", regularizer=given).regularizers() == (decay,)
    assert Encoder("c").regularizers() == ()


@pytest.mark.parametrize(
    ("options", "per_word", "fault"),
    [
        ({"pooling": "first"}, False, "first_layer.pooling is 'first', expected one of auto, mean"),
        ({"pooling": "cls"}, True, "first_layer.pooling is 'cls', expected one of auto, first"),
        ({"regime": "thaw"}, True, "first_layer.regime is 'thaw', expected one of frozen"),
        ({"regularizer": "ewc"}, True, "first_layer.regularizer is 'ewc': unknown regularizer"),
    ],
)
def test_options_that_make_no_sense(options: dict, per_word: bool, fault: str) -> None:
    (found,) = Encoder("c", **options).faults(per_word=per_word)
    assert found.startswith(fault)
