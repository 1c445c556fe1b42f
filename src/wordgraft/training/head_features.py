"""The head by itself: while the rows do not learn, what the head reads is computed only once."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from wordgraft.core.ragged import Ragged
from wordgraft.networks.inputs import Sequences
from wordgraft.networks.network import Network
from wordgraft.networks.rows import FeatureRows
from wordgraft.training.examples import Examples
from wordgraft.training.inference import features


class _Identity(nn.Module):
    width = 0

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        return words.vectors


def is_worth_storing(network: Network) -> bool:
    """Whether the rows are an encoder, which is slow, and the body has nothing to learn."""
    return hasattr(network.rows, "layers") and not list(network.body.parameters())


def head_on_features(network: Network, *parts: Examples) -> tuple[Network, list[Examples]]:
    """A network of the same head on stored features, and `parts` as the places of these.

    The head is shared, not copied.
    """
    stored, places_of_parts, start = [], [], 0
    for examples in parts:
        lengths = (
            examples.targets.lengths
            if isinstance(examples.targets, Ragged)
            else np.ones(len(examples), np.int64)
        )
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        places = Ragged(start + np.arange(offsets[-1]), offsets)
        places_of_parts.append(Examples(places, examples.targets))
        if len(examples):
            stored.append(features(network, examples))
        start += int(offsets[-1])
    rows = FeatureRows(np.concatenate(stored))
    return Network(rows, _Identity(), network.head), places_of_parts  # type: ignore[arg-type]
