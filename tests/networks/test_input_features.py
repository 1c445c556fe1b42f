"""Casing, letters and a mix of layers before the body."""

from __future__ import annotations

import numpy as np
import torch
from numpy.testing import assert_allclose
from small_networks import inputs, network

from wordgraft.networks.input_features import CASING, LayerMix
from wordgraft.networks.rows import FeatureRows


def test_casing_and_letters_change_the_logits() -> None:
    net = network("bilstm-crf", per_word=True, spelling=True).eval()
    batch = inputs([[3, 7, 9]], spelling=True)
    other = batch.extras | {CASING: (batch.extras[CASING] + 1) % 8}
    with torch.inference_mode():
        assert net(batch).shape == (3, 5)
        assert (net(batch) - net(batch._replace(extras=other))).abs().max() > 1e-3


def test_layers_are_averaged_at_first() -> None:
    stored = np.arange(24, dtype=np.float16).reshape(2, 3, 4)
    words = FeatureRows(stored)(inputs([[1, 0]]))
    assert words.vectors.shape == (2, 3, 4)
    mix = LayerMix(3)
    assert_allclose(mix(words.vectors).detach(), stored[[1, 0]].mean(axis=1))
    assert FeatureRows(stored[:, :1])(inputs([[1, 0]])).vectors.shape == (2, 4)
