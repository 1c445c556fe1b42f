"""Filters over neighbouring words, against products by hand."""

from __future__ import annotations

import torch
from numpy.testing import assert_allclose
from torch import nn

from wordgraft.networks.cnn import Cnn, convolved
from wordgraft.networks.inputs import Sequences


def test_a_filter_reads_its_neighbours_and_zeros_at_both_ends() -> None:
    layer = nn.Conv1d(1, 1, 2, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[[1.0, 10.0]]]))
    # An even width needs one zero more, after the last word.
    assert convolved(layer, torch.tensor([[[1.0, 2.0, 3.0]]])).tolist() == [[[21, 32, 3]]]


def test_features_are_the_maxima_of_the_filters() -> None:
    body = Cnn(6, hidden=7, dropout=0.0, per_word=False, generator=torch.Generator().manual_seed(0))
    assert [layer.out_channels for layer in body.filters] == [3, 2, 2]
    words = Sequences(
        torch.randn(4, 6, generator=torch.Generator().manual_seed(1)), torch.tensor([4])
    )
    body_of_words = Cnn(
        6, hidden=7, dropout=0.0, per_word=True, generator=torch.Generator().manual_seed(0)
    )
    with torch.inference_mode():
        assert_allclose(body(words, {})[0], body_of_words(words, {}).amax(dim=0))
