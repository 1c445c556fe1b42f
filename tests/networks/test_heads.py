"""Losses and predictions from logits."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from small_networks import FOR_WORDS, TAGS, inputs, network

from wordgraft.networks.heads import LabelHead, forbidden


def test_forbidden_transitions_are_those_of_iob2() -> None:
    first, following = forbidden(TAGS)
    for tag, never in zip(TAGS, first, strict=True):
        assert never == tag.startswith("I-")
    for (i, before), (j, after) in product(enumerate(TAGS), enumerate(TAGS)):
        goes_on = after.startswith("I-") and before[1:] not in ("-" + after[2:],)
        assert following[i, j] == goes_on, (before, after)


@pytest.mark.parametrize("name", FOR_WORDS)
def test_no_impossible_tags_are_predicted_whatever_the_logits(name: str) -> None:
    net = network(name, per_word=True).eval()
    rng = np.random.default_rng(0)
    batch = inputs([[3] * 40, [], [4] * 7, [5]])
    for _ in range(5):
        made = torch.from_numpy(rng.normal(0, 5, (48, 5)).astype(np.float32))
        best = net.predict(made, batch)
        assert len(best) == 48
        start = 0
        for length in (40, 0, 7, 1):
            tags = ["O", *(TAGS[k] for k in best[start : start + length])]
            for before, after in pairwise(tags):
                assert not after.startswith("I-") or before[2:] == after[2:]
            start += length


def test_a_crf_gives_the_best_path_and_its_own_likelihood() -> None:
    """Against all 5^3 paths, counted one by one."""
    head = network("bilstm-crf", per_word=True).head
    rng = np.random.default_rng(1)
    with torch.no_grad():
        moves = torch.from_numpy(rng.normal(size=(5, 5)).astype(np.float32))
        head.crf.transitions += moves * (head.crf.transitions > -1)
    made = torch.from_numpy(rng.normal(size=(3, 5)).astype(np.float32))
    batch = inputs([[3, 4, 5]])
    first, moves = head.crf.start_transitions.detach(), head.crf.transitions.detach()

    def worth(path: tuple[int, ...]) -> float:
        total = first[path[0]] + sum(made[k, tag] for k, tag in enumerate(path))
        return float(total + sum(moves[a, b] for a, b in pairwise(path)))

    paths = {path: worth(path) for path in product(range(5), repeat=3)}
    best = max(paths, key=paths.__getitem__)
    assert head.predict(made, batch).tolist() == list(best)
    expected = -(paths[0, 1, 2] - np.logaddexp.reduce(list(paths.values()))) / 3
    loss = head.loss(made, batch, torch.tensor([0, 1, 2]))
    assert float(loss.detach()) == pytest.approx(expected, abs=1e-4)


def test_forbidden_transitions_do_not_move_in_training() -> None:
    net = network("bilstm-crf", per_word=True)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    batch = inputs([[3, 4, 5], [6, 7]])
    for _ in range(20):
        optimizer.zero_grad()
        net.loss(net(batch), batch, torch.tensor([1, 2, 0, 0, 3])).backward()
        optimizer.step()
    _, never = forbidden(TAGS)
    moves = net.head.crf.transitions.detach().numpy()
    assert (moves[never] == -1e4).all()
    assert np.abs(moves[~never]).min() > 0


def test_each_label_has_its_own_loss_and_probability() -> None:
    head = LabelHead(4, 2, generator=torch.Generator().manual_seed(0))
    made = torch.tensor([[0.0, 2.0]])
    batch = inputs([[3]])
    assert_allclose(head.predict(made, batch), [[0.5, 1 / (1 + np.exp(-2))]], rtol=1e-6)
    loss = float(head.loss(made, batch, torch.tensor([[True, False]])))
    assert loss == pytest.approx((np.log(2) + np.log1p(np.exp(2))) / 2, rel=1e-5)
