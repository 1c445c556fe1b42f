"""The head by itself: what it reads is computed once while the rows stay as they are."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from wordgraft.core.ragged import Ragged
from wordgraft.networks.inputs import Sequences
from wordgraft.networks.network import Network
from wordgraft.networks.rows import FeatureRows
from wordgraft.training.examples import Examples
from wordgraft.training.inference import features


class _AsTheyAre(nn.Module):
    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        return words.vectors


def can_stand_apart(network: Network) -> bool:
    """Whether it pays: rows that are an encoder, and a body that has nothing to learn."""
    return hasattr(network.rows, "layers") and not list(network.body.parameters())


def apart(network: Network, *parts: Examples) -> tuple[Network, list[Examples]]:
    """The network's head, shared and not copied, and `parts` as features computed once."""
    stored, found, start = [], [], 0
    for examples in parts:
        values = features(network, examples) if len(examples) else np.empty((0, 1), np.float32)
        lengths = (
            examples.targets.lengths
            if isinstance(examples.targets, Ragged)
            else np.ones(len(examples), np.int64)
        )
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = start + np.arange(offsets[-1])
        found.append(Examples(Ragged(places, offsets), examples.targets))
        if len(examples):
            stored.append(values)
        start += int(offsets[-1])
    rows = FeatureRows(np.concatenate(stored))
    return Network(rows, _AsTheyAre(), network.head), found  # type: ignore[arg-type]
