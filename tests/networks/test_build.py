"""Every network: independent of the other texts, differentiable, and set by its seed."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from small_networks import FOR_TEXTS, FOR_WORDS, inputs, logits, network

from wordgraft.networks.build import NETWORKS


@pytest.mark.parametrize("name", FOR_TEXTS)
def test_the_logits_of_a_text_do_not_depend_on_other_texts(name: str) -> None:
    net = network(name, per_word=False)
    texts = [[3, 7, 9, 11, 4, 5, 8], [6], [], [12, 13, 14]]
    together = logits(net, texts)
    assert together.shape == (4, 3)
    for text, found in zip(texts, together, strict=True):
        assert_allclose(logits(net, [text])[0], found, atol=1e-5)
    assert np.abs(together[0] - together[3]).max() > 1e-4


@pytest.mark.parametrize("name", FOR_WORDS)
def test_the_logits_of_a_word_do_not_depend_on_other_sentences(name: str) -> None:
    net = network(name, per_word=True)
    texts = [[3, 7, 9, 11, 4, 5, 8], [6], [], [12, 13, 14]]
    together = logits(net, texts)
    assert together.shape == (11, 5)
    alone = np.concatenate([logits(net, [text]) for text in texts])
    assert_allclose(alone, together, atol=1e-5)


@pytest.mark.parametrize("name", [n for n in FOR_TEXTS if n not in ("bag", "linear")])
def test_word_order_matters_to_all_but_the_bag(name: str) -> None:
    one, other = [3, 7, 9, 11, 4], [4, 11, 9, 7, 3]
    net = network(name, per_word=False)
    assert np.abs(logits(net, [one]) - logits(net, [other])).max() > 1e-3
    bag = network("bag", per_word=False)
    assert_allclose(logits(bag, [one]), logits(bag, [other]), atol=1e-6)


@pytest.mark.parametrize(("name", "per_word"), list(product(NETWORKS, [False, True])))
def test_gradients_reach_every_part_and_only_rows_that_occur(name: str, per_word: bool) -> None:
    kind = NETWORKS[name]
    if not (kind.words if per_word else kind.texts):
        pytest.skip("not a network of this task")
    net = network(name, per_word=per_word).train()
    batch = inputs([[3, 7, 9], [5, 6]])
    targets = torch.tensor([0, 1, 2, 0, 3]) if per_word else torch.tensor([0, 2])
    net.loss(net(batch), batch, targets).backward()
    for part, parameter in net.named_parameters():
        if parameter.requires_grad and "word_dropout" not in part:
            assert parameter.grad is not None, part
    touched = net.rows.layer.weight.grad.abs().sum(dim=1) > 0
    assert set(touched.nonzero().ravel().tolist()) <= {3, 5, 6, 7, 9}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_seed_sets_the_initial_weights_and_leaves_the_callers_state(name: str) -> None:
    per_word = not NETWORKS[name].texts
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, same, other = (network(name, per_word=per_word, seed=s).state_dict() for s in (1, 1, 2))
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("name", FOR_TEXTS)
def test_every_network_runs_in_bfloat16_on_a_cpu(name: str) -> None:
    net, given = network(name, per_word=False), inputs([[3, 7, 9], [6]])
    with torch.autocast("cpu", torch.bfloat16):
        found = net(given)
    found.float().sum().backward()
    expected = net.eval()(given)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(net(given).float(), expected.detach(), rtol=0.1, atol=0.1)
