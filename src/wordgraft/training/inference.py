"""What a network makes of texts, without learning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from wordgraft.core.parallel import made_side_by_side
from wordgraft.core.ragged import Ragged
from wordgraft.networks.inputs import Inputs
from wordgraft.networks.network import Network
from wordgraft.training.batching import inputs_of, targets_of
from wordgraft.training.examples import Examples

if TYPE_CHECKING:
    from numpy import ndarray

# Texts at once where no gradient is kept. A transformer has few layers' states to hold then, and
# small batches of like length fit a processor's caches.
_AT_ONCE, _AT_ONCE_THROUGH_LAYERS = 256, 32
# How bad a network is on held-out texts: its loss, or what a task would rather have small.
Judge = Callable[[Network, Examples], float]
# A batch, its logits, what the network read, and where.
_Answer = tuple[Examples, Tensor, Inputs, torch.device]


def predictions(network: Network, examples: Examples) -> ndarray:
    """What the network makes of each text or word, in their order; see `Head.predict`."""
    return _predicted(network, examples, _read(network, examples))


def predictions_and_loss(network: Network, examples: Examples) -> tuple[ndarray, float]:
    """`predictions` and `loss_on`, the network asked once."""
    read = list(_read(network, examples))
    return _predicted(network, examples, read), _loss(network, read)


def predictions_lowered(
    network: Network, examples: Examples, amounts: Sequence[float]
) -> list[ndarray]:
    """`predictions` with the first logit lowered by each amount, the network asked once."""
    read, found = list(_read(network, examples)), []
    for amount in amounts:
        less = torch.zeros(read[0][1].shape[-1], device=read[0][3])
        less[0] = amount
        lowered = [(batch, logits - less, inputs, at) for batch, logits, inputs, at in read]
        found.append(_predicted(network, examples, lowered))
    return found


def features(network: Network, examples: Examples) -> ndarray:
    """What the head reads of each text or word, in their order."""
    found = [read.cpu().numpy() for _, read, _, _ in _made(network, examples, network.features)]
    return _in_order(examples, np.concatenate(found))


def loss_on(network: Network, examples: Examples) -> float:
    """The loss of the texts, taken together."""
    return _loss(network, _read(network, examples))


def _predicted(network: Network, examples: Examples, found: Iterable[_Answer]) -> ndarray:
    parts = [network.predict(logits, inputs) for _, logits, inputs, _ in found]
    return _in_order(examples, np.concatenate(parts))


def _loss(network: Network, found: Iterable[_Answer]) -> float:
    batches, logits, read, devices = zip(*found, strict=True)
    inputs = Inputs(
        torch.cat([each.ids for each in read]), torch.cat([each.lengths for each in read]), {}
    )
    targets = torch.cat([targets_of(batch, devices[0]) for batch in batches])
    with torch.inference_mode():
        return float(network.loss(torch.cat(logits), inputs, targets))


def _read(network: Network, examples: Examples) -> Iterator[_Answer]:
    return _made(network, examples, network)


def _made(
    network: Network, examples: Examples, make: Callable[[Inputs], Tensor]
) -> Iterator[_Answer]:
    device = next(network.parameters()).device
    network.eval()
    through_layers = hasattr(network.rows, "layers")
    size, order = _AT_ONCE_THROUGH_LAYERS if through_layers else _AT_ONCE, _order(examples)

    def made(places: ndarray) -> _Answer:
        batch = examples.take(places)
        with torch.inference_mode():
            inputs = inputs_of(batch, device)
            return batch, make(inputs), inputs, device

    parts = [order[start : start + size] for start in range(0, len(order), size)]
    if through_layers and device.type == "cpu":
        return made_side_by_side(made, parts)
    return map(made, parts)


def _order(examples: Examples) -> ndarray:
    """Longest first, so that too little memory shows at once and not at the end."""
    return np.argsort(-examples.ids.lengths, kind="stable")


def _in_order(examples: Examples, found: ndarray) -> ndarray:
    """Put results back that came in `_order`: one a text, or one a word."""
    order = _order(examples)
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    if not isinstance(examples.targets, Ragged):
        of_texts: ndarray = found[back]
        return of_texts
    lengths = examples.targets.lengths[order]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    places = Ragged(np.arange(len(found)), offsets).take(back).ids
    of_words: ndarray = found[places]
    return of_words
