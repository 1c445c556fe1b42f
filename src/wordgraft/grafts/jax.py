"""Ids that are checked under JAX, whose gather answers for a row there is not with NaN."""

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
    """The ids, or an error naming one that is not from 0 to `rows - 1`.

    A `DataError`; under `jit`, where JAX passes on the text alone, an error of JAX with that text.
    The ids leave the device only when one is wrong.
    """
    wrong = jnp.any((ids < 0) | (ids >= rows))
    if not isinstance(wrong, jax.core.Tracer):
        if wrong:
            _refuse(ids, rows)
        return ids

    def refuse(all_ids: jax.Array) -> jax.Array:
        same: jax.Array = jax.pure_callback(lambda found: _refuse(found, rows), all_ids, all_ids)
        return same

    fine: jax.Array = jax.lax.cond(wrong, refuse, lambda all_ids: all_ids, ids)
    return fine


def _refuse(ids: Any, rows: int) -> Any:
    found = np.asarray(ids)
    outside = found[(found < 0) | (found >= rows)]
    if not outside.size:  # asked for all branches alike, as under vmap
        return found
    raise out_of_range(int(outside[0]), rows)


def out_of_range(id: int, rows: int) -> DataError:
    """The error for an id that names no row."""
    return DataError(
        f"id {id} names no row: the layer has rows 0 to {rows - 1}; make the ids with the table "
        "that the layer was made of (wordgraft.grafts.padded_ids)"
    )
