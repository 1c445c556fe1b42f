"""The CRF against every path counted by hand, numbers of pytorch-crf 0.7.2, and its gradient."""

from __future__ import annotations

from itertools import pairwise, product
from typing import cast

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch import Tensor, nn

from wordgraft.networks.crf import Crf

LENGTHS = (5, 1, 3)
MASK = torch.arange(5) < torch.tensor(LENGTHS)[:, None]
TAGS = torch.tensor([[0, 1, 2, 3, 0], [2, 0, 0, 0, 0], [3, 3, 1, 0, 0]])


def example() -> tuple[Crf, Tensor]:
    """Four tags of which one transition is forbidden, and emissions for three texts."""
    crf = Crf(4)
    with torch.no_grad():
        crf.start_transitions.copy_(torch.sin(torch.arange(4.0)))
        crf.end_transitions.copy_(torch.cos(torch.arange(4.0)))
        crf.transitions.copy_(torch.sin(torch.arange(16.0) * 2).view(4, 4))
        crf.transitions[0, 2] = -1e4
    return crf, (3 * torch.cos(torch.arange(60.0) * 0.7)).view(3, 5, 4).requires_grad_()


def scores_of_all_paths(crf: Crf, emissions: Tensor) -> dict[tuple[int, ...], float]:
    """Of one text without padding."""
    start, moves, end = (
        weights.detach().double().numpy()
        for weights in (crf.start_transitions, crf.transitions, crf.end_transitions)
    )
    emitted = emissions.detach().double().numpy()
    return {
        path: start[path[0]]
        + end[path[-1]]
        + sum(emitted[place, tag] for place, tag in enumerate(path))
        + sum(moves[one, other] for one, other in pairwise(path))
        for path in product(range(len(start)), repeat=len(emitted))
    }


def test_normalizer_score_and_decoding_are_those_of_all_paths_counted() -> None:
    crf, emissions = example()
    emissions = emissions.detach()
    crf.requires_grad_(False)
    normalizer, score = crf.log_normalizer(emissions, MASK), crf.score(emissions, TAGS, MASK)
    best = []
    for text, length in enumerate(LENGTHS):
        paths = scores_of_all_paths(crf, emissions[text, :length])
        best += max(paths, key=paths.__getitem__)
        assert float(normalizer[text]) == pytest.approx(np.logaddexp.reduce([*paths.values()]))
        assert float(score[text]) == pytest.approx(paths[tuple(TAGS[text, :length].tolist())])
    assert crf.decode(emissions, MASK).tolist() == best


def test_loss_gradients_and_tags_are_those_of_pytorch_crf() -> None:
    crf, emissions = example()
    log_likelihood = crf.score(emissions, TAGS, MASK) - crf.log_normalizer(emissions, MASK)
    assert_allclose(log_likelihood.tolist(), [-11.1201038, -3.9792953, -6.9016562], rtol=1e-6)
    loss = crf.loss(emissions, TAGS, MASK)
    assert float(loss.detach()) == pytest.approx(2.444562, abs=1e-6)
    loss.backward()
    expected = {
        "start_transitions": [0.003389, 0.104510, -0.091299, -0.016600],
        "end_transitions": [0.069733, -0.009083, -0.084302, 0.023651],
        "transitions": [
            [0.012593, -0.062793, 0.000000, 0.024212],
            [0.115576, 0.007956, -0.105407, 0.146119],
            [0.013368, 0.008038, 0.014440, -0.097606],
            [-0.101182, 0.097450, 0.036205, -0.108970],
        ],
    }
    for name, gradient in expected.items():
        assert_allclose(crf.get_parameter(name).grad, gradient, atol=1e-6, err_msg=name)
    assert emissions.grad is not None
    assert_allclose(emissions.grad[2, 1], [0.008475, 0.089868, 0.012157, -0.110501], atol=1e-6)
    assert_allclose(emissions.grad[2, 3:], np.zeros((2, 4)))
    assert crf.decode(emissions, MASK).tolist() == [1, 3, 1, 0, 1, 0, 3, 1, 0]


class Normalizer(nn.Module):
    def __init__(self, crf: Crf) -> None:
        super().__init__()
        self.crf = crf

    def forward(self, emissions: Tensor) -> Tensor:
        return self.crf.log_normalizer(emissions, MASK)


def test_the_closed_form_gradient_is_the_numerical_one() -> None:
    crf, emissions = example()
    with torch.no_grad():
        crf.transitions[0, 2] = -1.0
    module = Normalizer(crf.double())
    names = [name for name, _ in module.named_parameters()]

    def normalizer(emissions: Tensor, *weights: Tensor) -> Tensor:
        values = dict(zip(names, weights, strict=True))
        return cast("Tensor", torch.func.functional_call(module, values, (emissions,)))

    inputs = [emissions, *module.parameters()]
    doubles = [each.detach().double().requires_grad_() for each in inputs]
    assert torch.autograd.gradcheck(normalizer, doubles)


def test_very_unlikely_tags_are_counted() -> None:
    """The best path goes through a tag that was e^300 times less likely at the word before."""
    crf = Crf(2)
    with torch.no_grad():
        crf.transitions[0, 1] = -1e4
    emissions = torch.tensor([[[300.0, 0.0], [0.0, 600.0]]])
    paths = scores_of_all_paths(crf, emissions[0])
    mask = torch.ones(1, 2, dtype=torch.bool)
    assert crf.log_normalizer(emissions, mask).item() == pytest.approx(
        np.logaddexp.reduce([*paths.values()])
    )
    assert crf.decode(emissions, mask).tolist() == [1, 1]
