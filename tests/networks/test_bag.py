"""The mean of a text's rows, against its formula."""

from __future__ import annotations

import numpy as np
import torch
from numpy.testing import assert_allclose
from small_networks import TABLE, bag, inputs, network

from wordgraft.networks.bag import MeanBody
from wordgraft.networks.inputs import Sequences


def test_logits_are_those_of_the_formula_and_empty_texts_are_zeros() -> None:
    network = bag().eval()
    texts = [[3, 7, 7], [], [9]]
    into, out = network.body.layers[1], network.head.linear
    means = [TABLE.rows(text).mean(axis=0) if text else np.zeros(6) for text in texts]
    hidden = np.maximum(np.stack(means) @ into.weight.detach().numpy().T, 0)
    expected = hidden @ out.weight.detach().numpy().T
    with torch.inference_mode():
        assert_allclose(network(inputs(texts)), expected, atol=1e-5)
        assert_allclose(network(inputs([[], []])), np.zeros((2, 3)), atol=1e-7)


def test_dropout_is_used_only_in_training() -> None:
    network, batch = bag(dropout=0.5, hidden=64), inputs([[3]])
    torch.manual_seed(0)
    assert not torch.equal(network(batch), network(batch))
    network.eval()
    assert torch.equal(network(batch), network(batch))


def test_the_linear_network_reads_the_mean_itself() -> None:
    body = network("linear", per_word=False).body
    words = Sequences(torch.arange(12.0).view(2, 6), torch.tensor([2, 0]))
    assert isinstance(body, MeanBody)
    assert_allclose(body(words, {}), [np.arange(3, 9), np.zeros(6)])
