"""How far layers moved, against numbers by hand."""

from __future__ import annotations

import numpy as np
import pytest

from wordgraft.metrics.forgetting.drift import linear_cka, mean_cosine


def test_cka_is_blind_to_rotation_and_scale_and_to_nothing_else() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(50, 6)).astype(np.float32)
    turned = 3 * a @ np.linalg.qr(rng.normal(size=(6, 6)))[0].astype(np.float32) + 5
    assert linear_cka(a, turned) == pytest.approx(1, abs=1e-5)
    assert linear_cka(a, rng.normal(size=(50, 6)).astype(np.float32)) < 0.4
    # By hand: centred columns (-1, 1, 0) and (-1, 0, 1), whose product is 1, squared over 2 * 2.
    one = np.array([[-1.0], [1.0], [0.0]], np.float32)
    two = np.array([[-1.0], [0.0], [1.0]], np.float32)
    assert linear_cka(one, two) == pytest.approx(0.25)


def test_cosine_by_hand() -> None:
    a = np.array([[1.0, 0], [0, 0], [0, 2.0]], np.float32)
    b = np.array([[1.0, 1], [1, 1], [0, 5.0]], np.float32)
    assert mean_cosine(a, b) == pytest.approx((0.5**0.5 + 1) / 2)
