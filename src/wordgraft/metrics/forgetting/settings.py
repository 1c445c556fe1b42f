"""What forgetting is measured on: general texts, word pairs, texts of other tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.inputs import sequences_of
from wordgraft.core.ragged import Ragged
from wordgraft.metrics.forgetting.abilities import (
    Ability,
    MaskedWords,
    probe_accuracy,
    word_spearman,
)
from wordgraft.metrics.forgetting.drift import Drift, drift
from wordgraft.metrics.forgetting.encoding import LayeredEncoder
from wordgraft.table.similarity import Pair

if TYPE_CHECKING:
    from numpy import ndarray

# At most this many texts of each kind: more change only the third decimal and cost time.
MOST_TEXTS = 500
MOST_PROBED = 2_000


@dataclass(frozen=True)
class ForgettingSettings:
    """What forgetting is measured on; each may be empty.

    Attributes:
        general_texts: texts on any subject.
        pairs: word pairs with human similarity scores, by name.
        probes: texts and labels of other tasks, by name.
    """

    general_texts: Sequence[str] = ()
    pairs: Mapping[str, Sequence[Pair]] = field(default_factory=dict)
    probes: Mapping[str, tuple[Sequence[str], Sequence[Any]]] = field(default_factory=dict)


class Measures:
    """The measures of one checkpoint, taken before fine-tuning and ready to be taken again.

    Args:
        task_texts: texts of the task.
        device: of the encoder before fine-tuning, `auto` or a device's type; a fine-tuned encoder
            stays on its own.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        settings: ForgettingSettings,
        task_texts: Sequence[str],
        *,
        device: str = "auto",
    ) -> None:
        self.before = LayeredEncoder(checkpoint, device=device)
        self.texts = {"task": sequences_of(checkpoint, _spread(task_texts, MOST_TEXTS))}
        if settings.general_texts:
            self.texts["general"] = sequences_of(
                checkpoint, _spread(settings.general_texts, MOST_TEXTS)
            )
        self.pairs = settings.pairs
        self.probes = {
            name: _probe(checkpoint, *labelled) for name, labelled in settings.probes.items()
        }
        self.masked = MaskedWords.of(checkpoint, [*self.texts.values()][-1])
        self._start = self._figures(self.before)

    def abilities(self, model: Any) -> tuple[Ability, ...]:
        """Each measure before and after, for transformers' own model as trained."""
        now = self._figures(self.before.holding(model))
        return tuple(
            Ability(name, unit, value, now[name, unit])
            for (name, unit), value in self._start.items()
        )

    def drift(self, model: Any) -> tuple[Drift, ...]:
        """How far each layer moved, on each kind of texts."""
        after = self.before.holding(model)
        return tuple(
            layer
            for name, sequences in self.texts.items()
            for layer in drift(self.before, after, sequences, texts=name)
        )

    def _figures(self, encoder: LayeredEncoder) -> dict[tuple[str, str], float]:
        figures: dict[tuple[str, str], float] = {}
        for name, pairs in self.pairs.items():
            figures[f"similarity {name}", "spearman"] = word_spearman(encoder, pairs)
        for name, (sequences, labels) in self.probes.items():
            figures[f"linear probe {name}", "accuracy"] = probe_accuracy(encoder, sequences, labels)
        if self.masked is not None:
            kind = [*self.texts][-1]
            loss = self.masked.loss(encoder, encoder.model.state_dict())
            figures[f"masked words of {kind} texts", "loss"] = loss
        return figures


def _spread(texts: Sequence[str], most: int) -> list[str]:
    """At most `most` texts, spread evenly over all of them."""
    places = np.unique(np.linspace(0, len(texts) - 1, min(most, len(texts))).astype(int))
    return [texts[int(place)] for place in places]


def _probe(
    checkpoint: Checkpoint, texts: Sequence[str], labels: Sequence[Any]
) -> tuple[Ragged, ndarray]:
    places = np.arange(len(texts))
    if len(texts) > MOST_PROBED:
        places = np.sort(np.random.default_rng(0).choice(len(texts), MOST_PROBED, replace=False))
    chosen = [texts[int(place)] for place in places]
    return sequences_of(checkpoint, chosen), np.asarray(labels)[places]
