"""From NumPy to torch: a batch of examples as a network reads it."""

from __future__ import annotations

import torch
from torch import Tensor

from wordgraft.networks.inputs import NetworkInputs
from wordgraft.training.examples import Examples


def inputs_of(batch: Examples, device: torch.device) -> NetworkInputs:
    """The ids, lengths and extras of a batch, on a device."""
    extras = {
        name: torch.from_numpy(values.ids).to(device) for name, values in batch.extras.items()
    }
    ids, lengths = torch.from_numpy(batch.ids.ids), torch.from_numpy(batch.ids.lengths)
    return NetworkInputs(ids.to(device), lengths.to(device), extras, batch.ids.lengths.tolist())


def targets_of(batch: Examples, device: torch.device) -> Tensor:
    """The targets of a batch, on a device."""
    return torch.from_numpy(batch.flat_targets).to(device)
