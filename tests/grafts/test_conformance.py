"""What a graft promises in every framework: the table's rows, and training that stays within them.

Keras runs on the framework that KERAS_BACKEND names; `make test-keras` runs these on the others.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from frameworks import FRAMEWORKS, Framework
from numpy.testing import assert_allclose, assert_array_equal
from tables import random_table

from wordgraft.grafts import RowSubset

TABLE = random_table(50, 8)
# The last row, repetition and padding among them; no unknown word.
IDS = np.array([[3, 7, 0], [9, 3, 51]])
OCCUR = [3, 7, 9, 51]
LAYERS = [name for name in FRAMEWORKS if name != "numpy"]


def marked(names: list[str]) -> list[object]:
    return [pytest.param(name, marks=[pytest.mark.keras] * (name == "keras")) for name in names]


@pytest.fixture
def framework(request: pytest.FixtureRequest) -> Framework:
    return FRAMEWORKS[request.param]


every = pytest.mark.parametrize("framework", marked([*FRAMEWORKS]), indirect=True)
layers = pytest.mark.parametrize("framework", marked(LAYERS), indirect=True)


@every
@pytest.mark.parametrize("dtype", ["float32", "float16", "int8"])
def test_a_layer_gives_the_rows_exactly(framework: Framework, dtype: str) -> None:
    table = TABLE.astype(dtype)
    layer = framework.layer(table, trainable=False)
    assert_array_equal(framework.call(layer, IDS), table.rows()[IDS])


@layers
def test_a_compiled_layer_gives_the_rows_exactly(framework: Framework) -> None:
    layer = framework.layer(TABLE, trainable=False)
    assert_array_equal(framework.compiled(layer, IDS), TABLE.rows()[IDS])


@layers
def test_rows_of_another_precision(framework: Framework) -> None:
    layer = framework.layer(TABLE, trainable=True, dtype=framework.low_precision)
    rows = framework.call(layer, IDS)
    # Eight bits of significand: half of the last place is 2 ** -9.
    assert_allclose(rows, TABLE.rows()[IDS], rtol=2**-8, atol=0)
    assert not np.array_equal(rows, TABLE.rows()[IDS])
    assert str(framework.graft.write_back(TABLE, layer).vectors.dtype) == "float32"


@layers
def test_gradients_reach_the_rows_that_occur_and_no_padding(framework: Framework) -> None:
    gradient = framework.gradient(framework.layer(TABLE, trainable=True), IDS)
    expected = np.zeros_like(TABLE.rows())
    expected[OCCUR] = np.array([2, 1, 1, 1])[:, None]
    assert_array_equal(gradient, expected)


@layers
def test_training_changes_the_rows_that_occur(framework: Framework) -> None:
    before = TABLE.rows().copy()
    layer = framework.layer(TABLE, trainable=True)
    assert framework.learns(layer)
    framework.train(layer, IDS)
    trained = framework.write_back(TABLE, layer)
    assert np.flatnonzero((trained.rows() != before).any(axis=1)).tolist() == OCCUR
    # Adam's first steps are of the size of its rate, against the sign of the gradient.
    far = np.abs(before[OCCUR]) > 1
    steps = (trained.rows() - before)[OCCUR][far]
    assert_allclose(steps, -0.3 * np.sign(before[OCCUR][far]), atol=0.02)
    assert trained.provenance.counts()["trained"] == len(TABLE) - 1
    assert_array_equal(TABLE.rows(), before)


@layers
def test_frozen_rows_stay(framework: Framework) -> None:
    layer = framework.layer(TABLE, trainable=False)
    assert not framework.learns(layer)
    framework.train(layer, IDS)
    assert_array_equal(framework.write_back(TABLE, layer).rows(), TABLE.rows())


@layers
def test_compact_rows_train_as_the_whole_table_does(framework: Framework) -> None:
    subset = RowSubset.of(TABLE, IDS)
    assert subset.rows.tolist() == [0, 1, *OCCUR]
    whole = framework.layer(TABLE, trainable=True)
    compact = framework.layer(TABLE, trainable=True, row_subset=subset)
    framework.train(whole, IDS)
    framework.train(compact, subset.renumbered(IDS))
    trained = framework.write_back(TABLE, compact, row_subset=subset)
    assert_array_equal(trained.rows(), framework.write_back(TABLE, whole).rows())
    assert trained.provenance.counts()["trained"] == 5


@layers
def test_a_saved_layer_comes_back(framework: Framework, tmp_path: Path) -> None:
    layer = framework.layer(TABLE, trainable=True)
    framework.train(layer, IDS)
    again = framework.saved(layer, tmp_path / "layer")
    assert_array_equal(framework.call(again, IDS), framework.call(layer, IDS))
    assert not np.array_equal(framework.call(again, IDS), TABLE.rows()[IDS])


@every
@pytest.mark.parametrize("id", [52, 10_000, -1])
def test_an_id_without_a_row_is_an_error(framework: Framework, id: int) -> None:
    if framework is FRAMEWORKS["numpy"] and id < 0:
        pytest.skip("NumPy counts negative ids from the end")
    layer = framework.layer(TABLE, trainable=False)
    with pytest.raises(framework.errors):
        framework.call(layer, np.array([[3, id]]))


@layers
@pytest.mark.parametrize("id", [52, -1])
def test_an_id_without_a_row_is_an_error_when_compiled(framework: Framework, id: int) -> None:
    layer = framework.layer(TABLE, trainable=False)
    with pytest.raises(framework.errors):
        framework.compiled(layer, np.array([[3, id]]))
