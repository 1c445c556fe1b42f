"""What a forgetting report looks at: general text, word pairs, other labelled texts."""

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
from wordgraft.metrics.forgetting.encoding import Read
from wordgraft.table.similarity import Pair

if TYPE_CHECKING:
    from numpy import ndarray

# Texts of each kind that are read: more change the figures in the third place and cost time.
MOST_TEXTS = 500
MOST_PROBED = 2_000


@dataclass(frozen=True)
class Asked:
    """What the user has to judge forgetting by; each may be empty.

    Attributes:
        general: texts of no special kind.
        pairs: word pairs with people's scores, by name.
        probes: texts and labels of other tasks, by name.
    """

    general: Sequence[str] = ()
    pairs: Mapping[str, Sequence[Pair]] = field(default_factory=dict)
    probes: Mapping[str, tuple[Sequence[str], Sequence[Any]]] = field(default_factory=dict)


class Measures:
    """The measures of one checkpoint, taken before training and ready to be taken again.

    Args:
        training: texts of the task, as they stand.
        device: device of the encoder before training, as for `EncoderModel`; a trained encoder
            stays on its own device.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        asked: Asked,
        training: Sequence[str],
        *,
        device: str = "auto",
    ) -> None:
        self.before = Read(checkpoint, device=device)
        self.texts = {"training": sequences_of(checkpoint, _some(training, MOST_TEXTS))}
        if asked.general:
            self.texts["general"] = sequences_of(checkpoint, _some(asked.general, MOST_TEXTS))
        self.pairs = asked.pairs
        self.probes = {
            name: _probe(checkpoint, *labelled) for name, labelled in asked.probes.items()
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
            each
            for name, sequences in self.texts.items()
            for each in drift(self.before, after, sequences, texts=name)
        )

    def _figures(self, read: Read) -> dict[tuple[str, str], float]:
        found: dict[tuple[str, str], float] = {}
        for name, pairs in self.pairs.items():
            found[f"similarity {name}", "spearman"] = word_spearman(read, pairs)
        for name, (sequences, labels) in self.probes.items():
            found[f"probe {name}", "accuracy"] = probe_accuracy(read, sequences, labels)
        if self.masked is not None:
            kind = [*self.texts][-1]
            loss = self.masked.loss(read, read.model.state_dict())
            found[f"masked words of {kind} texts", "loss"] = loss
        return found


def _some(texts: Sequence[str], most: int) -> list[str]:
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
