"""Predictions, features and losses of a network, computed without gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from wordgraft.core.parallel import map_in_parallel
from wordgraft.core.ragged import Ragged
from wordgraft.networks.inputs import NetworkInputs
from wordgraft.networks.network import Network
from wordgraft.training.batching import inputs_of, targets_of
from wordgraft.training.examples import Examples

if TYPE_CHECKING:
    from numpy import ndarray

# Texts per batch. Fewer for an encoder: small batches of similar length fit a processor's caches.
_BATCH, _ENCODER_BATCH = 256, 32
# How bad a network is on the validation part: its loss, or another number that should be low.
ValidationLoss = Callable[[Network, Examples], float]


class _Output(NamedTuple):
    """What a network computed of a batch: its logits, or its features."""

    batch: Examples
    inputs: NetworkInputs
    values: Tensor


def predictions(network: Network, examples: Examples) -> ndarray:
    """What the network predicts for each text or word, in order; see `Head.predict`."""
    return _predicted(network, examples, _logits(network, examples))


def predictions_and_loss(network: Network, examples: Examples) -> tuple[ndarray, float]:
    """`predictions` and `loss_on`, from one pass over the texts."""
    outputs = list(_logits(network, examples))
    return _predicted(network, examples, outputs), _loss(network, outputs)


def predictions_lowered(
    network: Network, examples: Examples, amounts: Sequence[float]
) -> list[ndarray]:
    """`predictions` with the first logit lowered by each amount, from one pass over the texts."""
    outputs, lowered = list(_logits(network, examples)), []
    for amount in amounts:
        shift = torch.zeros_like(outputs[0].values[0])
        shift[0] = amount
        shifted = [output._replace(values=output.values - shift) for output in outputs]
        lowered.append(_predicted(network, examples, shifted))
    return lowered


def features(network: Network, examples: Examples) -> ndarray:
    """What the head reads of each text or word, in order."""
    outputs = _outputs(network, examples, network.features)
    values = np.concatenate([output.values.cpu().numpy() for output in outputs])
    return _in_order(examples, values)


def loss_on(network: Network, examples: Examples) -> float:
    """The loss of all texts together."""
    return _loss(network, _logits(network, examples))


def _predicted(network: Network, examples: Examples, outputs: Iterable[_Output]) -> ndarray:
    parts = [network.predict(output.values, output.inputs) for output in outputs]
    return _in_order(examples, np.concatenate(parts))


def _loss(network: Network, outputs: Iterable[_Output]) -> float:
    outputs = list(outputs)
    logits = torch.cat([output.values for output in outputs])
    ids = torch.cat([output.inputs.ids for output in outputs])
    lengths = torch.cat([output.inputs.lengths for output in outputs])
    targets = torch.cat([targets_of(output.batch, logits.device) for output in outputs])
    with torch.inference_mode():
        return float(network.loss(logits, NetworkInputs(ids, lengths, {}), targets))


def _logits(network: Network, examples: Examples) -> Iterator[_Output]:
    return _outputs(network, examples, network)


def _outputs(
    network: Network, examples: Examples, compute: Callable[[NetworkInputs], Tensor]
) -> Iterator[_Output]:
    device = next(network.parameters()).device
    network.eval()
    is_encoder = hasattr(network.rows, "layers")
    size, order = _ENCODER_BATCH if is_encoder else _BATCH, _order(examples)

    def of_texts(texts: ndarray) -> _Output:
        batch = examples.take(texts)
        with torch.inference_mode():
            inputs = inputs_of(batch, device)
            return _Output(batch, inputs, compute(inputs))

    batches = [order[start : start + size] for start in range(0, len(order), size)]
    if is_encoder and device.type == "cpu":
        return map_in_parallel(of_texts, batches)
    return map(of_texts, batches)


def _order(examples: Examples) -> ndarray:
    """Longest first, so that if memory runs out, it does so at once, not at the end."""
    return np.argsort(-examples.ids.lengths, kind="stable")


def _in_order(examples: Examples, values: ndarray) -> ndarray:
    """Put values, one per text or word, that came in `_order` back into the texts' own order."""
    order = _order(examples)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    if not isinstance(examples.targets, Ragged):
        of_texts: ndarray = values[back]
        return of_texts
    lengths = examples.targets.lengths[order]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    places = Ragged(np.arange(len(values)), offsets).take(back).ids
    of_words: ndarray = values[places]
    return of_words
