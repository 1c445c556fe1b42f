"""A checkpoint's encoder as a Keras model, made of Keras' own layers alone.

A saved `.keras` file of it therefore loads where wordgraft is not installed. keras-hub has the
same encoders; it brings the whole of TensorFlow and tensorflow-text, on whichever framework Keras
runs, and its BERT computes GELU by the tanh formula, although the checkpoints were trained with the
exact one: MiniLM's states come out up to 0.004 off (tests/grafts/test_keras_encoder.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.errors import CheckpointError
from wordgraft.grafts.keras.library import keras

if TYPE_CHECKING:
    from numpy import ndarray


@dataclass(frozen=True)
class _Names:
    """How one architecture names the tensors of a layer, and its settings in the configuration."""

    layer: str = "encoder.layer.{}."
    attention: tuple[str, str, str, str] = (
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
    )
    attention_norm: str = "attention.output.LayerNorm"
    feed_forward: tuple[str, str] = ("intermediate.dense", "output.dense")
    norm: str = "output.LayerNorm"
    heads: str = "num_attention_heads"
    activation: str = "hidden_act"
    dropout: tuple[str, str] = ("hidden_dropout_prob", "attention_probs_dropout_prob")


_BERT = _Names()
_NAMES = {
    "bert": _BERT,
    "electra": _BERT,
    "roberta": _BERT,
    "xlm-roberta": _BERT,
    "distilbert": _Names(
        layer="transformer.layer.{}.",
        attention=("attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"),
        attention_norm="sa_layer_norm",
        feed_forward=("ffn.lin1", "ffn.lin2"),
        norm="output_layer_norm",
        heads="n_heads",
        activation="activation",
        dropout=("dropout", "attention_dropout"),
    ),
}
# What configurations call an activation, and whether Keras' GELU is then the approximate one.
_GELU = {"gelu": False, "gelu_new": True, "gelu_pytorch_tanh": True}


def encoder(
    checkpoint: Checkpoint | str,
    *,
    layers: Sequence[int] | None = None,
    trainable: bool = False,
    dtype: str | None = None,
) -> Any:
    """A `keras.Model` with the checkpoint's weights, on whichever framework Keras runs.

    It takes a dict of `input_ids` and `attention_mask`, both (texts, length), as
    `wordgraft.grafts.encoder_inputs` makes them, and returns a dict: `sequence` (texts, length,
    hidden), the states of each token, and `cls` (texts, hidden), those of the first.

    Args:
        layers: whose states to return, 0 being the output of the embeddings; the last by default.
            Those of several layers are concatenated (hidden times their number). The model is
            cut above the highest.
        trainable: whether the encoder learns, with the dropout of its configuration. A frozen
            encoder has no dropout.
        dtype: a dtype or policy of Keras, such as `mixed_bfloat16`.

    Raises `CheckpointError` for an architecture other than BERT, RoBERTa, XLM-RoBERTa, DistilBERT
    and ELECTRA, and for layers that the encoder lacks.
    """
    if isinstance(checkpoint, str):
        checkpoint = open_checkpoint(checkpoint)
    _check(checkpoint)
    chosen = [checkpoint.layers] if layers is None else list(layers)
    if not chosen or not all(0 <= layer <= checkpoint.layers for layer in chosen):
        raise CheckpointError(
            f"{checkpoint.name} has layers 0 to {checkpoint.layers}; asked for {chosen}"
        )
    parts = _Parts(checkpoint, trainable=trainable, dtype=dtype)
    ids = keras.Input((None,), dtype="int32", name="input_ids")
    mask = keras.Input((None,), dtype="int32", name="attention_mask")
    visible = keras.ops.cast(keras.ops.expand_dims(mask, 1), "bool")
    states = [parts.embeddings(ids)]
    for layer in range(max(chosen)):
        states.append(parts.layer(layer, states[-1], visible))
    given = [states[layer] for layer in chosen]
    sequence = given[0] if len(given) == 1 else keras.layers.Concatenate(dtype=dtype)(given)
    model = keras.Model(
        {"input_ids": ids, "attention_mask": mask},
        {"sequence": sequence, "cls": sequence[:, 0]},
        name="encoder",
    )
    model.trainable = trainable
    return model


class _Parts:
    """Layers with the checkpoint's weights, applied to Keras' symbolic tensors."""

    def __init__(self, checkpoint: Checkpoint, *, trainable: bool, dtype: str | None) -> None:
        self.checkpoint = checkpoint
        self.config = checkpoint.config
        self.names = _NAMES[checkpoint.architecture.model_type]
        word_embeddings = checkpoint.architecture.word_embeddings
        self.prefix = checkpoint.word_embeddings_name.removesuffix(word_embeddings)
        self.epsilon = float(self.config.get("layer_norm_eps", 1e-12))
        rates = [float(self.config.get(name, 0.1)) for name in self.names.dropout]
        self.dropout, self.attention_dropout = rates if trainable else (0.0, 0.0)
        self.dtype = dtype

    def embeddings(self, ids: Any) -> Any:
        """(texts, length, hidden): words, positions and the first token type, normalized."""
        words = self._rows("word_embeddings", ids)
        if reserved := self.checkpoint.architecture.reserved_positions:
            # Positions start after the padding id, and padding has that id as its position.
            pad = reserved - 1
            word = keras.ops.cast(keras.ops.not_equal(ids, pad), "int32")
            places = keras.ops.cumsum(word, axis=1) * word + pad
        else:
            places = keras.ops.cumsum(keras.ops.ones_like(ids), axis=1) - 1
        summed = keras.layers.Add(dtype=self.dtype)(
            [words, self._rows("position_embeddings", places)]
        )
        if f"{self.prefix}embeddings.token_type_embeddings.weight" in self.checkpoint.tensors:
            kinds = self._rows("token_type_embeddings", keras.ops.zeros_like(ids))
            summed = keras.layers.Add(dtype=self.dtype)([summed, kinds])
        hidden = self._dropped(self._norm("embeddings.LayerNorm", summed, "embeddings_norm"))
        if f"{self.prefix}embeddings_project.weight" in self.checkpoint.tensors:
            hidden = self._dense("embeddings_project", hidden, "embeddings_project")
        return hidden

    def layer(self, number: int, hidden: Any, visible: Any) -> Any:
        """(texts, length, hidden) states after one more layer of the transformer."""
        names, name = self.names, f"layer_{number + 1}"
        at = names.layer.format(number)
        attended = self._dropped(self._attention(at, hidden, visible, f"{name}_attention"))
        hidden = self._norm(
            at + names.attention_norm,
            keras.layers.Add(dtype=self.dtype)([hidden, attended]),
            f"{name}_attention_norm",
        )
        up, down = (at + part for part in names.feed_forward)
        wide = self._activated(self._dense(up, hidden, f"{name}_up"))
        narrow = self._dropped(self._dense(down, wide, f"{name}_down"))
        summed = keras.layers.Add(dtype=self.dtype)([hidden, narrow])
        return self._norm(at + names.norm, summed, f"{name}_norm")

    def _attention(self, at: str, hidden: Any, visible: Any, name: str) -> Any:
        heads, width = int(self.config[self.names.heads]), hidden.shape[-1]
        split = (heads, width // heads)
        weights = []
        for tensor in self.names.attention[:3]:
            weights += [
                self._tensor(f"{at}{tensor}.weight").T.reshape(width, *split),
                self._tensor(f"{at}{tensor}.bias").reshape(split),
            ]
        out = at + self.names.attention[3]
        weights += [
            self._tensor(f"{out}.weight").T.reshape(*split, width),
            self._tensor(f"{out}.bias"),
        ]
        layer = keras.layers.MultiHeadAttention(
            *split,
            dropout=self.attention_dropout,
            kernel_initializer="zeros",
            dtype=self.dtype,
            name=name,
        )
        attended = layer(hidden, hidden, attention_mask=visible)
        layer.set_weights(weights)
        return attended

    def _activated(self, hidden: Any) -> Any:
        kind = self.config.get(self.names.activation, "gelu")
        if kind in _GELU:
            return keras.ops.gelu(hidden, approximate=_GELU[kind])
        return keras.ops.relu(hidden)

    def _rows(self, tensor: str, ids: Any) -> Any:
        matrix = self._tensor(f"embeddings.{tensor}.weight")
        layer = keras.layers.Embedding(
            *matrix.shape, embeddings_initializer="zeros", dtype=self.dtype, name=tensor
        )
        vectors = layer(ids)
        layer.set_weights([matrix])
        return vectors

    def _dense(self, tensor: str, hidden: Any, name: str) -> Any:
        matrix, bias = self._tensor(f"{tensor}.weight").T, self._tensor(f"{tensor}.bias")
        layer = keras.layers.Dense(
            len(bias), kernel_initializer="zeros", dtype=self.dtype, name=name
        )
        projected = layer(hidden)
        layer.set_weights([matrix, bias])
        return projected

    def _norm(self, tensor: str, hidden: Any, name: str) -> Any:
        layer = keras.layers.LayerNormalization(epsilon=self.epsilon, dtype=self.dtype, name=name)
        normed = layer(hidden)
        legacy = f"{self.prefix}{tensor}.gamma" in self.checkpoint.tensors
        names = ("gamma", "beta") if legacy else ("weight", "bias")
        layer.set_weights([self._tensor(f"{tensor}.{part}") for part in names])
        return normed

    def _dropped(self, hidden: Any) -> Any:
        return (
            keras.layers.Dropout(self.dropout, dtype=self.dtype)(hidden) if self.dropout else hidden
        )

    def _tensor(self, name: str) -> ndarray:
        whole = self.prefix + name
        if whole not in self.checkpoint.tensors:
            raise CheckpointError(
                f"{self.checkpoint.name} lacks the tensor {whole!r}; the file is incomplete: "
                "download it again"
            )
        return np.asarray(self.checkpoint.tensors[whole], np.float32)


def _check(checkpoint: Checkpoint) -> None:
    """Refuse what the layers above do not compute."""
    kind, config = checkpoint.architecture.model_type, checkpoint.config
    if kind not in _NAMES:
        raise CheckpointError(
            f"{checkpoint.name} has model_type {kind!r}; the Keras encoder supports "
            f"{', '.join(_NAMES)}. For a table of its vectors, use wordgraft.build_table"
        )
    activation = config.get(_NAMES[kind].activation, "gelu")
    if activation not in (*_GELU, "relu"):
        raise CheckpointError(
            f"{checkpoint.name} has the activation {activation!r}; the Keras encoder supports "
            f"{', '.join(_GELU)} and relu"
        )
    positions = config.get("position_embedding_type", "absolute")
    if positions != "absolute":
        raise CheckpointError(
            f"{checkpoint.name} has {positions!r} positions; the Keras encoder needs absolute ones"
        )
