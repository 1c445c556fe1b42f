"""One training run of an estimator: what it is made of, and what is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.core.progress import resume_hint_on_interrupt
from wordgraft.core.ragged import Ragged
from wordgraft.estimators.building import spelling_of
from wordgraft.estimators.first_layers import FittedLayer, Text
from wordgraft.estimators.resolved import Resolved
from wordgraft.training.examples import Examples

if TYPE_CHECKING:
    from numpy import ndarray

    from wordgraft.networks.network import Network
    from wordgraft.training.inference import ValidationLoss
    from wordgraft.training.plan import Plan
    from wordgraft.training.record import RunRecord


@dataclass(frozen=True, eq=False)
class PreparedFit:
    """What `fit` trains: the network at its start, and the texts as it reads them.

    Attributes:
        resolved: the estimator's arguments.
        layer: the first layer, which has read the training texts.
        network: on the rows of that layer.
        examples: texts and targets.
        score: how good a network is at the task on examples; higher is better.
        seed: of everything random.
        validation_loss: chooses the best epoch on the validation part; lower is better. The
            network's own loss by default.
    """

    resolved: Resolved
    layer: FittedLayer
    network: Network
    examples: Examples
    score: Callable[[Network, Examples], float]
    seed: int
    validation_loss: ValidationLoss | None = None

    @property
    def plan(self) -> Plan:
        """How it is trained."""
        return self.resolved.plan(self.seed, len(self.examples))

    @property
    def validation(self) -> Examples:
        """The validation part; empty if there is none."""
        return self.plan.split(self.examples)[1]

    def train(self, *, progress: bool = False) -> RunRecord:
        """Train the network in place."""
        from wordgraft.training import loop

        plan = self.plan
        with resume_hint_on_interrupt(plan.progress_folder):
            return loop.train(
                self.network,
                self.examples,
                plan,
                regime=self.resolved.regime,
                names=(self.resolved.network, self.resolved.first_layer.start_name),
                validation_loss=self.validation_loss,
                progress=progress,
            )


def predict_texts(
    resolved: Resolved, layer: FittedLayer, network: Network, texts: Sequence[Text]
) -> tuple[ndarray, Examples]:
    """What a trained network predicts for each text or word, and the texts as it read them."""
    from wordgraft.training.inference import predictions

    read = layer.read(texts)
    # Words as they came: a first layer may have ids of its own for each.
    lengths = np.array([1 if isinstance(text, str) else len(text) for text in texts], np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    targets = Ragged(np.zeros(offsets[-1], np.int64), offsets)
    examples = Examples(
        read.ids,
        targets if resolved.per_word else np.zeros(len(texts), np.int64),
        {**read.extras, **spelling_of(resolved, texts)},
    )
    return predictions(network.regrafted(read.rows), examples), examples
