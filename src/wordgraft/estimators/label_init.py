"""A head that starts from words: what the network makes of each class's name or words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wordgraft.errors import TrainingError
from wordgraft.estimators.first_layers.table import FirstLayer
from wordgraft.networks import Network
from wordgraft.training.examples import Examples
from wordgraft.training.inference import features

if TYPE_CHECKING:
    from numpy import ndarray

# Spread of the logits at the start: telling, and easy to unlearn.
_SPREAD = 1.0
# Texts that say where the middle of the features is.
_MOST_TEXTS = 1000


def start_from_labels(
    network: Network,
    classes: ndarray,
    layer: FirstLayer,
    examples: Examples,
    label_words: Mapping[Any, Sequence[str]] | None,
) -> None:
    """Set the head's weights to the direction of each class's words among the network's features.

    Each word goes through the first layer and the body like a text of one word; a class's
    direction is the mean of its words', less the mean of all classes'. The bias puts the middle of
    the training texts (their labels unseen) where no class is preferred; the logits' spread over
    them is 1. Raises `TrainingError` when a class has no words.
    """
    words = [_words_of(label, label_words) for label in classes.tolist()]
    _refuse_strangers(label_words, classes)
    flat = [word for each in words for word in each]
    class_of = np.repeat(np.arange(len(words)), [len(each) for each in words])
    read = layer.read(flat)
    spoken = features(network.regrafted(read.rows), _of(read))
    rng = np.random.default_rng(0)
    some = rng.permutation(len(examples))[:_MOST_TEXTS]
    texts = features(network, examples.take(some)) if len(some) else spoken
    directions = np.stack([_unit(spoken[class_of == k]).mean(axis=0) for k in range(len(words))])
    directions -= directions.mean(axis=0)
    logits = texts @ directions.T
    directions *= _SPREAD / max(float(logits.std(axis=0).mean()), 1e-6)
    head = network.last_layer
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(directions))
        head.bias.copy_(torch.from_numpy(-(texts @ directions.T).mean(axis=0)))


def _of(read: Any) -> Examples:
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
            f"label_words={{{label!r}: ['gain', 'rise']}}, or --label-words '{label}: gain, rise'"
        )
    return words


def _refuse_strangers(label_words: Mapping[Any, Sequence[str]] | None, classes: ndarray) -> None:
    known = {str(label) for label in classes.tolist()}
    strange = [str(label) for label in label_words or () if str(label) not in known]
    if strange:
        raise TrainingError(
            f"label_words names {', '.join(strange)}, which no text has; the classes are "
            f"{', '.join(sorted(known))}"
        )
