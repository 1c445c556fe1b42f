"""Attention over words and their positions."""

from __future__ import annotations

import torch
from numpy.testing import assert_allclose

from wordgraft.networks.inputs import Sequences
from wordgraft.networks.transformer import Transformer


def test_features_of_a_text_are_the_mean_of_its_words() -> None:
    bodies = [
        Transformer(
            6, hidden=8, dropout=0.0, per_word=per_word, generator=torch.Generator().manual_seed(0)
        ).eval()
        for per_word in (False, True)
    ]
    vectors = torch.randn(5, 6, generator=torch.Generator().manual_seed(1))
    words = Sequences(vectors, torch.tensor([3, 2]))
    with torch.inference_mode():
        texts, features = (body(words, {}) for body in bodies)
    assert_allclose(texts, torch.stack([features[:3].mean(0), features[3:].mean(0)]), atol=1e-6)
    same = Sequences(vectors[:1].expand(4, 6), torch.tensor([4]))
    with torch.inference_mode():  # the same word at two positions
        assert float((bodies[1](same, {})[0] - bodies[1](same, {})[2]).abs().max()) > 1e-2
