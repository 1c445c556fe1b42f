"""The character network."""

from __future__ import annotations

import numpy as np
import torch

from wordgraft.oov.blend.network import CharacterNetwork, warmup_cosine


def test_maxima_over_n_grams_are_those_of_the_convolutions() -> None:
    network = CharacterNetwork(40, 0, 8, rng=np.random.default_rng(0)).eval()
    letters = torch.randint(1, 40, (50, 12), generator=torch.Generator().manual_seed(0))
    lengths = torch.arange(50) % 12 + 1
    letters[torch.arange(12) >= lengths[:, None]] = 0
    by_convolution = network.encode_letters(letters).detach()
    with torch.inference_mode():
        by_n_gram = network.encode_letters(letters)
    torch.testing.assert_close(by_n_gram, by_convolution, rtol=1e-5, atol=1e-5)


def test_the_rate_rises_for_a_tenth_of_the_steps_and_falls_to_nothing() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = warmup_cosine(optimizer, 20)
    rates = []
    for _ in range(20):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert rates[:2] == [0.5, (1 + np.cos(np.pi / 20)) / 2]
    assert rates[10] == 0.5
    assert schedule.get_last_lr()[0] < 1e-9
