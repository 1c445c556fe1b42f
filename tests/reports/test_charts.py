"""Charts: colours and shapes that readers can tell apart, and the numbers in them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from wordgraft.comparison import METHODS
from wordgraft.reports.charts import _COLORS, Look, learning_curves

# To what people without red or green receptors see, in linear RGB (Machado et al. 2009).
_DEUTAN = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
_PROTAN = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_PAPERS = ("#ffffff", "#14171a")


def linear(color: str) -> np.ndarray:
    values = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = _XYZ @ np.clip(rgb, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sees", [np.eye(3), np.array(_DEUTAN), np.array(_PROTAN)])
def test_colours_differ_for_everyone(sees: np.ndarray) -> None:
    colors = [lab(sees @ linear(color)) for color in _COLORS]
    distances = [np.linalg.norm(a - b) for a, b in itertools.combinations(colors, 2)]
    assert min(distances) > 15


def test_colours_stand_out_on_light_and_on_dark() -> None:
    for color, paper in itertools.product(_COLORS, _PAPERS):
        one, other = (0.05 + _XYZ[1] @ linear(shade) for shade in (color, paper))
        assert max(one, other) / min(one, other) >= 2.95, (color, paper)


def test_every_method_has_its_own_shape() -> None:
    look = Look(list(METHODS), list(METHODS))
    assert len(set(look.shapes)) == len(METHODS)
    # A page with fewer methods draws them in the same way.
    few = Look(["isolated"], list(METHODS))
    place = list(METHODS).index("isolated")
    assert (few.colors[0], few.shapes[0]) == (look.colors[place], look.shapes[place])


def test_a_curve_holds_its_numbers() -> None:
    row = {"method": "random", "labels": 100, "score": 0.5, "low": 0.4, "high": 0.6}
    spec = learning_curves([row], "macro-F1", Look(["random"], list(METHODS)))
    assert spec["datasets"][spec["data"]["name"]] == [row]
    assert {layer["mark"]["type"] for layer in spec["layer"]} == {"area", "line", "point"}
