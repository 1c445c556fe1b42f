"""Sequences end to end, padded and averaged."""

from __future__ import annotations

import torch

from wordgraft.networks.inputs import Sequences, means, padded


def test_padding_and_means_of_texts_of_which_one_is_empty() -> None:
    words = Sequences(torch.tensor([[1.0, 2], [3, 4], [5, 6]]), torch.tensor([2, 0, 1]))
    block, mask = padded(words)
    assert block.tolist() == [[[1, 2], [3, 4]], [[0, 0], [0, 0]], [[5, 6], [0, 0]]]
    assert mask.tolist() == [[True, True], [False, False], [True, False]]
    assert means(words).tolist() == [[2, 3], [0, 0], [5, 6]]
    assert words.offsets.tolist() == [0, 2, 2]
    assert torch.equal(block[mask], words.vectors)
