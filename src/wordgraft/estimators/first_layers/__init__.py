"""What an estimator stands on: the rows of a table, a frozen encoder, or an encoder to fine-tune.

Each file holds the value that a user gives and the layer that is made of it. To add one: one file
here, one entry below.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wordgraft.errors import SettingsError
from wordgraft.estimators.first_layers.encoder import Encoder, EncoderLayer
from wordgraft.estimators.first_layers.frozen_encoder import FeatureLayer, FrozenEncoder
from wordgraft.estimators.first_layers.protocol import (
    FirstLayer,
    FittedLayer,
    LayerContext,
    LayerInput,
    Text,
)
from wordgraft.estimators.first_layers.table_rows import TableLayer, TableRows
from wordgraft.table import EmbeddingTable

FIRST_LAYERS: dict[str, type[FirstLayer]] = {
    layer.kind: layer for layer in (TableRows, FrozenEncoder, Encoder)
}

__all__ = [
    "FIRST_LAYERS",
    "Encoder",
    "EncoderLayer",
    "FeatureLayer",
    "FirstLayer",
    "FittedLayer",
    "FrozenEncoder",
    "LayerContext",
    "LayerInput",
    "TableLayer",
    "TableRows",
    "Text",
    "as_first_layer",
]


def as_first_layer(value: Any) -> FirstLayer:
    """The first layer that a user's argument means: a table, or its folder, means `TableRows`.

    Raises `SettingsError` for anything else.
    """
    if isinstance(value, EmbeddingTable | str | Path):
        return TableRows(value)
    if isinstance(value, FirstLayer) and type(value) in FIRST_LAYERS.values():
        return value
    raise SettingsError(
        f"first_layer is {value!r:.60}; expected an EmbeddingTable (wordgraft.build_table makes "
        "one), the folder of a saved one, TableRows, FrozenEncoder or Encoder"
    )
