"""AdamW for the rows of a table, at a cost that depends on the batch and not on the table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

if TYPE_CHECKING:
    from wordgraft.networks.rows import EmbeddingRows

# torch's defaults for AdamW.
BETAS, EPS = (0.9, 0.999), 1e-8
# After this many steps, what is left of a momentum is lost in rounding: 0.9 ** 256 < 1e-11.
_MEMORY = 256
# Rows that catch up together when all do, which limits the memory that it takes.
_BLOCK = 4096


class LazyRows:
    """AdamW without weight decay, for a matrix of which each batch reads a few rows.

    Each of AdamW's steps also moves the rows without a gradient, by what is left of their
    momentum. Here these rows wait, and a row catches up when it is next read, by one product: what
    it missed is its momentum times a number that does not depend on the row. Except for rounding,
    the weights are those of AdamW.

    Between `begin_step` and `take_step` the rows of the batch are in a small matrix of their own,
    which is looked up, receives the gradient and takes the step.

    Args:
        rows: look up ids here instead of in their layer until `close`.
    """

    def __init__(self, rows: EmbeddingRows) -> None:
        self._rows, self.layer, self.weight = rows, rows.layer, rows.layer.weight
        device = self.weight.device
        # Running means of each row's gradient and of its square.
        self.moments = torch.zeros((2, *self.weight.shape), dtype=self.weight.dtype, device=device)
        # The last step that each row has taken part in.
        self.last = torch.zeros(len(self.weight), dtype=torch.int64, device=device)
        # For each step: what a row of momentum 1 has missed since then.
        self.missed = torch.zeros(1, device=device)
        fall = BETAS[0] / BETAS[1] ** 0.5
        self._fall = fall ** torch.arange(_MEMORY, 0, -1, device=device)
        self._read: _RowsRead | None = None
        rows.look_up = self._look_up

    @property
    def step(self) -> int:
        """The number of steps taken."""
        return len(self.missed) - 1

    @property
    def gradient(self) -> Tensor | None:
        """The gradient of the rows being read, (rows, dims), in the order of their ids."""
        return None if self._read is None else self._read.weight.grad

    def zero_grad(self) -> None:
        """Discard the gradient."""
        if self._read is not None:
            self._read.weight.grad = None

    def begin_step(self, ids: Tensor) -> None:
        """Bring the rows that a batch is about to read up to date."""
        self._read = None
        if self.weight.requires_grad:
            self._read = self._caught_up(torch.unique(ids))
            self._read.weight.requires_grad_()

    @torch.no_grad()
    def take_step(self, rate: float) -> None:
        """One step for the rows that `begin_step` was given."""
        if self._read is None or self.gradient is None:  # the rows do not learn
            return
        mean, square = self._read.moments
        adamw(
            [self._read.weight],
            [self.gradient],
            [mean],
            [square],
            [],
            [torch.tensor(float(self.step), device=self.weight.device)],
            fused=True,
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=rate,
            weight_decay=0.0,
            eps=EPS,
            maximize=False,
        )
        first, second = (1 - beta ** (self.step + 1) for beta in BETAS)
        window = self.missed[-_MEMORY:]
        window += rate / first * second**0.5 * self._fall[-len(window) :]
        self.missed = torch.cat([self.missed, self.missed.new_zeros(1)])
        self._put_back(self._read)
        self._read = None

    @torch.no_grad()
    def catch_up(self) -> None:
        """Bring all rows up to date."""
        self._read = None  # a step that was not taken changed nothing
        for rows in torch.split(torch.nonzero(self.last < self.step)[:, 0], _BLOCK):
            self._put_back(self._caught_up(rows))

    def close(self) -> None:
        """Bring all rows up to date, and let ids be looked up in their layer again."""
        self.catch_up()
        self._rows.look_up = None

    def tensors(self) -> dict[str, Tensor]:
        """The state, without the weights."""
        return {"moments": self.moments, "last": self.last, "missed": self.missed}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """The inverse of `tensors`."""
        device = self.weight.device
        self.moments, self.last, self.missed = (
            tensors[name].to(device, copy=True) for name in ("moments", "last", "missed")
        )

    def _look_up(self, ids: Tensor) -> Tensor:
        if self._read is None:
            vectors: Tensor = self.layer(ids)
            return vectors
        rows, padding = self._read.rows, self.layer.padding_idx  # which never has a gradient
        places = torch.searchsorted(rows, ids)
        apart = None if padding is None else torch.nonzero(rows == padding).flatten().tolist()
        return nn.functional.embedding(
            places, self._read.weight, padding_idx=apart[0] if apart else None
        )

    @torch.no_grad()
    def _caught_up(self, rows: Tensor) -> _RowsRead:
        """Rows and their moments as AdamW would have them at this step."""
        last = self.last.index_select(0, rows)[:, None]
        weight, moments = self.weight.index_select(0, rows), self.moments.index_select(1, rows)
        mean, square = moments
        below = square.sqrt().add_(EPS * (1 - BETAS[1] ** (last + 1)).sqrt())
        weight.addcdiv_(mean * self.missed[last], below, value=-1)
        for moment, beta in zip(moments, BETAS, strict=True):
            moment.mul_(beta ** (self.step - last))
        return _RowsRead(rows, weight, moments)

    def _put_back(self, read: _RowsRead) -> None:
        self.weight.index_copy_(0, read.rows, read.weight)
        self.moments.index_copy_(1, read.rows, read.moments)
        self.last[read.rows] = self.step


class _RowsRead(NamedTuple):
    """The ids of rows, their weights and their moments."""

    rows: Tensor
    weight: Tensor
    moments: Tensor
