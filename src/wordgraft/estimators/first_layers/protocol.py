"""What an estimator asks of its first layer: of the user's value, and of the layer made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, Self

from wordgraft.core.params import Params
from wordgraft.core.ragged import Ragged

if TYPE_CHECKING:
    from torch import nn

    from wordgraft.networks.network import Network
    from wordgraft.training.regularizers import Regularizer

# A text as it is, or split into words already.
Text = str | Sequence[str]


class LayerInput(NamedTuple):
    """Texts as a network reads them.

    Attributes:
        ids: of each text.
        rows: the layer that the ids belong to.
        extras: what else the layer reads, by name; see `NetworkInputs`.
    """

    ids: Ragged
    rows: nn.Module
    extras: dict[str, Ragged]


@dataclass(frozen=True)
class LayerContext:
    """What a first layer must know of the estimator that it belongs to.

    Attributes:
        per_word: the estimator tags words; otherwise it classifies texts.
        whole_texts: the network reads one vector per text.
        trainable: the rows of words are trained.
        device: `auto` or `cpu`.
        seed: of everything random.
        progress: show progress bars on standard error.
    """

    per_word: bool
    whole_texts: bool = False
    trainable: bool = False
    device: str = "auto"
    seed: int = 0
    progress: bool = False


class FirstLayer(Params):
    """A first layer as the user describes it. Subclasses are dataclasses of its options.

    Attributes:
        kind: its name in saved models.
        start_name: what its vectors start from, in the record of a run.
    """

    kind: ClassVar[str]

    @property
    def start_name(self) -> str:
        raise NotImplementedError

    def faults(self, *, per_word: bool) -> Iterator[str]:
        """What is wrong with its options, in words."""
        raise NotImplementedError

    def regime_name(self, *, trainable: bool) -> str:
        """The training regime of its rows; `trainable` is the recipe's value for `auto`."""
        raise NotImplementedError

    def regularizers(self) -> tuple[Regularizer, ...]:
        """What keeps it near its start while it is trained."""
        return ()

    def saved_options(self) -> dict[str, Any]:
        """The options that a saved model keeps, ready for JSON; `opened` reads them."""
        return {}

    def fitted(self, context: LayerContext) -> FittedLayer:
        """The layer itself, ready to read training texts. Opens tables and checkpoints."""
        raise NotImplementedError

    @classmethod
    def opened(
        cls, path: Path, saved: dict[str, Any], context: LayerContext
    ) -> tuple[Self, FittedLayer]:
        """The value and the layer of a saved model; the reverse of `FittedLayer.save`.

        Raises `TrainingError` when something is missing or is not what was saved.
        """
        raise NotImplementedError


class FittedLayer(Protocol):
    """A first layer at work: reads texts, and holds what training made of it.

    Attributes:
        dims: width of a vector.
        layers: how many vectors a word has.
    """

    @property
    def dims(self) -> int: ...
    @property
    def layers(self) -> int: ...

    def begin(self, texts: Sequence[Text]) -> LayerInput:
        """Read training texts."""

    def end(self, network: Network) -> None:
        """Take over what training made of the layer."""

    def read(self, texts: Sequence[Text]) -> LayerInput:
        """Read other texts, after training."""

    def save(
        self, folder: Path, network: Network, labels: Sequence[str], *, multi: bool
    ) -> dict[str, Any]:
        """Write what the layer needs into a model's folder; returns what else is to be saved.

        `network` is the network above it, without rows; `labels` names its classes or tags.
        """
