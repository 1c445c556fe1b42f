"""A fine-tuned encoder as a model of transformers' own classes, with the same predictions.

Training puts one linear layer on the pooled states. transformers' classes have a dense layer and an
activation between them, which differ between architectures. Their weights are set so that they pass
on their input: tanh near zero, where it is linear; ReLU and GELU far above zero, where they cut
nothing off. No class of the BERT family averages over tokens, so a layer is added whose attention
does only that.
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

# tanh changes values this small by a millionth at most, even if they are multiplied by 20.
_SMALL = 2.0**-12
# Above this, GELU differs from the identity by less than float32 can represent.
_BEYOND = 8.0
# Factor by which the mean outweighs a token's own state; the layer's norm removes the scale.
_HEAVY = 1e6
# Keys of `config.json` by which `Checkpoint` knows what was added.
LAYERS, TASK = "wordgraft_layers", "wordgraft_task"


@dataclass(frozen=True)
class _Classifier:
    """Names of the dense and the last layer of an architecture's classifier, and its activation."""

    dense: str
    activation: str
    out: str


_CLASSIFIERS = {
    "bert": _Classifier("bert.pooler.dense", "tanh", "classifier"),
    "albert": _Classifier("albert.pooler", "tanh", "classifier"),
    "roberta": _Classifier("classifier.dense", "tanh", "classifier.out_proj"),
    "xlm-roberta": _Classifier("classifier.dense", "tanh", "classifier.out_proj"),
    "mpnet": _Classifier("classifier.dense", "tanh", "classifier.out_proj"),
    "electra": _Classifier("classifier.dense", "gelu", "classifier.out_proj"),
    "deberta-v2": _Classifier("pooler.dense", "gelu", "classifier"),
    "distilbert": _Classifier("pre_classifier", "relu", "classifier"),
}
# Query, key, value, output, norm, both dense layers and norm of a layer that can be added.
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
    """A model of transformers with the predictions of `network`, whose rows are an encoder.

    Args:
        labels: names of the classes, or of the tags.
        multi: whether a text can have any number of labels.

    Returns the model for sequence or token classification and None. If transformers has no such
    model, returns the encoder alone and the reason.
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
            _pass_on(model, _CLASSIFIERS[config.model_type], last, _highest(rows, body))
    return model, None


def _reason(rows: EncoderRows, body: nn.Module) -> str | None:
    """Why transformers has no class for a network; None if it has."""
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
    keys = base.load_state_dict(model.state_dict(), strict=False)
    assert not keys.unexpected_keys, keys.unexpected_keys


def _add_mean(model: Any, rows: EncoderRows, names: tuple[str, ...]) -> None:
    """Make the added layer give the normalized mean of all tokens at every position."""
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


def _pass_on(model: Any, classifier: _Classifier, last: nn.Linear, highest: float) -> None:
    """Set the dense layer so that the last layer reads the pooled states."""
    dense, out = model.get_submodule(classifier.dense), model.get_submodule(classifier.out)
    dims = dense.weight.shape[0]
    if classifier.activation == "tanh":
        _set(dense, _SMALL * torch.eye(dims), torch.zeros(dims))
        _set(out, last.weight / _SMALL, last.bias)
        return
    shift = highest + _BEYOND
    _set(dense, torch.eye(dims), torch.full((dims,), shift))
    _set(out, last.weight, last.bias - shift * last.weight.sum(dim=1))


def _highest(rows: EncoderRows, body: nn.Module) -> float:
    """An upper bound of the pooled states, which are the output of a norm."""
    most = float(rows.dims**0.5)
    if getattr(body, "how", "") == "mean":
        return most
    *_, norm = (module for module in rows.model.modules() if isinstance(module, nn.LayerNorm))
    return most * float(norm.weight.abs().max()) + float(norm.bias.abs().max())


def _set(layer: Any, weight: torch.Tensor, bias: torch.Tensor) -> None:
    layer.weight.copy_(weight)
    layer.bias.copy_(bias)
