"""`FrozenEncoder`: the vectors of an encoder that is not trained, cached on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.data.word_tokenizer import words_of
from wordgraft.errors import CheckpointError, TrainingError
from wordgraft.estimators.first_layers.protocol import (
    FirstLayer,
    LayerContext,
    LayerInput,
    Text,
)
from wordgraft.features import FeatureRecipe, cache_folder, feature_encoder, features_of

if TYPE_CHECKING:
    from wordgraft.checkpoint.encoder import EncoderModel
    from wordgraft.networks.network import Network


@dataclass
class FrozenEncoder(FirstLayer):
    """The vectors of a pretrained encoder, which is run once over each text and stays as it is.

    A network that reads word order gets a vector per word and layer and learns how to mix the
    layers; `network="logistic"` gets the mean vector of the text.

    Args:
        checkpoint: an open checkpoint, its name or its folder.
        layers: numbers of the encoder's layers; `auto` is the last four, for `logistic` the last.
        cache: the folder where vectors are cached; `auto` is the user's cache folder, None caches
            nothing.

    >>> FrozenEncoder("bert-base-uncased", layers=[4, 5, 6]).get_params()["layers"]
    [4, 5, 6]
    """

    kind: ClassVar[str] = "features"
    checkpoint: Checkpoint | str | Path
    _: KW_ONLY
    layers: Sequence[int] | str = "auto"
    cache: str | Path | None = "auto"

    @property
    def start_name(self) -> str:
        return "checkpoint"

    def faults(self, *, per_word: bool) -> Iterator[str]:
        del per_word
        yield from wrong_checkpoint(self.checkpoint)
        numbers = self.layers
        if isinstance(numbers, str):
            if numbers != "auto":
                yield f"first_layer.layers is {numbers!r}, expected auto or numbers of layers"
        elif not len(numbers) or not all(isinstance(n, int | np.integer) for n in numbers):
            yield f"first_layer.layers is {numbers!r:.80}, expected auto or numbers of layers"

    def regime_name(self, *, trainable: bool) -> str:
        del trainable
        return "frozen"

    def fitted(self, context: LayerContext) -> FeatureLayer:
        return FeatureLayer(
            self.checkpoint,
            layers=self.layers,
            pooling="text" if context.whole_texts else "words",
            cache=self.cache,
            device=context.device,
            progress=context.progress,
        )

    @classmethod
    def opened(
        cls, path: Path, saved: dict[str, Any], context: LayerContext
    ) -> tuple[Self, FeatureLayer]:
        name = saved["checkpoint"]
        try:
            checkpoint = open_checkpoint(name)
        except CheckpointError as error:
            raise TrainingError(
                f"{path} needs the frozen encoder {name}, which is missing: {error}"
            ) from error
        if checkpoint.sha256 != saved["weights"]:
            raise TrainingError(
                f"{path} was trained on {name} with other weights than it has now; restore "
                "the original weights, or train again"
            )
        layer = FeatureLayer(
            checkpoint,
            layers=saved["layers"],
            pooling=saved["pooling"],
            cache="auto",
            device=context.device,
        )
        return cls(name, layers=saved["layers"]), layer


class FeatureLayer:
    """The frozen encoder's vectors of words in their sentences, or of whole texts.

    Args:
        checkpoint: an open checkpoint, or its name.
        layers: `auto`, or numbers.
        pooling: `words` or `text`.
        cache: folder of cached vectors; `auto` for the user's, None for none.
        device: of the encoder.
        progress: show a progress bar while it works.
    """

    def __init__(
        self,
        checkpoint: Checkpoint | str | Path,
        *,
        layers: Sequence[int] | str,
        pooling: str,
        cache: str | Path | None,
        device: str,
        progress: bool = False,
    ) -> None:
        opened = checkpoint if isinstance(checkpoint, Checkpoint) else open_checkpoint(checkpoint)
        self.checkpoint = opened
        self.recipe = FeatureRecipe.of(opened, layers=layers, pooling=pooling)
        self._cache = cache_folder() if cache == "auto" else None if cache is None else Path(cache)
        self._device, self._progress = device, progress

    @property
    def dims(self) -> int:
        sizes = ("hidden_size", "dim")
        return next(int(self.checkpoint.config[s]) for s in sizes if s in self.checkpoint.config)

    @property
    def layers(self) -> int:
        return len(self.recipe.layers)

    @cached_property
    def _encoder(self) -> EncoderModel:
        """Loaded when first needed: loading takes as long as encoding some ten texts."""
        return feature_encoder(self.checkpoint, self.recipe, self._device)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_encoder"}

    def without_cache(self) -> FeatureLayer:
        """A copy that computes each vector again."""
        other = copy(self)
        other._cache = None
        return other

    def begin(self, texts: Sequence[Text]) -> LayerInput:
        return self.read(texts)

    def end(self, network: Network) -> None:
        """Nothing was learned."""

    def read(self, texts: Sequence[Text]) -> LayerInput:
        features = features_of(
            self.checkpoint,
            [_words(text) for text in texts],
            self.recipe,
            cache=self._cache,
            encoder=lambda: self._encoder,
            progress=self._progress,
        )
        rows = import_module("wordgraft.networks.rows").FeatureRows(features.stored)
        return LayerInput(features.places, rows, {})

    def save(
        self, folder: Path, network: Network, labels: Sequence[str], *, multi: bool
    ) -> dict[str, Any]:
        return {
            "checkpoint": self.checkpoint.name,
            "weights": self.recipe.weights,
            "layers": list(self.recipe.layers),
            "pooling": self.recipe.pooling,
        }


def wrong_checkpoint(checkpoint: Any) -> Iterator[str]:
    """A fault if a value cannot name a checkpoint."""
    if not isinstance(checkpoint, Checkpoint | str | Path):
        yield (
            f"first_layer.checkpoint is {checkpoint!r:.60}, expected an open checkpoint, its name "
            "or its folder"
        )


def _words(text: Text) -> Sequence[str]:
    return [word.text for word in words_of(text)] if isinstance(text, str) else text
