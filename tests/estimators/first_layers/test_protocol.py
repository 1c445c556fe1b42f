"""Every first layer: its options by name, and clones of it."""

from __future__ import annotations

import pytest
from sklearn.base import clone

from wordgraft.errors import SettingsError
from wordgraft.estimators.first_layers import (
    FIRST_LAYERS,
    Encoder,
    FirstLayer,
    FrozenEncoder,
    TableRows,
    as_first_layer,
)

LAYERS = [TableRows("t", oov="zero"), FrozenEncoder("c", layers=[1]), Encoder("c", pooling="cls")]


@pytest.mark.parametrize("layer", LAYERS, ids=[*FIRST_LAYERS])
def test_a_clone_has_the_same_options_and_is_another(layer: FirstLayer) -> None:
    other = clone(layer)
    assert other == layer
    assert other is not layer
    (name, value) = [*layer.get_params().items()][1]
    assert other.set_params(**{name: None}) != layer
    assert layer.get_params()[name] == value


def test_every_kind_has_a_name_of_its_own() -> None:
    assert {kind: layer.kind for kind, layer in FIRST_LAYERS.items()} == {
        kind: kind for kind in ("table", "features", "encoder")
    }


def test_a_folder_means_the_rows_of_its_table() -> None:
    assert as_first_layer("news.table") == TableRows("news.table")
    assert as_first_layer(LAYERS[1]) is LAYERS[1]
    with pytest.raises(SettingsError, match="first_layer is None; expected an EmbeddingTable"):
        as_first_layer(None)
