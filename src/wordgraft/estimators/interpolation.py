"""`interpolate`: a fine-tuned encoder with weights between its pretrained start and its end."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, TypeVar

from wordgraft.errors import SettingsError
from wordgraft.estimators.argument_checks import check_fitted
from wordgraft.estimators.first_layers import EncoderLayer
from wordgraft.training.interpolation import interpolated

if TYPE_CHECKING:
    from wordgraft.estimators.base import TextModel

_Model = TypeVar("_Model", bound="TextModel")


def interpolate(model: _Model, weight: float) -> _Model:
    """A copy of a fitted model whose encoder is `(1 - weight) * start + weight * end`.

    The start is the pretrained checkpoint, the end is the fine-tuned encoder. The layers above the
    encoder stay as they were trained. After Wortsman et al. 2022 (WiSE-FT): a little less of the
    task for much of what the encoder knew before; `forgetting_report` measures both.

    Args:
        model: fitted, with an `Encoder` as its first layer; it is not changed.
        weight: of the fine-tuned end, from 0 to 1.

    Raises `SettingsError` for another first layer or weight, and `TrainingError` if the start of a
    saved model is missing.

    >>> settings = wg.TrainingSettings(epochs=1, device="cpu")
    >>> classifier = wg.TextClassifier(wg.Encoder("encoder"), training=settings)
    >>> closer_to_the_start = wg.interpolate(classifier.fit(texts, labels), 0.6)
    """
    check_fitted(model)
    layer = encoder_layer_of(model)
    if not 0 <= weight <= 1:
        raise SettingsError(f"weight is {weight!r}, expected a number from 0 to 1")
    start = layer.pretrained().state_dict()
    mixed = layer.on(layer.device)
    mixed.rows.load_state_dict(interpolated(start, layer.rows.state_dict(), weight))
    other = type(model).__new__(type(model))
    other.__dict__.update(vars(model), layer_=mixed, network_=deepcopy(model.network_))
    return other


def encoder_layer_of(model: TextModel) -> EncoderLayer:
    """The fine-tuned encoder of a model. Raises `SettingsError` for another first layer."""
    if not isinstance(model.layer_, EncoderLayer):
        raise SettingsError(
            f"the first layer of this model is {type(model.first_layer).__name__}, expected "
            "Encoder: only a fine-tuned encoder forgets"
        )
    return model.layer_
