"""A last layer that starts from the words of each class, as the network represents them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wordgraft.errors import TrainingError
from wordgraft.estimators.first_layers import FittedLayer, LayerInput
from wordgraft.networks.network import Network
from wordgraft.training.examples import Examples
from wordgraft.training.inference import features

if TYPE_CHECKING:
    from numpy import ndarray

# Standard deviation of the logits at the start: large enough to matter, easy to unlearn.
_SPREAD = 1.0
# The mean of the features is taken over at most so many texts.
_MOST_TEXTS = 1000


def start_from_labels(
    network: Network,
    classes: ndarray,
    layer: FittedLayer,
    examples: Examples,
    label_words: Mapping[Any, Sequence[str]] | None,
) -> None:
    """Set the head's weights to the direction of each class's words among the network's features.

    Each word goes through the first layer and the network like a text of one word. A class's
    direction is the mean of its words' features, minus the mean over all classes. The bias makes
    the mean training text (whose label is not read) prefer no class; the standard deviation of the
    logits over the training texts is 1.

    Args:
        label_words: words of each class; None for the words of the labels themselves.

    Raises `TrainingError` for a class without words, and for words of an unknown class.
    """
    words = [_words_of(label, label_words) for label in classes.tolist()]
    _refuse_unknown(label_words, classes)
    flat = [word for of_class in words for word in of_class]
    class_of = np.repeat(np.arange(len(words)), [len(of_class) for of_class in words])
    read = layer.read(flat)
    word_features = features(network.regrafted(read.rows), _examples_of(read))
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(examples))[:_MOST_TEXTS]
    text_features = features(network, examples.take(chosen)) if len(chosen) else word_features
    directions = np.stack(
        [_unit(word_features[class_of == k]).mean(axis=0) for k in range(len(words))]
    )
    directions -= directions.mean(axis=0)
    logits = text_features @ directions.T
    directions *= _SPREAD / max(float(logits.std(axis=0).mean()), 1e-6)
    head = network.last_layer
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(directions))
        head.bias.copy_(torch.from_numpy(-(text_features @ directions.T).mean(axis=0)))


def _examples_of(read: LayerInput) -> Examples:
    return Examples(read.ids, np.zeros(len(read.ids), np.int64), read.extras)


def _unit(rows: ndarray) -> ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: ndarray = rows / np.maximum(lengths, 1e-9)
    return unit


def _words_of(label: Any, label_words: Mapping[Any, Sequence[str]] | None) -> list[str]:
    given = None
    if label_words is not None:
        given = label_words.get(label, label_words.get(str(label)))
    words = list(given) if given is not None else str(label).replace("_", " ").split()
    if not words or (given is None and not any(c.isalpha() for word in words for c in word)):
        raise TrainingError(
            f"class {label!r} has no words to start from; name some: "
            f"head_init={{{label!r}: ['gain', 'rise']}}"
        )
    return words


def _refuse_unknown(label_words: Mapping[Any, Sequence[str]] | None, classes: ndarray) -> None:
    known = {str(label) for label in classes.tolist()}
    unknown = [str(label) for label in label_words or () if str(label) not in known]
    if unknown:
        raise TrainingError(
            f"head_init names {', '.join(unknown)}, which no text has; the classes are "
            f"{', '.join(sorted(known))}"
        )
