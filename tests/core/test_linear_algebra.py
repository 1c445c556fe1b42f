"""Principal directions against NumPy's SVD, and ridge regression against its closed form."""

from __future__ import annotations

import numpy as np
import pytest

from wordgraft.core import linear_algebra
from wordgraft.core.linear_algebra import Ridge, principal_directions, regression

RNG = np.random.default_rng(0)
ROWS = (RNG.normal(size=(300, 5)) @ RNG.normal(size=(5, 5)) + 3).astype(np.float32)


@pytest.mark.parametrize("center", [True, False])
def test_directions_and_variances_are_those_of_the_svd(
    monkeypatch: pytest.MonkeyPatch, center: bool
) -> None:
    monkeypatch.setattr(linear_algebra, "_ROWS_AT_ONCE", 64)
    found = principal_directions(ROWS, 3, center=center)
    mean = ROWS.astype(np.float64).mean(axis=0) if center else np.zeros(5)
    _, scales, directions = np.linalg.svd(ROWS - mean, full_matrices=False)
    np.testing.assert_allclose(found.mean, mean, rtol=1e-6)
    np.testing.assert_allclose(found.variances, scales[:3] ** 2 / 300, rtol=1e-6)
    cosines = np.abs(np.sum(found.directions.T * directions[:3], axis=1))
    np.testing.assert_allclose(cosines, 1, atol=1e-6)


def test_the_largest_entry_of_a_direction_is_positive() -> None:
    for rows in (ROWS, -ROWS):
        directions = principal_directions(rows, 5).directions
        assert (directions[np.abs(directions).argmax(axis=0), np.arange(5)] > 0).all()


def test_ridge_solves_the_normal_equations() -> None:
    x, y = ROWS, (ROWS[:, :2] * 2 - 1).astype(np.float32)
    weights, intercept = Ridge(x, y).solve(0.1)
    centred = (x - x.mean(axis=0)).astype(np.float64)
    penalty = 0.1 * np.linalg.eigvalsh(centred.T @ centred).mean()
    expected = np.linalg.solve(
        centred.T @ centred + penalty * np.eye(5), centred.T @ (y - y.mean(0))
    )
    np.testing.assert_allclose(weights, expected, atol=1e-4)
    np.testing.assert_allclose(intercept, y.mean(0) - x.mean(0) @ weights, atol=1e-4)


def test_regression_penalizes_noise_more_than_a_clean_line() -> None:
    x = RNG.normal(size=(40, 30)).astype(np.float32)
    clean = (x[:, :1] * 2 + 1).astype(np.float32)
    noise = RNG.normal(size=(40, 1)).astype(np.float32)
    weights, intercept = regression(x, clean)
    np.testing.assert_allclose(weights[:2, 0], [2, 0], atol=0.05)
    np.testing.assert_allclose(intercept, 1, atol=0.05)
    assert (
        np.square(regression(x, noise)[0]).sum() < np.square(Ridge(x, noise).solve(1e-3)[0]).sum()
    )
