"""`resolve`: what an estimator's arguments amount to, once `auto` is replaced."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.estimators.first_layers import Encoder, FirstLayer, FrozenEncoder, as_first_layer
from wordgraft.estimators.recipes import EpochsByTexts, Recipe, recipe_of
from wordgraft.training.regimes import REGIMES, Regime
from wordgraft.training.settings import TrainingSettings, is_auto

if TYPE_CHECKING:
    from wordgraft.networks.build import Kind
    from wordgraft.training.plan import Plan

# Networks without a body of their own: a regression that is solved, and a fine-tuned encoder.
LOGISTIC, FINE_TUNED = "logistic", "encoder"
# The width of a network's layers, unless it is given.
_HIDDEN = {"bag": 256, "linear": 256, "cnn": 256, "bilstm": 128, "bilstm-crf": 200}
_HIDDEN_OTHERWISE = 128


@dataclass(frozen=True, eq=False)
class Resolved:
    """The arguments of an estimator without `auto`.

    Attributes:
        first_layer: the user's value.
        network: one of `NETWORKS`, `logistic`, or `encoder` for a fine-tuned one.
        per_word: it tags words; otherwise it classifies texts.
        hidden, dropout, casing, letters: as the estimators take them.
        recipe: what `auto` stands for.
        training: the user's value.
    """

    first_layer: FirstLayer
    network: str
    per_word: bool
    hidden: int
    dropout: float
    casing: bool
    letters: bool
    recipe: Recipe
    training: TrainingSettings

    @property
    def kind(self) -> Kind:
        """The entry of `NETWORKS`, or one like it."""
        return kind_of(self.network, per_word=self.per_word)

    @property
    def regime(self) -> Regime:
        """What is trained, and when."""
        return REGIMES[self.first_layer.regime_name(trainable=self.recipe.trainable)]

    def setting(self, name: str) -> Any:
        """A training setting, or the recipe's."""
        value = getattr(self.training, name)
        return getattr(self.recipe, name) if is_auto(value) else value

    def plan(self, seed: int, texts: int) -> Plan:
        """How to train on so many texts."""
        from wordgraft.training.plan import Plan

        training, fine_tuned = self.training, self.network == FINE_TUNED
        epochs = self.setting("epochs")
        return Plan(
            rows_rate=self.setting("rows_rate"),
            body_rate=None if is_auto(training.body_rate) else float(training.body_rate),
            head_rate=self.setting("head_rate"),
            batch_size=self.setting("batch_size"),
            epochs=epochs.of(texts) if isinstance(epochs, EpochsByTexts) else epochs,
            patience=self.setting("patience"),
            validation_share=self.setting("validation_share"),
            seed=seed,
            clip=1.0 if fine_tuned else 5.0 if self.kind.pads else np.inf,
            by_length=self.kind.pads,
            schedule=self.setting("schedule"),
            weight_decay=self.recipe.weight_decay,
            regularizers=self.first_layer.regularizers(),
            precision=training.precision,
            device=training.device,
            progress_folder=None
            if training.progress_folder is None
            else Path(training.progress_folder),
            resume=training.resume,
        )


def resolve(model: Any) -> Resolved:
    """Resolve the arguments of a `TextClassifier` or `SequenceTagger`, which must be valid.

    Raises `SettingsError` for an invalid first layer.
    """
    first_layer = as_first_layer(model.first_layer)
    name = network_name(model.network, first_layer, per_word=model.per_word)
    fine_tuned = name == FINE_TUNED
    kind = kind_of(name, per_word=model.per_word)
    recipe = recipe_of(name, per_word=model.per_word, fine_tuned=fine_tuned, pads=kind.pads)
    width = _HIDDEN.get(name, _HIDDEN_OTHERWISE) if is_auto(model.hidden) else model.hidden
    casing = getattr(model, "casing", False)
    return Resolved(
        first_layer=first_layer,
        network=name,
        per_word=model.per_word,
        hidden=width,
        dropout=recipe.dropout if is_auto(model.dropout) else model.dropout,
        casing=not fine_tuned if is_auto(casing) else bool(casing),
        letters=bool(getattr(model, "letters", False)),
        recipe=recipe,
        training=model.training or TrainingSettings(),
    )


def network_name(network: Any, first_layer: FirstLayer, *, per_word: bool) -> str:
    """The network's name, or the one that `auto` means on this first layer."""
    if isinstance(first_layer, Encoder):
        return FINE_TUNED
    if not is_auto(network):
        return str(network)
    if per_word:
        return "bilstm-crf"
    return LOGISTIC if isinstance(first_layer, FrozenEncoder) else "bag"


def kind_of(network: str, *, per_word: bool) -> Kind:
    """What is known of a network by its name."""
    from wordgraft.networks.build import NETWORKS, Kind

    if network == FINE_TUNED:
        from wordgraft.networks.encoder import EachWord, Pooling

        return Kind(EachWord if per_word else Pooling)
    return NETWORKS["linear" if network == LOGISTIC else network]
