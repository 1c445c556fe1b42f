"""A fine-tuned encoder as a model of transformers' own classes, with the same answers.

Training has one linear layer above the pooled states; transformers' classes have a dense layer and
an activation between them, each architecture its own. They are set so that they pass on what they
are given: tanh where it is straight, ReLU and GELU where they cut nothing off. No class of the
BERT line averages over tokens, so a layer is added whose attention does, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from wordgraft.checkpoint.encoder import quiet
from wordgraft.core.optional import require
from wordgraft.networks.encoder import EachWord, EncoderRows, Pooling
from wordgraft.networks.network import Network

if TYPE_CHECKING:
    from collections.abc import Sequence

# A value this small goes through tanh with an error of a millionth of itself, even times 20.
_SMALL = 2.0**-12
# How far GELU is from a straight line above this: less than float32 can show.
_BEYOND = 8.0
# What the mean outweighs a token's own state with, before the layer's norm takes the size away.
_HEAVY = 1e6
# Keys of `config.json` that say what was added, for `Checkpoint`.
LAYERS, TASK = "wordgraft_layers", "wordgraft_task"


@dataclass(frozen=True)
class _Shape:
    """Where an architecture's classifier has its dense layer and its last, and what is between."""

    dense: str
    activation: str
    out: str


_SHAPES = {
    "bert": _Shape("bert.pooler.dense", "tanh", "classifier"),
    "albert": _Shape("albert.pooler", "tanh", "classifier"),
    "roberta": _Shape("classifier.dense", "tanh", "classifier.out_proj"),
    "xlm-roberta": _Shape("classifier.dense", "tanh", "classifier.out_proj"),
    "mpnet": _Shape("classifier.dense", "tanh", "classifier.out_proj"),
    "electra": _Shape("classifier.dense", "gelu", "classifier.out_proj"),
    "deberta-v2": _Shape("pooler.dense", "gelu", "classifier"),
    "distilbert": _Shape("pre_classifier", "relu", "classifier"),
}
# Query and key, value and output, norm, both dense layers, norm: of a layer that can be added.
_BERT_LAYER = (
    *("attention.self.query", "attention.self.key", "attention.self.value"),
    *("attention.output.dense", "attention.output.LayerNorm"),
    *("intermediate.dense", "output.dense", "output.LayerNorm"),
)
_DISTIL_LAYER = (
    *("attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"),
    *("sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm"),
)
_AVERAGING = {
    **dict.fromkeys(("bert", "roberta", "xlm-roberta", "electra"), _BERT_LAYER),
    "distilbert": _DISTIL_LAYER,
}


def as_transformers(
    network: Network, labels: Sequence[str], *, multi: bool = False
) -> tuple[Any, str | None]:
    """transformers' model with the answers of `network`, whose rows are an encoder.

    Args:
        labels: names of the classes, or of the tags.
        multi: whether a text may have any number of them.

    Returns the model for sequence or token classification and None; or, where transformers has no
    such model, the encoder alone and the reason.
    """
    rows, body = network.rows, network.body
    assert isinstance(rows, EncoderRows)
    if reason := _reason(rows, body):
        return rows.model, reason
    transformers = require("transformers", purpose="saving an encoder")
    config = _config(rows, body, labels, multi=multi)
    per_word = isinstance(body, EachWord)
    kind = "AutoModelForTokenClassification" if per_word else "AutoModelForSequenceClassification"
    with quiet(transformers), torch.random.fork_rng(), torch.no_grad():
        model = getattr(transformers, kind).from_config(config).eval()
        _copy(model.base_model, rows.model)
        last: nn.Linear = network.head.linear  # type: ignore[assignment]
        if config.model_type == "modernbert":
            nn.init.eye_(model.head.dense.weight)
            nn.init.ones_(model.head.norm.weight)
            _set(model.classifier, last.weight, last.bias)
        elif per_word:
            _set(model.classifier, last.weight, last.bias)
        else:
            if isinstance(body, Pooling) and body.how == "mean":
                _add_mean(model, rows, _AVERAGING[config.model_type])
            _pass_on(model, _SHAPES[config.model_type], last, _highest(rows, body))
    return model, None


def _reason(rows: EncoderRows, body: nn.Module) -> str | None:
    """Why transformers has no class for a network, or None."""
    kind = str(rows.model.config.model_type)
    if isinstance(body, EachWord) and rows.words != "first":
        return f"its classes tag the first piece of a word, not the {rows.words}"
    how = getattr(body, "how", "cls")
    if how == "attention":
        return "its classes have no attention over a text's tokens"
    if how == "mean" and kind not in _AVERAGING and kind != "modernbert":
        return f"its {kind} classifier cannot be made to average over a text's tokens"
    return None


def _config(rows: EncoderRows, body: nn.Module, labels: Sequence[str], *, multi: bool) -> Any:
    config = type(rows.model.config).from_dict(rows.model.config.to_dict())
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: number for number, label in enumerate(labels)}
    setattr(config, TASK, "tag" if isinstance(body, EachWord) else "classify")
    if isinstance(body, Pooling):
        config.problem_type = (
            "multi_label_classification" if multi else "single_label_classification"
        )
    how = getattr(body, "how", "")
    if config.model_type == "modernbert":
        config.classifier_activation, config.classifier_bias = "linear", False
        config.norm_bias = False
        config.classifier_pooling = how or "cls"
    elif how == "mean":
        setattr(config, LAYERS, config.num_hidden_layers)
        config.num_hidden_layers += 1
    return config


def _copy(base: nn.Module, model: nn.Module) -> None:
    given = model.state_dict()
    missing = base.load_state_dict(given, strict=False)
    assert not missing.unexpected_keys, missing.unexpected_keys


def _add_mean(model: Any, rows: EncoderRows, names: tuple[str, ...]) -> None:
    """Make the added layer put the normalised mean of all tokens at every place."""
    query, key, value, out, norm, wide, narrow, last = (
        model.base_model.get_submodule(f"{rows.layer_names}{rows.layers}.{name}") for name in names
    )
    for layer in (query, key, wide, narrow):
        _set(layer, torch.zeros_like(layer.weight), torch.zeros_like(layer.bias))
    same = torch.eye(rows.dims)
    _set(value, same, torch.zeros(rows.dims))
    _set(out, _HEAVY * same, torch.zeros(rows.dims))
    for layer in (norm, last):
        _set(layer, torch.ones(rows.dims), torch.zeros(rows.dims))


def _pass_on(model: Any, shape: _Shape, last: nn.Linear, highest: float) -> None:
    """Set dense layer and activation so that the last layer reads what the pooling gave."""
    dense, out = model.get_submodule(shape.dense), model.get_submodule(shape.out)
    dims = dense.weight.shape[0]
    if shape.activation == "tanh":
        _set(dense, _SMALL * torch.eye(dims), torch.zeros(dims))
        _set(out, last.weight / _SMALL, last.bias)
        return
    shift = highest + _BEYOND
    _set(dense, torch.eye(dims), torch.full((dims,), shift))
    _set(out, last.weight, last.bias - shift * last.weight.sum(dim=1))


def _highest(rows: EncoderRows, body: nn.Module) -> float:
    """A bound of what the pooling gives: the states of a norm, and of no more than its weights."""
    most = float(rows.dims**0.5)
    if getattr(body, "how", "") == "mean":
        return most
    *_, norm = (each for each in rows.model.modules() if isinstance(each, nn.LayerNorm))
    return most * float(norm.weight.abs().max()) + float(norm.bias.abs().max())


def _set(layer: Any, weight: torch.Tensor, bias: torch.Tensor) -> None:
    layer.weight.copy_(weight)
    layer.bias.copy_(bias)
