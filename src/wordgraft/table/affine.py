"""`Affine`: what refinements do to an unseen word: a linear map and a shift."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.errors import TableError

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray

    # Rows and their counts to new rows.
    Move = Callable[
        [Float32[ndarray, "rows dims"], Int64[ndarray, " rows"]], Float32[ndarray, "rows new_dims"]
    ]


@dataclass(frozen=True, eq=False)
class Affine:
    """`x @ matrix + shift`, for rows `x` of shape (rows, dims)."""

    matrix: Float32[ndarray, "dims new_dims"]
    shift: Float32[ndarray, " new_dims"]

    def __call__(self, rows: Float32[ndarray, "rows dims"]) -> Float32[ndarray, "rows new_dims"]:
        moved: Float32[ndarray, "rows new_dims"] = rows @ self.matrix + self.shift
        return moved

    def then(self, later: Affine) -> Affine:
        """This move followed by `later`, as one.

        >>> double = Affine(np.float32([[2]]), np.float32([1]))
        >>> double.then(double).shift
        array([3.], dtype=float32)
        """
        return Affine(self.matrix @ later.matrix, later(self.shift[None])[0])

    @classmethod
    def of(cls, move: Move, dims: int, *, name: str) -> Affine:
        """What `move` does to words with a count of 0, found by moving the unit vectors.

        Raises `TableError` when that is not an affine map, since an out-of-vocabulary method
        could not follow it.
        """
        never_seen = np.zeros(dims, np.int64)
        shift = move(np.zeros((1, dims), np.float32), never_seen[:1])[0]
        affine = cls(move(np.eye(dims, dtype=np.float32), never_seen) - shift, shift)
        trial = np.random.default_rng(0).normal(size=(4, dims)).astype(np.float32)
        moved = move(trial, never_seen[:1].repeat(4))
        if not np.allclose(affine(trial), moved, rtol=1e-2, atol=1e-2 * np.abs(moved).max()):
            raise TableError(
                f"{name} is not a linear map and a shift, so an out-of-vocabulary method cannot "
                "follow it; refine first and then fit the method: wordgraft.with_oov(table, ...)"
            )
        return affine

    def arrays(self, prefix: str) -> dict[str, ndarray]:
        """The arrays by the names under which they are stored."""
        return {f"{prefix}.{name}": value for name, value in vars(self).items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, ndarray], prefix: str) -> Affine | None:
        """The inverse of `arrays`; None if there are none."""
        if f"{prefix}.matrix" not in arrays:
            return None
        return cls(arrays[f"{prefix}.matrix"], arrays[f"{prefix}.shift"])


def identity(dims: int) -> Affine:
    """The move that changes nothing."""
    return Affine(np.eye(dims, dtype=np.float32), np.zeros(dims, np.float32))


def after(move: Affine | None, later: Affine) -> Affine:
    """`later`, after `move` if there was one."""
    return later if move is None else move.then(later)
