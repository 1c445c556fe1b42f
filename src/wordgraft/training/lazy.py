"""AdamW of a table's rows that costs what a batch reads, not what the table holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

# AdamW's own, as torch has them.
BETAS, EPS = (0.9, 0.999), 1e-8
# Steps after which what is left of a row's momentum is lost in rounding: 0.9 ** 256 < 1e-11.
_MEMORY = 256
# Rows that catch up at once, where all do: what that needs beside them stays small.
_BLOCK = 4096


class LazyRows:
    """AdamW without weight decay, of a matrix whose gradients have few rows.

    Each of AdamW's steps also moves the rows that had no gradient, by what is left of their
    momentum. Here these wait, and a row catches up when it is read next: by one product, as what it
    missed is its momentum times a number that does not depend on the row. The weights are those of
    AdamW but for rounding.

    Args:
        layer: its gradients become sparse until `close`.
    """

    def __init__(self, layer: nn.Embedding) -> None:
        self.layer, self.weight = layer, layer.weight
        self.moments = [torch.zeros_like(self.weight.detach()) for _ in BETAS]
        device = self.weight.device
        # The step up to which each row has come.
        self.last = torch.zeros(len(self.weight), dtype=torch.int64, device=device)
        # What a row of momentum 1 that has come to each step missed since.
        self.missed = torch.zeros(1, device=device)
        fall = BETAS[0] / BETAS[1] ** 0.5
        self._fall = fall ** torch.arange(_MEMORY, 0, -1, device=device)
        self._read: _Read | None = None
        layer.sparse = True

    @property
    def step(self) -> int:
        """How many were taken."""
        return len(self.missed) - 1

    @property
    def gradient(self) -> Tensor | None:
        """That of the rows read, (rows, dims), in the order of their ids."""
        found = self.weight.grad
        if found is None:
            return None
        if not found.is_coalesced():
            found = self.weight.grad = found.coalesce()
        values: Tensor = found.values()
        return values

    def begin_step(self, ids: Tensor) -> None:
        """Bring the rows that a batch is about to read to where AdamW would have them by now."""
        self._read = None
        if self.weight.requires_grad:
            rows = torch.unique(ids)
            padding = self.layer.padding_idx  # it never has a gradient
            self._read = self._caught_up(rows if padding is None else rows[rows != padding])

    @torch.no_grad()
    def take_step(self, rate: float) -> None:
        """One step along the gradient, for the rows that `begin_step` was given."""
        values = self.gradient
        if values is None or self._read is None:  # the rows rest
            return
        rows, mean, square = self._read
        first, second = (1 - beta ** (self.step + 1) for beta in BETAS)
        mean.lerp_(values, 1 - BETAS[0])
        square.mul_(BETAS[1]).addcmul_(values, values, value=1 - BETAS[1])
        along = mean / square.sqrt().div_(second**0.5).add_(EPS)
        self.weight.index_add_(0, rows, along, alpha=-rate / first)
        window = self.missed[-_MEMORY:]
        window += rate / first * second**0.5 * self._fall[-len(window) :]
        self.missed = torch.cat([self.missed, self.missed.new_zeros(1)])
        self._keep(self._read)

    def catch_up(self) -> None:
        """Bring all rows up to now."""
        if self._read is not None:  # a step was not taken; its rows have caught up
            self._keep(self._read)
        for rows in torch.split(torch.nonzero(self.last < self.step)[:, 0], _BLOCK):
            self._keep(self._caught_up(rows))

    def close(self) -> None:
        """Bring all rows up to now; the layer is what it was."""
        self.catch_up()
        self.layer.sparse = False
        self.weight.grad = None

    def tensors(self) -> dict[str, Tensor]:
        """The state, but for the weights."""
        mean, square = self.moments
        return {"mean": mean, "square": square, "last": self.last, "missed": self.missed}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """The reverse of `tensors`."""
        device = self.weight.device
        found = {name: each.to(device, copy=True) for name, each in tensors.items()}
        self.moments = [found["mean"], found["square"]]
        self.last, self.missed = found["last"], found["missed"]

    @torch.no_grad()
    def _caught_up(self, rows: Tensor) -> _Read:
        """Move rows to where they would be, and give their moments as they would be."""
        last = self.last.index_select(0, rows)[:, None]
        mean, square = (each.index_select(0, rows) for each in self.moments)
        eps = EPS * (1 - BETAS[1] ** (last + 1)).sqrt()
        along = mean / square.sqrt().add_(eps)
        self.weight.index_add_(0, rows, along.mul_(self.missed[last]), alpha=-1)
        for moment, beta in zip((mean, square), BETAS, strict=True):
            moment.mul_(beta ** (self.step - last))
        return _Read(rows, mean, square)

    def _keep(self, read: _Read) -> None:
        for moment, value in zip(self.moments, read[1:], strict=True):
            moment.index_copy_(0, read.rows, value)
        self.last[read.rows] = self.step
        self._read = None


class _Read(NamedTuple):
    """Ids of rows, and their moments up to now."""

    rows: Tensor
    mean: Tensor
    square: Tensor
