"""Steps of the rows that are read, beside those of AdamW over all rows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from wordgraft.networks.inputs import NetworkInputs
from wordgraft.networks.rows import EmbeddingRows
from wordgraft.training.lazy_adamw import LazyRows

ROWS, DIMS = 40, 6


def rows_of(weight: Tensor | None = None) -> EmbeddingRows:
    if weight is None:
        weight = torch.randn(ROWS, DIMS, generator=torch.Generator().manual_seed(0))
        weight[0] = 0
    return EmbeddingRows(nn.Embedding.from_pretrained(weight, freeze=False, padding_idx=0))


def batches(steps: int, seed: int = 1) -> list[tuple[Tensor, Tensor]]:
    """Ids, early ones often and late ones seldom, and what each is multiplied by."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(steps):
        ids = (torch.rand(5, generator=generator) ** 4 * ROWS).long()
        found.append((ids, torch.randn(5, DIMS, generator=generator)))
    return found


def rate(step: int) -> float:
    return 0.01 / (1 + step / 100)


def read(rows: EmbeddingRows, ids: Tensor) -> Tensor:
    return rows(NetworkInputs(ids, torch.tensor([len(ids)]), {})).vectors


def lazily(rows: EmbeddingRows, lazy: LazyRows, given: list[tuple[Tensor, Tensor]]) -> None:
    for ids, factor in given:
        lazy.begin_step(ids)
        (read(rows, ids).tanh() * factor).sum().backward()
        lazy.take_step(rate(lazy.step))


def by_adamw(given: list[tuple[Tensor, Tensor]]) -> Tensor:
    layer = rows_of().layer
    optimizer = torch.optim.AdamW(layer.parameters(), weight_decay=0.0)
    for step, (ids, factor) in enumerate(given):
        optimizer.param_groups[0]["lr"] = rate(step)
        optimizer.zero_grad()
        (layer(ids).tanh() * factor).sum().backward()
        optimizer.step()
    return layer.weight.detach()


@pytest.mark.parametrize("steps", [1, 30, 700])
def test_rows_end_where_adamw_takes_them(steps: int) -> None:
    given = batches(steps)
    rows = rows_of()
    lazy = LazyRows(rows)
    lazily(rows, lazy, given)
    lazy.close()
    expected = by_adamw(given)
    moved = (expected - rows_of().layer.weight.detach()).abs().max()
    assert moved > 5e-3
    found = rows.layer.weight.detach()
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-5 * float(moved))
    assert not found[0].any()
    assert torch.equal(read(rows, torch.tensor([3, 0])).detach(), found[[3, 0]])


def test_catching_up_in_between_changes_nothing() -> None:
    given = batches(60)
    both = [rows_of(), rows_of()]
    for rows, stops in zip(both, ((60,), (13, 40, 60)), strict=True):
        lazy, done = LazyRows(rows), 0
        for stop in stops:
            lazily(rows, lazy, given[done:stop])
            lazy.catch_up()
            done = stop
    torch.testing.assert_close(both[0].layer.weight, both[1].layer.weight, rtol=1e-5, atol=1e-6)


def test_a_kept_state_goes_on_to_the_bit() -> None:
    given = batches(50)
    whole = rows_of()
    lazy = LazyRows(whole)
    lazily(whole, lazy, given)
    first = rows_of()
    lazy_first = LazyRows(first)
    lazily(first, lazy_first, given[:20])
    second = rows_of(first.layer.weight.detach().clone())
    lazy_second = LazyRows(second)
    lazy_second.load(lazy_first.tensors())
    lazily(second, lazy_second, given[20:])
    lazy.close(), lazy_second.close()
    assert torch.equal(whole.layer.weight, second.layer.weight)


@pytest.mark.parametrize("reached", ["begun", "gradient"])
def test_a_step_that_is_not_taken_changes_nothing(reached: str) -> None:
    given = batches(21)
    both = [rows_of(), rows_of()]
    for rows, aborted in zip(both, (False, True), strict=True):
        lazy = LazyRows(rows)
        lazily(rows, lazy, given[:20])
        if aborted:
            lazy.begin_step(given[20][0])
            if reached == "gradient":
                read(rows, given[20][0]).sum().backward()
        lazy.close()
    assert torch.equal(both[0].layer.weight, both[1].layer.weight)


def test_gradients_of_parts_add_up_and_are_forgotten() -> None:
    rows = rows_of()
    lazy = LazyRows(rows)
    lazy.begin_step(torch.tensor([7, 0, 2, 7]))
    read(rows, torch.tensor([7, 0])).sum().backward()
    read(rows, torch.tensor([2, 7])).sum().backward()
    assert lazy.gradient is not None
    # Rows 0, 2 and 7; the padding has no gradient.
    assert lazy.gradient.tolist() == [[0.0] * DIMS, [1.0] * DIMS, [2.0] * DIMS]
    assert rows.layer.weight.grad is None
    lazy.zero_grad()
    assert lazy.gradient is None


def test_rows_that_rest_stay() -> None:
    rows = rows_of()
    lazy = LazyRows(rows)
    rows.layer.weight.requires_grad_(False)
    lazy.begin_step(torch.tensor([1, 2]))
    assert not read(rows, torch.tensor([1, 2])).requires_grad
    lazy.take_step(1.0)
    lazy.close()
    assert torch.equal(rows.layer.weight, rows_of().layer.weight)
