"""Ridge regression in closed form, its strength chosen on held-out rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float32, Float64
    from numpy import ndarray

# Strengths tried, in units of the inputs' mean variance; the best on held-out rows is used.
STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
_HELD_OUT = 0.1


class Ridge:
    """Ridge regression with an intercept, for any strength after one decomposition."""

    def __init__(
        self, x: Float32[ndarray, "rows inputs"], y: Float32[ndarray, "rows outputs"]
    ) -> None:
        self._x_mean, self._y_mean = x.mean(axis=0), y.mean(axis=0)
        centred = x - self._x_mean
        self._variances, self._directions = np.linalg.eigh((centred.T @ centred).astype(np.float64))
        self._targets: Float64[ndarray, "inputs outputs"] = self._directions.T @ (
            centred.T @ (y - self._y_mean)
        )

    def solve(
        self, strength: float
    ) -> tuple[Float32[ndarray, "inputs outputs"], Float32[ndarray, " outputs"]]:
        """The weights and the intercept."""
        penalty = strength * max(float(self._variances.mean()), np.finfo(np.float64).tiny)
        # Rounding can make a variance of nothing a little negative.
        scales = np.maximum(self._variances, 0) + penalty
        weights = (self._directions @ (self._targets / scales[:, None])).astype(np.float32)
        return weights, self._y_mean - self._x_mean @ weights


def regression(
    x: Float32[ndarray, "rows inputs"], y: Float32[ndarray, "rows outputs"]
) -> tuple[Float32[ndarray, "inputs outputs"], Float32[ndarray, " outputs"]]:
    """Weights and intercept from `x` to `y`; rows come in random order, the first are held out."""
    held_out = max(1, int(len(x) * _HELD_OUT))
    trial = Ridge(x[held_out:], y[held_out:]) if len(x) > 1 else Ridge(x, y)
    errors = {}
    for strength in STRENGTHS:
        weights, intercept = trial.solve(strength)
        errors[strength] = np.square(x[:held_out] @ weights + intercept - y[:held_out]).mean()
    return Ridge(x, y).solve(min(errors, key=errors.__getitem__))
