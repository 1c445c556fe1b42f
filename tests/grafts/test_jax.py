"""Ids that are checked under JAX."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from wordgraft.errors import DataError
from wordgraft.grafts.jax import checked


@pytest.mark.parametrize("ids", [[0, 1, 4], [[2, 3], [4, 0]], []])
def test_good_ids_come_back(ids: list[int]) -> None:
    array = jnp.asarray(np.array(ids, np.int32))
    assert checked(array, 5).tolist() == ids
    assert jax.jit(lambda values: checked(values, 5))(array).tolist() == ids


@pytest.mark.parametrize("id", [5, -1, 1_000])
def test_the_first_id_without_a_row_is_named(id: int) -> None:
    with pytest.raises(DataError, match=f"id {id} has no row: the layer has rows 0 to 4"):
        checked(jnp.array([1, id, 7]), 5)
    with pytest.raises(Exception, match=f"id {id} has no row: the layer has rows 0 to 4"):
        jax.block_until_ready(jax.jit(lambda values: checked(values, 5))(jnp.array([1, id])))


def test_ids_are_checked_under_vmap() -> None:
    def total(ids: jax.Array) -> jax.Array:
        return checked(ids, 5).sum()

    assert jax.vmap(total)(jnp.array([[1, 2], [3, 4]])).tolist() == [3, 7]
