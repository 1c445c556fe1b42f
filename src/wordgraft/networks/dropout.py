"""Dropout for sequences: of the same values throughout a text, and of whole words."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LockedDropout(nn.Module):
    """Set the same values to zero at every word of a text (Gal and Ghahramani 2016)."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, block: Tensor) -> Tensor:
        """(texts, longest, width) to the same."""
        if not self.training or not self.share:
            return block
        mask = torch.rand(block.shape[0], 1, block.shape[2], device=block.device) >= self.share
        return block * mask / (1 - self.share)


class WordDropout(nn.Module):
    """Set the whole vectors of some words to zero, so that the network relies on no single word."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, vectors: Tensor) -> Tensor:
        """(words, dims) to the same."""
        if not self.training or not self.share:
            return vectors
        return vectors * (torch.rand(len(vectors), 1, device=vectors.device) >= self.share)
