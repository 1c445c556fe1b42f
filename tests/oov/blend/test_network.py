"""The character network."""

from __future__ import annotations

import numpy as np
import torch

from wordgraft.oov.blend.network import CharacterNetwork


def test_maxima_over_n_grams_are_those_of_the_convolutions() -> None:
    network = CharacterNetwork(40, 0, 8, rng=np.random.default_rng(0)).eval()
    letters = torch.randint(1, 40, (50, 12), generator=torch.Generator().manual_seed(0))
    lengths = torch.arange(50) % 12 + 1
    letters[torch.arange(12) >= lengths[:, None]] = 0
    by_convolution = network.encode_letters(letters).detach()
    with torch.inference_mode():
        by_n_gram = network.encode_letters(letters)
    torch.testing.assert_close(by_n_gram, by_convolution, rtol=1e-5, atol=1e-5)
