"""An encoder that gives any of its layers, with its own weights or others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from numpy.testing import assert_allclose
from tiny import SENTENCES

from wordgraft.checkpoint import open_checkpoint
from wordgraft.checkpoint.inputs import sequences_of
from wordgraft.metrics.forgetting.encoding import LayeredEncoder
from wordgraft.networks.encoder import EncoderRows


def test_the_mean_state_is_that_of_transformers(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    encoder, sequences = LayeredEncoder(checkpoint), sequences_of(checkpoint, SENTENCES[:1])
    with torch.inference_mode():
        states = encoder.model(torch.from_numpy(sequences.ids)[None].long()).last_hidden_state
    assert_allclose(encoder.means(sequences)[0], states[0].mean(dim=0).numpy(), atol=1e-5)


def test_other_weights_give_other_states_in_every_layer_that_they_change(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    rows = EncoderRows(checkpoint)
    with torch.no_grad():
        rows.model.encoder.layer[1].output.dense.weight.zero_()
    before = LayeredEncoder(checkpoint)
    after, sequences = before.holding(rows.model), sequences_of(checkpoint, SENTENCES[:4])
    old, new = before.tokens(sequences), after.tokens(sequences)
    changed = [abs(old[layer] - new[layer]).max() > 1e-3 for layer in range(4)]
    assert changed == [False, False, True, True]
