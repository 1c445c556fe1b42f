"""The gradients of one batch: in chunks if memory is short, and shared between processes."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from wordgraft.networks.network import Network
from wordgraft.training.batching import inputs_of, targets_of
from wordgraft.training.examples import Examples

_LOG = logging.getLogger(__name__)
# How torch's allocators report a lack of memory when they raise a RuntimeError.
_NO_MEMORY = ("not enough memory", "can't allocate memory", "out of memory")


class BatchGradients:
    """Computes the gradients of a network's loss and adds them to the existing ones.

    Args:
        network: computes the loss.
        model: the network as `accelerator` prepared it.
        batch_size: the maximum number of chunks.
        chunks: parts of a batch computed one after the other. Doubled whenever memory runs out.
        low_precision: whether products are computed in bfloat16.
    """

    def __init__(
        self,
        network: Network,
        model: nn.Module,
        accelerator: Any,
        *,
        batch_size: int,
        chunks: int,
        low_precision: bool,
    ) -> None:
        self.network, self.model, self.accelerator = network, model, accelerator
        self.batch_size, self.chunks, self.low_precision = batch_size, chunks, low_precision

    def can_recover_from(self, error: BaseException) -> bool:
        """Whether memory ran out, and smaller chunks are possible."""
        return _is_memory(error) and self.chunks < self.batch_size

    def use_smaller_chunks(self) -> None:
        """Use twice as many chunks from now on."""
        self.chunks *= 2
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        _LOG.warning(
            "out of memory: each batch of %d texts is now computed in %d parts, whose "
            "gradients add up to the same",
            self.batch_size,
            self.chunks,
        )

    def add(self, batch: Examples) -> float:
        """Add the batch's gradients to those of the parameters, and return its loss."""
        processes = self.accelerator.num_processes
        texts, alone = self._own_share(batch)
        parts = _cut(texts, self.chunks)
        targets = max(1, len(batch.flat_targets))
        total = torch.zeros((), device=self.accelerator.device)
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            with nullcontext() if last else self.accelerator.no_sync(self.model):
                # Gradients are averaged over the processes, but should be those of the batch.
                share = len(part.flat_targets) / targets * (processes if alone else 1)
                loss = self.loss(part) * share
                self.accelerator.backward(loss)
            total += loss.detach() / processes
        return float(self.accelerator.reduce(total, "sum"))

    def loss(self, part: Examples) -> Tensor:
        """The mean loss of some texts."""
        device = self.accelerator.device
        inputs, targets = inputs_of(part, device), targets_of(part, device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.low_precision):
            logits = self.model(inputs)
        return self.network.loss(logits.float(), inputs, targets)

    def _own_share(self, batch: Examples) -> tuple[Examples, bool]:
        """The texts of a batch that this process computes, and whether no other computes them.

        If a batch has fewer texts than there are processes, each computes all of it.
        """
        index, processes = self.accelerator.process_index, self.accelerator.num_processes
        if processes == 1 or len(batch) < processes:
            return batch, processes == 1
        borders = np.linspace(0, len(batch), processes + 1).round().astype(int)
        return batch.take(np.arange(borders[index], borders[index + 1])), True


def _cut(batch: Examples, chunks: int) -> list[Examples]:
    if chunks == 1:
        return [batch]
    parts = np.array_split(np.arange(len(batch)), min(chunks, max(1, len(batch))))
    return [batch.take(part) for part in parts]


def _is_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or any(text in str(error) for text in _NO_MEMORY)
