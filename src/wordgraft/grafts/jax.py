"""Checked ids for JAX, whose gather gives NaN for an id without a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.optional import require
from wordgraft.errors import DataError

if TYPE_CHECKING:
    import jax
    from jax import numpy as jnp
else:
    jax = require("jax", purpose="grafting onto JAX")
    jnp = jax.numpy


def checked(ids: jax.Array, rows: int) -> jax.Array:
    """The ids themselves, if all are from 0 to `rows - 1`.

    Raises `DataError` naming an id that is not; under `jit`, where JAX passes on the message alone,
    an error of JAX with that message. The ids leave the device only when one is wrong.

    >>> checked(jax.numpy.array([0, 2]), rows=3).tolist()
    [0, 2]
    """
    wrong = jnp.any((ids < 0) | (ids >= rows))
    if not isinstance(wrong, jax.core.Tracer):
        if wrong:
            _refuse(ids, rows)
        return ids

    def refuse(all_ids: jax.Array) -> jax.Array:
        same: jax.Array = jax.pure_callback(
            lambda wrong_ids: _refuse(wrong_ids, rows), all_ids, all_ids, vmap_method="sequential"
        )
        return same

    fine: jax.Array = jax.lax.cond(wrong, refuse, lambda all_ids: all_ids, ids)
    return fine


def _refuse(ids: Any, rows: int) -> Any:
    values = np.asarray(ids)
    outside = values[(values < 0) | (values >= rows)]
    if not outside.size:  # under vmap, JAX runs both branches
        return values
    raise out_of_range(int(outside[0]), rows)


def out_of_range(id: int, rows: int) -> DataError:
    """The error for an id without a row."""
    return DataError(
        f"id {id} has no row: the layer has rows 0 to {rows - 1}; make the ids with the table "
        "that the layer was made from (wordgraft.grafts.padded_ids)"
    )
