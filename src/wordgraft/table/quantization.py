"""How rows are stored: float32, float16, or int8 with one scale per row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wordgraft.errors import TableError

if TYPE_CHECKING:
    from jaxtyping import Float32, Int8, Num
    from numpy import ndarray

DTYPES = ("float32", "float16", "int8")
_INT8_MAX = 127


def stored_as(
    dtype: str, vectors: Float32[ndarray, "words dims"]
) -> tuple[Num[ndarray, "words dims"], Float32[ndarray, " words"] | None]:
    """The rows in `dtype`, and for int8 the scale that restores each row.

    The scale is the row's largest absolute value divided by 127; an int8 value is off by at most
    half of it. Raises `TableError` for a dtype not in `DTYPES`, and for values too large for
    float16.

    >>> stored_as("int8", np.array([[0.5, -1.27]], np.float32))[0]
    array([[  50, -127]], dtype=int8)
    """
    if dtype == "float32":
        return np.asarray(vectors, np.float32), None
    if dtype == "float16":
        if np.abs(vectors).max(initial=0) > np.finfo(np.float16).max:
            raise TableError("the vectors are too large for float16; scale them first")
        return vectors.astype(np.float16), None
    if dtype == "int8":
        scales = np.abs(vectors).max(axis=1, initial=0).astype(np.float32) / _INT8_MAX
        divisors = np.where(scales > 0, scales, 1)[:, None]
        return np.rint(vectors / divisors).astype(np.int8), scales
    raise TableError(f"unknown dtype {dtype!r}; choose one of {', '.join(DTYPES)}")


def dequantize(
    rows: Int8[ndarray, "rows dims"], scales: Float32[ndarray, " rows"]
) -> Float32[ndarray, "rows dims"]:
    """Stored int8 rows as float32."""
    return rows.astype(np.float32) * np.asarray(scales, np.float32)[:, None]
