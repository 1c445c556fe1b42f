"""What Keras alone has: masks, and models that are compiled or not."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from processes import finished
from tables import random_table

from wordgraft.grafts import padded_ids

pytestmark = pytest.mark.keras
TABLE = random_table(50, 8)
TEXTS = ["w3 w7", "w1", ""]


@pytest.mark.parametrize("mask_zero", [True, False])
def test_layers_behind_are_told_which_places_are_padding(mask_zero: bool) -> None:
    import keras

    from wordgraft.grafts.keras import embedding

    layer = embedding(TABLE, trainable=False, mask_zero=mask_zero)
    pooled = [keras.Input((None,), dtype="int32"), layer, keras.layers.GlobalAveragePooling1D()]
    found = keras.Sequential(pooled).predict(padded_ids(TABLE, TEXTS, length=4), verbose=0)
    sums = np.stack([TABLE["w3"] + TABLE["w7"], TABLE["w1"], np.zeros(8)])
    assert_allclose(
        found[:2], (sums / (np.array([[2], [1], [1]]) if mask_zero else 4))[:2], rtol=1e-5
    )
    read = keras.Sequential([*pooled[:2], keras.layers.LSTM(3)])
    short, long = (read.predict(padded_ids(TABLE, TEXTS, length=n), verbose=0) for n in (2, 5))
    # A masked LSTM stops at the last word.
    assert np.allclose(short[:2], long[:2], atol=1e-5) is mask_zero


def test_xla_is_left_out_where_it_would_hide_a_wrong_id() -> None:
    import keras

    from wordgraft.grafts.keras import embedding

    layer = embedding(TABLE, trainable=False)
    assert layer.supports_jit is (keras.backend.backend() != "tensorflow")
    model = keras.Sequential([keras.Input((None,), dtype="int32"), layer, keras.layers.Dense(1)])
    model.compile("adam", "mse")
    assert model.jit_compile is (keras.backend.backend() == "jax")


def test_a_plain_layer_is_read_without_wordgraft(tmp_path: Path) -> None:
    import keras

    from wordgraft.grafts.keras import embedding

    layer = embedding(TABLE, trainable=False, plain=True)
    assert type(layer) is keras.layers.Embedding
    model = keras.Sequential([keras.Input((None,), dtype="int32"), layer])
    model.save(tmp_path / "model.keras")
    code = (
        "import sys; sys.modules['wordgraft'] = None; import keras; "
        "model = keras.models.load_model('model.keras'); "
        "print(keras.ops.convert_to_numpy(model.layers[0].embeddings).sum(axis=1)[2])"
    )
    done = finished([sys.executable, "-c", code], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(TABLE["w0"].sum(), rel=1e-5)
