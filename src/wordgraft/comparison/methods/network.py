"""Methods that train a network of wordgraft."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wordgraft.comparison.methods.protocol import Fitted, Predictor
from wordgraft.comparison.methods.trials import best_settings
from wordgraft.core.optional import require
from wordgraft.estimators.first_layers import FeatureLayer, FirstLayer

# With this many texts, batches are larger: with 8,543 tweets, macro-F1 on 1,000 others was 0.722
# (0.722 with small steps) from composed rows and 0.704 (0.717) from random ones, in a third of the
# time.
_LARGE = 4_000
_LARGE_PACE: Mapping[str, Any] = {
    "training__batch_size": 128,
    "training__rows_rate": 2e-3,
    "training__head_rate": 2e-3,
}


@dataclass(frozen=True, eq=False)
class NetworkMethod:
    """A network of wordgraft: `TextClassifier` or `SequenceTagger` on this first layer.

    Attributes:
        settings: of each trial, in the form of `set_params`.
        forgetting: what a fine-tuned encoder is measured on; None for nothing.
    """

    task: str
    first_layer: FirstLayer
    network: str
    settings: Sequence[Mapping[str, Any]]
    forgetting: Any = None

    def fit(self, texts: Sequence[Any], labels: Sequence[Any], *, seed: int, trials: int) -> Fitted:
        pace: Mapping[str, Any] = {}
        if self._is_bag and len(texts) >= _LARGE:
            pace = _LARGE_PACE
        tried = [{**pace, **trial} for trial in self.settings[:trials]]
        settings = best_settings(tried, self._fitted, self.task, texts, labels, seed)
        model = self._fitted(settings, texts, labels, seed)
        record = model.record_.as_dict()
        if self.forgetting is not None:
            record["forgetting"] = _forgotten(model, self.forgetting, texts)
        return Fitted(
            model,
            record["parameters"],
            lambda: _saved_size(model),
            settings,
            record,
            _without_cache(model),
        )

    @property
    def _is_bag(self) -> bool:
        return self.task == "classify" and self.network == "bag"

    def _fitted(
        self, settings: Mapping[str, Any], texts: Sequence[Any], labels: Sequence[Any], seed: int
    ) -> Any:
        clone = require("sklearn.base", purpose="a comparison").clone
        kind = _estimator(self.task)
        model = kind(clone(self.first_layer), network=self.network, random_state=seed)
        return model.set_params(**settings).fit(texts, labels)


def _estimator(task: str) -> Any:
    # Imported here, so that a mistaken command is refused before PyTorch is loaded.
    from wordgraft.estimators import SequenceTagger, TextClassifier

    return {"classify": TextClassifier, "tag": SequenceTagger}[task]


def _without_cache(model: Any) -> Predictor | None:
    """The model without its cache of texts; None if it has none."""
    if not isinstance(model.layer_, FeatureLayer):
        return None
    other = copy(model)
    other.layer_ = model.layer_.without_cache()
    return other  # type: ignore[no-any-return]


def _forgotten(model: Any, settings: Any, texts: Sequence[Any]) -> dict[str, float]:
    """How much a fine-tuned encoder gained or lost, by measure."""
    from wordgraft.metrics.forgetting import Measures

    layer = model.layer_
    plain = [text if isinstance(text, str) else " ".join(text) for text in texts]
    measures = Measures(layer.start(), settings, plain, device=layer.device.type)
    abilities = measures.abilities(layer.rows.model)
    return {f"{test.name}, {test.unit}": test.after - test.before for test in abilities}


def _saved_size(model: Any) -> int:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "model"
        model.save(place)
        return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
