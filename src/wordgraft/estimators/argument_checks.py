"""The arguments of an estimator, checked before any work starts: one error lists every fault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.optional import require
from wordgraft.errors import SettingsError
from wordgraft.estimators.first_layers import (
    Encoder,
    FirstLayer,
    FrozenEncoder,
    as_first_layer,
)
from wordgraft.estimators.resolved import FINE_TUNED, LOGISTIC, Resolved, network_name, resolve
from wordgraft.training.settings import (
    TrainingSettings,
    is_auto,
    wrong_count,
    wrong_name,
    wrong_share,
)

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

HEAD_INITS = ("xavier", "labels")
# scikit-learn and NumPy's RandomState take seeds below this.
_SEEDS = 2**32
LABELS_ALONE = (
    "network 'logistic' learns from labels alone, not from another model's probabilities: choose "
    "another network, such as 'linear'"
)


def check_arguments(model: Any) -> Resolved:
    """The arguments of an estimator, resolved. Raises `SettingsError` that lists every fault."""
    require("torch", purpose="training")
    faults = [*_faults(model)]
    if faults:
        raise SettingsError("; ".join(faults))
    return resolve(model)


def check_fitted(model: BaseEstimator) -> None:
    """Raise scikit-learn's `NotFittedError` for an estimator that was not trained."""
    require("sklearn.utils.validation", purpose="predicting").check_is_fitted(model, "network_")


def seed_of(random_state: int | np.random.RandomState | None) -> int:
    """A seed as scikit-learn's `random_state` gives it."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    if random_state is None:
        return int(np.random.default_rng().integers(2**31))
    return int(random_state.randint(2**31))


def starts_from_words(model: Any) -> bool:
    """Whether the last layer starts from words of the classes."""
    head_init = getattr(model, "head_init", "xavier")
    return isinstance(head_init, Mapping) or head_init == "labels"


def _faults(model: Any) -> Iterator[str]:
    yield from wrong_share("dropout", model.dropout)
    yield from wrong_count("hidden", model.hidden, 1)
    yield from _wrong_seed(model.random_state)
    yield from _wrong_task_arguments(model)
    training = TrainingSettings() if model.training is None else model.training
    if isinstance(training, TrainingSettings):
        # Without any epochs, a classifier still knows the words of its labels.
        yield from training.faults(fewest_epochs=0 if starts_from_words(model) else 1)
    else:
        yield f"training is {training!r:.60}, expected TrainingSettings"
    try:
        first_layer = as_first_layer(model.first_layer)
    except SettingsError as error:
        yield str(error)
        return
    yield from first_layer.faults(per_word=model.per_word)
    wrong = [*_wrong_network(model, first_layer)]
    yield from wrong
    if wrong or not isinstance(training, TrainingSettings):
        return
    name = network_name(model.network, first_layer, per_word=model.per_word)
    yield from _without_effect(model, name, training)
    yield from _wrong_width(model, name)
    if not [*first_layer.faults(per_word=model.per_word)]:
        yield from _without_effect_in_run(model, training)


def _wrong_seed(seed: Any) -> Iterator[str]:
    if isinstance(seed, int | np.integer):
        fits = 0 <= seed < _SEEDS
    else:
        fits = seed is None or isinstance(seed, np.random.RandomState)
    if not fits:
        yield (
            f"random_state is {seed!r}, expected None, a RandomState or a whole number from 0 to "
            f"below {_SEEDS:,}"
        )


def _wrong_task_arguments(model: Any) -> Iterator[str]:
    """Arguments of classifiers alone, or of taggers alone."""
    if model.per_word:
        yield from wrong_name("casing", model.casing, ("auto", True, False))
        yield from wrong_name("letters", model.letters, (True, False))
        return
    yield from wrong_name("class_weight", model.class_weight, ("balanced", None))
    if not isinstance(model.head_init, Mapping):
        for fault in wrong_name("head_init", model.head_init, HEAD_INITS):
            yield f"{fault} or a mapping from each label to its words"


def _wrong_network(model: Any, first_layer: FirstLayer) -> Iterator[str]:
    from wordgraft.networks.build import NETWORKS

    if isinstance(first_layer, Encoder):
        if not is_auto(model.network):
            yield (
                f"network is {model.network!r}, but there is no network between an Encoder and the "
                "last layer: leave it out, or give FrozenEncoder"
            )
        return
    fits = "words" if model.per_word else "texts"
    names = ["auto", *(name for name, kind in NETWORKS.items() if getattr(kind, fits))]
    if isinstance(first_layer, FrozenEncoder) and not model.per_word:
        names.append(LOGISTIC)
    yield from wrong_name("network", model.network, names)


def _wrong_width(model: Any, network: str) -> Iterator[str]:
    whole = isinstance(model.hidden, int | np.integer)
    if network == "transformer" and whole and model.hidden % 8:
        yield (
            f"hidden is {model.hidden}, expected a multiple of 8 for a transformer with four heads"
        )


def _without_effect(model: Any, network: str, training: TrainingSettings) -> Iterator[str]:
    """Arguments that this network does not read."""
    unread: dict[str, bool] = {}
    if network in (LOGISTIC, "linear", FINE_TUNED):
        unread["hidden"] = not is_auto(model.hidden)
    if network in (LOGISTIC, "linear"):
        unread["dropout"] = not is_auto(model.dropout)
    if network == FINE_TUNED and model.per_word:
        unread["casing"] = not is_auto(model.casing) and bool(model.casing)
        unread["letters"] = bool(model.letters)
    if network == LOGISTIC:
        unread |= {f"training.{name}": True for name in training.given() if name != "device"}
        unread["head_init"] = model.head_init != "xavier"
        if model.teacher is not None:
            yield LABELS_ALONE
    for name, given in unread.items():
        if given:
            yield f"{name} has no effect on {_described(network)}: leave it out"


def _without_effect_in_run(model: Any, training: TrainingSettings) -> Iterator[str]:
    """Training settings that this run does not read."""
    resolved = resolve(model)
    if resolved.network == LOGISTIC:
        return
    if not is_auto(training.rows_rate) and not resolved.regime.trainable_rows:
        yield "training.rows_rate has no effect: the first layer is not trained"
    if not is_auto(training.patience) and resolved.setting("validation_share") == 0:
        yield (
            "training.patience has no effect without a validation part: give "
            "training.validation_share too"
        )
    pooled = isinstance(resolved.first_layer, Encoder) and (
        model.per_word or resolved.first_layer.pooling != "attention"
    )
    unlayered = resolved.network == "linear" and not isinstance(resolved.first_layer, FrozenEncoder)
    if not is_auto(training.body_rate) and (pooled or unlayered):
        yield (
            f"training.body_rate has no effect: {_described(resolved.network)} has no layer "
            "between the first and the last"
        )


def _described(network: str) -> str:
    return "a fine-tuned Encoder" if network == FINE_TUNED else f"network {network!r}"
