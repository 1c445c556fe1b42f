"""What a classifier and a tagger share: arguments, the first layer, one training run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.checkpoint.tokenizer import Ragged
from wordgraft.errors import TrainingError
from wordgraft.extras import require
from wordgraft.oov import METHODS
from wordgraft.oov.reading import TextRows
from wordgraft.table import EmbeddingTable
from wordgraft.tasks.first_layer import FeatureLayer, FirstLayer, TableLayer, Text
from wordgraft.tasks.shapes import extras_of
from wordgraft.training import REGIMES, RunRecord
from wordgraft.training.examples import Examples

if TYPE_CHECKING:
    from numpy import ndarray
    from sklearn.base import BaseEstimator

    from wordgraft.networks import Network
    from wordgraft.networks.build import Kind
    from wordgraft.training.loop import Judge, Plan
else:
    BaseEstimator = require("sklearn.base", purpose="training").BaseEstimator

INITS = ("table", "random")
FEATURES = "features"
# Read through a table or not, a body may be a regression that is solved, not trained.
LOGISTIC = "logistic"
# Width of a body's layers where none is asked for.
_HIDDEN = {"bag": 256, "linear": 256, "cnn": 256, "bilstm": 128, "bilstm-crf": 200}
_HIDDEN_ELSE = 128
# How many seeds scikit-learn and NumPy's RandomState take.
_SEEDS = 2**32


class Grafted(BaseEstimator):  # type: ignore[misc]
    """A network on a table's rows, or on the frozen encoder, as a scikit-learn estimator.

    Subclasses name their arguments in `__init__`, as scikit-learn wants, and say `per_word`.
    """

    per_word = False
    layer_: FirstLayer
    network_: Network
    record_: RunRecord

    @property
    def table_(self) -> EmbeddingTable:
        """The table as trained, for networks that have one."""
        if not isinstance(self.layer_, TableLayer):
            raise AttributeError(f"network {self.network!r} has no table")
        return self.layer_.table

    @property
    def unknown_(self) -> TextRows | None:
        """The words without a row in the texts last read; None for networks without a table."""
        return self.layer_.unknown if isinstance(self.layer_, TableLayer) else None

    def _first_layer(self, seed: int) -> FirstLayer:
        if self.network == FEATURES:
            pooling = "text" if self._body_name == LOGISTIC else "words"
            return FeatureLayer(
                self.checkpoint,
                layers=self.layers,
                pooling=pooling,
                cache=self.cache,
                device=self.device,
                progress=self.progress,
            )
        return TableLayer(
            self.table,
            oov=self.oov,
            init=self.init,
            trainable=REGIMES[self.regime].trainable_rows,
            seed=seed,
            progress=self.progress,
        )

    @property
    def _body_name(self) -> str:
        """The network's body: one of `NETWORKS`, or `logistic`."""
        if self.network != FEATURES:
            return str(self.network)
        if self.body != "auto":
            return str(self.body)
        return "bilstm-crf" if self.per_word else LOGISTIC

    @property
    def _kind(self) -> Kind:
        from wordgraft.networks import NETWORKS

        return NETWORKS["linear" if self._body_name == LOGISTIC else self._body_name]

    def _plan(self, seed: int) -> Plan:
        from wordgraft.training.loop import Plan

        return Plan(
            rows_rate=self.rows_rate,
            head_rate=self.head_rate,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            patience=self.patience,
            held_out=self.held_out,
            seed=seed,
            clip=5.0 if self._kind.pads else np.inf,
            by_length=self._kind.pads,
            device=self.device,
        )

    def _build(self, layer: FirstLayer, rows: Any, head: Any, seed: int) -> Network:
        from wordgraft.networks.build import Shape, build

        name = "linear" if self._body_name == LOGISTIC else self._body_name
        hidden = _HIDDEN.get(name, _HIDDEN_ELSE) if self.hidden == "auto" else self.hidden
        shape = Shape(
            name,
            dims=layer.dims,
            layers=layer.layers,
            hidden=int(hidden),
            dropout=self.dropout,
            per_word=self.per_word,
            casing=getattr(self, "casing", False),
            letters=getattr(self, "letters", False),
            seed=seed,
        )
        return build(rows, shape, head)

    def _extras(self, texts: Sequence[Text]) -> dict[str, Ragged]:
        if not self.per_word:
            return {}
        words = [text for text in texts if not isinstance(text, str)]
        return extras_of(words, casing=self.casing, letters=self.letters)

    def _train(
        self, network: Network, examples: Examples, seed: int, judge: Judge | None = None
    ) -> None:
        """Train, and keep the record and the network without its rows."""
        from wordgraft.training.loop import train

        self.record_ = train(
            network,
            examples,
            self._plan(seed),
            regime=REGIMES[self.regime],
            names=(self.network, self.init),
            judge=judge,
            progress=self.progress,
        )

    def _predictions(self, texts: Sequence[Text]) -> tuple[ndarray, Examples]:
        """What the network makes of texts, and the texts as it read them."""
        from wordgraft.training.loop import predictions

        read = self.layer_.read(texts)
        network = self.network_.regrafted(read.rows)
        # Words as they came: a first layer may have ids of its own for each.
        lengths = np.array([1 if isinstance(text, str) else len(text) for text in texts], np.int64)
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        targets = Ragged(np.zeros(offsets[-1], np.int64), offsets)
        examples = Examples(
            read.ids,
            targets if self.per_word else np.zeros(len(texts), np.int64),
            {**read.extras, **self._extras(texts)},
        )
        return predictions(network, examples), examples

    def _check_arguments(self) -> None:
        """Raise one error that lists every argument at fault, before any work starts."""
        require("torch", purpose="training")
        faults = [*self._wrong_names(), *self._wrong_numbers()]
        if faults:
            raise TrainingError("; ".join(faults))

    def _wrong_names(self) -> Iterable[str]:
        from wordgraft.networks import NETWORKS

        fits = "words" if self.per_word else "texts"
        bodies = [name for name, kind in NETWORKS.items() if getattr(kind, fits)]
        allowed: dict[str, Iterable[Any]] = {
            "network": [*bodies, FEATURES],
            "body": ["auto", *bodies, *([] if self.per_word else [LOGISTIC])],
            "init": INITS,
            "regime": REGIMES,
            "device": ("auto", "cpu"),
        }
        allowed |= self._more_names()
        if self.oov is not None:
            allowed["oov"] = METHODS
        for name, names in allowed.items():
            value = getattr(self, name)
            if not any(value is each or value == each for each in names):
                yield f"{name} is {value!r}, expected one of {', '.join(map(str, names))}"
        if self.body != "auto" and self.network != FEATURES:
            yield f"body is for network {FEATURES!r}; network {self.network!r} is its own"

    def _more_names(self) -> dict[str, Iterable[Any]]:
        return {}

    def _wrong_numbers(self) -> Iterable[str]:
        wholes = ["batch_size", "max_epochs", "patience"]
        if self.hidden != "auto":
            wholes.append("hidden")
        for name in wholes:
            value = getattr(self, name)
            # No pass at all leaves what the labels' words say.
            least = int(name != "max_epochs" or getattr(self, "head_init", "") != "labels")
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
                yield f"{name} is {value!r}, expected a whole number from {least}"
            elif name == "hidden" and self._body_name == "transformer" and value % 8:
                yield f"hidden is {value}, expected a multiple of 8 for a transformer's four heads"
        for name in ("rows_rate", "head_rate"):
            value = getattr(self, name)
            if not isinstance(value, float | int | np.number) or not 0 < value < np.inf:
                yield f"{name} is {value!r}, expected a number above 0"
        shares = ["dropout"] if self.held_out == "auto" else ["dropout", "held_out"]
        for name in shares:
            value = getattr(self, name)
            if not isinstance(value, float | int | np.number) or not 0 <= value < 1:
                yield f"{name} is {value!r}, expected a share from 0 to below 1"
        seed = self.random_state
        if isinstance(seed, int | np.integer):
            fits = 0 <= seed < _SEEDS
        else:
            fits = seed is None or isinstance(seed, np.random.RandomState)
        if not fits:
            yield (
                f"random_state is {seed!r}, expected None, a RandomState or a whole number from 0 "
                f"to below {_SEEDS:,}"
            )


def seed_of(random_state: int | np.random.RandomState | None) -> int:
    """A seed as scikit-learn's `random_state` gives it."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    if random_state is None:
        return int(np.random.default_rng().integers(2**31))
    return int(random_state.randint(2**31))


def checked_fitted(estimator: BaseEstimator) -> None:
    """Raise scikit-learn's `NotFittedError` for an estimator that was not trained."""
    require("sklearn.utils.validation", purpose="predicting").check_is_fitted(estimator, "network_")
