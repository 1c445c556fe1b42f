"""Principal directions, and ridge regression whose strength is chosen on validation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from jaxtyping import Float, Float32, Float64
    from numpy import ndarray

# Strengths that `regression` tries, in units of the inputs' mean variance.
STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
_VALIDATION_SHARE = 0.1
_ROWS_AT_ONCE = 65_536


class Principal(NamedTuple):
    """The directions in which rows vary most, the strongest first.

    Attributes:
        mean: what was subtracted from the rows; zeros if they were not centered.
        directions: orthonormal columns. The entry of largest magnitude in each is positive, so
            that equal rows give equal directions.
        variances: mean square of the rows along each direction.
    """

    mean: Float32[ndarray, " dims"]
    directions: Float32[ndarray, "dims components"]
    variances: Float64[ndarray, " components"]


def principal_directions(
    rows: Float[ndarray, "rows dims"], components: int, *, center: bool = True
) -> Principal:
    """The `components` strongest directions of the rows (PCA), computed in float64.

    With `center=False` the mean is not subtracted: these are the right singular vectors of `rows`.
    """
    dims = rows.shape[1]
    mean = rows.mean(axis=0, dtype=np.float64) if center else np.zeros(dims)
    # The covariance has the shape (dims, dims), however many rows there are.
    covariance = np.zeros((dims, dims))
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        block = rows[start : start + _ROWS_AT_ONCE].astype(np.float64) - mean
        covariance += block.T @ block
    variances, directions = np.linalg.eigh(covariance / max(len(rows), 1))
    strongest = np.argsort(variances)[::-1][:components]
    # The sign of an eigenvector is arbitrary.
    columns = directions[:, strongest]
    columns *= np.sign(columns[np.abs(columns).argmax(axis=0), np.arange(len(strongest))])
    return Principal(
        mean.astype(np.float32),
        columns.astype(np.float32),
        np.maximum(variances[strongest], 0),
    )


class Ridge:
    """Ridge regression with an intercept: one decomposition, then a solution for any strength."""

    def __init__(
        self, x: Float32[ndarray, "rows inputs"], y: Float32[ndarray, "rows outputs"]
    ) -> None:
        self._x_mean, self._y_mean = x.mean(axis=0), y.mean(axis=0)
        centered = x - self._x_mean
        self._variances, self._directions = np.linalg.eigh(
            (centered.T @ centered).astype(np.float64)
        )
        self._targets: Float64[ndarray, "inputs outputs"] = self._directions.T @ (
            centered.T @ (y - self._y_mean)
        )

    def solve(
        self, strength: float
    ) -> tuple[Float32[ndarray, "inputs outputs"], Float32[ndarray, " outputs"]]:
        """The weights and the intercept for a strength in units of the inputs' mean variance."""
        penalty = strength * max(float(self._variances.mean()), np.finfo(np.float64).tiny)
        # Rounding can make a variance of zero slightly negative.
        scales = np.maximum(self._variances, 0) + penalty
        weights = (self._directions @ (self._targets / scales[:, None])).astype(np.float32)
        return weights, self._y_mean - self._x_mean @ weights


def regression(
    x: Float32[ndarray, "rows inputs"], y: Float32[ndarray, "rows outputs"]
) -> tuple[Float32[ndarray, "inputs outputs"], Float32[ndarray, " outputs"]]:
    """Weights and intercept of a ridge regression from `x` to `y`.

    The strength with the smallest error on the first tenth of the rows is used, so the rows must
    be in random order; the regression is then fitted to all of them.
    """
    validation = max(1, int(len(x) * _VALIDATION_SHARE))
    trial = Ridge(x[validation:], y[validation:]) if len(x) > 1 else Ridge(x, y)
    errors = {}
    for strength in STRENGTHS:
        weights, intercept = trial.solve(strength)
        errors[strength] = np.square(x[:validation] @ weights + intercept - y[:validation]).mean()
    return Ridge(x, y).solve(min(errors, key=errors.__getitem__))
