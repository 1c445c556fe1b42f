"""What a classifier and a tagger share: arguments, the first layer, one training run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from wordgraft.checkpoint.encoder import device_of
from wordgraft.core.optional import require
from wordgraft.core.progress import interruption_told
from wordgraft.core.ragged import Ragged
from wordgraft.errors import TrainingError
from wordgraft.estimators import recipes
from wordgraft.estimators.first_layers.encoder import EncoderLayer
from wordgraft.estimators.first_layers.table import FeatureLayer, FirstLayer, TableLayer, Text
from wordgraft.oov import METHODS
from wordgraft.oov.text_rows import TextRows
from wordgraft.table import EmbeddingTable
from wordgraft.training import REGIMES, RunRecord
from wordgraft.training.examples import Examples
from wordgraft.vocabulary.spelling import extras_of

if TYPE_CHECKING:
    from numpy import ndarray
    from sklearn.base import BaseEstimator
    from torch import Tensor

    from wordgraft.networks import Network
    from wordgraft.networks.build import Kind
    from wordgraft.training.loop import Judge, Plan
    from wordgraft.training.regimes import Regime
    from wordgraft.training.regularizers import Regularizer
else:
    BaseEstimator = require("sklearn.base", purpose="training").BaseEstimator

INITS = ("table", "random")
FEATURES, ENCODER = "features", "encoder"
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

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the fitted model as a folder, whole or not at all; no pickles in it.

        Raises `OutputError` when `path` exists (unless `force`) or cannot be written.
        """
        from wordgraft.estimators.io import save_model

        save_model(self, Path(path), force=force)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Open a saved model. Raises `TrainingError` or `TableError` when it is damaged."""
        from wordgraft.estimators.io import load_model

        return load_model(Path(path), cls)

    def __getstate__(self) -> dict[str, Any]:
        """On the CPU, so that a machine without a GPU can open what is pickled."""
        return _on("cpu", super().__getstate__())

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(_on(state.get("device", "auto"), state))

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

    @property
    def label_names(self) -> list[str]:
        """The classes or tags, as strings."""
        return [str(name) for name in (self.tags_ if self.per_word else self.classes_)]

    @property
    def _recipe(self) -> recipes.Recipe:
        if self.network == ENCODER:
            return recipes.ENCODER
        if self.per_word:
            return recipes.TAG
        if self._body_name == "bilstm":
            return recipes.BILSTM
        return recipes.SEQUENCES if self._kind.pads else recipes.CLASSIFY

    def _setting(self, name: str) -> Any:
        """An argument, or what `auto` stands for."""
        value = getattr(self, name)
        return getattr(self._recipe, name) if isinstance(value, str) and value == "auto" else value

    @property
    def _regime(self) -> Regime:
        return REGIMES[self._setting("regime")]

    @property
    def _pooling(self) -> str:
        return str({"auto": "first" if self.per_word else "mean"}.get(self.pooling, self.pooling))

    @property
    def _regularizers(self) -> tuple[Regularizer, ...]:
        from wordgraft.training.regularizers import parse_regularizers

        given = self.regularizer
        if given is None or isinstance(given, str):
            return parse_regularizers(given)
        return tuple(given)

    def _score_of(self, network: Network, examples: Examples) -> float:
        """How good the network is at its task, higher is better."""
        raise NotImplementedError

    def _first_layer(self, seed: int) -> FirstLayer:
        if self.network == ENCODER:
            words = self._pooling if self.per_word else "first"
            return EncoderLayer(self.checkpoint, words=words, device=self.device)
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
            trainable=self._regime.trainable_rows,
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
        from wordgraft.networks.build import Kind

        if self.network == ENCODER:
            from wordgraft.networks.encoder import EachWord, Pooling

            return Kind(EachWord if self.per_word else Pooling)
        return NETWORKS["linear" if self._body_name == LOGISTIC else self._body_name]

    def _plan(self, seed: int, texts: int = 1) -> Plan:
        """How to train on so many texts."""
        from wordgraft.training.loop import Plan

        encoder = self.network == ENCODER
        epochs = self._setting("max_epochs")
        return Plan(
            rows_rate=self._setting("rows_rate"),
            body_rate=None if self.body_rate == "auto" else self.body_rate,
            head_rate=self._setting("head_rate"),
            batch_size=self._setting("batch_size"),
            max_epochs=epochs.over(texts) if isinstance(epochs, recipes.Passes) else epochs,
            patience=self.patience,
            held_out=self._setting("held_out"),
            seed=seed,
            clip=1.0 if encoder else 5.0 if self._kind.pads else np.inf,
            by_length=self._kind.pads,
            schedule=self._setting("schedule"),
            weight_decay=self._recipe.weight_decay,
            regularizers=self._regularizers,
            precision=self.precision,
            device=self.device,
            keep=None if self.keep is None else Path(self.keep),
            resume=self.resume,
        )

    def _build(self, layer: FirstLayer, rows: Any, head: Any, seed: int) -> Network:
        if isinstance(layer, EncoderLayer):
            return self._on_encoder(layer, rows, head, seed)
        from wordgraft.networks.build import Shape, build

        name = "linear" if self._body_name == LOGISTIC else self._body_name
        hidden = _HIDDEN.get(name, _HIDDEN_ELSE) if self.hidden == "auto" else self.hidden
        shape = Shape(
            name,
            dims=layer.dims,
            layers=layer.layers,
            hidden=int(hidden),
            dropout=self._setting("dropout"),
            per_word=self.per_word,
            casing=getattr(self, "casing", False),
            letters=getattr(self, "letters", False),
            seed=seed,
        )
        return build(rows, shape, head)

    def _on_encoder(self, layer: EncoderLayer, rows: Any, head: Any, seed: int) -> Network:
        from torch import Generator

        from wordgraft.networks import Network
        from wordgraft.networks.encoder import EachWord, Pooling

        options = {"dropout": self._setting("dropout"), "norm_eps": layer.rows.norm_eps}
        body = (
            EachWord(layer.dims, **options)
            if self.per_word
            else Pooling(layer.dims, self._pooling, **options)
        )
        network = Network(rows, body, head(layer.dims, Generator().manual_seed(seed)))
        return network.to(layer.device)

    def _extras(self, texts: Sequence[Text]) -> dict[str, Ragged]:
        if not self.per_word or self.network == ENCODER:
            return {}
        words = [text for text in texts if not isinstance(text, str)]
        return extras_of(words, casing=self.casing, letters=self.letters)

    def _train(
        self,
        network: Network,
        examples: Examples,
        texts: Sequence[str],
        seed: int,
        judge: Judge | None = None,
    ) -> None:
        """Train, and keep the record; `texts` as they stand, for a report of forgetting."""
        from wordgraft.training.loop import train

        plan = self._plan(seed, len(examples))
        trials = None if plan.keep is None else trials_file(plan.keep)
        with interruption_told(plan.keep, trials):
            if self.tune:
                from wordgraft.training.search import tuned

                self.tuned_ = tuned(
                    network,
                    examples,
                    plan,
                    regime=self._regime,
                    trials=self.tune,
                    score=self._score_of,
                    keep=trials,
                    progress=self.progress,
                )
                plan = replace(self.tuned_.plan, keep=plan.keep)
            start: dict[str, Tensor] = {}
            self.record_ = train(
                network,
                examples,
                plan,
                regime=self._regime,
                names=(self.network, "checkpoint" if self.network == ENCODER else self.init),
                judge=judge,
                on_start=start.update if self._reports else None,
                progress=self.progress,
            )
            if self._reports:
                self._report_forgetting(network, start, plan.split(examples), texts)

    @property
    def _reports(self) -> bool:
        return self.forgetting is not None or self.forget_at_most is not None

    def _report_forgetting(
        self,
        network: Network,
        start: dict[str, Tensor],
        parts: tuple[Examples, Examples],
        texts: Sequence[str],
    ) -> None:
        """Write the report, and keep the mix of start and end that it chose, if it had to."""
        from wordgraft.estimators.forgetting_report import report
        from wordgraft.metrics.forgetting import Asked, Measures
        from wordgraft.training.interpolation import interpolated, snapshot

        assert isinstance(self.layer_, EncoderLayer)
        rest, held_out = parts
        own = rest.take(np.arange(len(rest) - rest.taught))
        judged, kind = (held_out, "held-out") if len(held_out) else (own, "training")
        name = "entity F1" if self.per_word else "macro-F1"
        self.forgetting_ = report(
            network,
            start,
            Measures(self.layer_.checkpoint, self.forgetting or Asked(), texts, device=self.device),
            lambda each: self._score_of(each, judged),
            score=f"{name} on {len(judged):,} {kind} texts",
            at_most=self.forget_at_most,
        )
        if self.forgetting_.chosen is not None:
            mixed = interpolated(start, snapshot(network), self.forgetting_.chosen)
            network.load_state_dict(mixed)

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
        faults = [*self._wrong_names(), *self._wrong_numbers(), *self._wrong_together()]
        if faults:
            raise TrainingError("; ".join(faults))

    def _wrong_names(self) -> Iterable[str]:
        from wordgraft.networks import NETWORKS
        from wordgraft.networks.encoder import TEXT_POOLINGS, WORD_POOLINGS
        from wordgraft.training.plan import PRECISIONS
        from wordgraft.training.schedules import SCHEDULES

        fits = "words" if self.per_word else "texts"
        bodies = [name for name, kind in NETWORKS.items() if getattr(kind, fits)]
        allowed: dict[str, Iterable[Any]] = {
            "network": [*bodies, FEATURES, ENCODER],
            "body": ["auto", *bodies, *([] if self.per_word else [LOGISTIC])],
            "init": INITS,
            "regime": ("auto", *REGIMES),
            "pooling": ("auto", *(WORD_POOLINGS if self.per_word else TEXT_POOLINGS)),
            "schedule": ("auto", *SCHEDULES),
            "precision": PRECISIONS,
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

    def _wrong_together(self) -> Iterable[str]:
        """Arguments that do not go with others."""
        try:
            _ = self._regularizers
        except TrainingError as error:
            yield f"regularizer is {self.regularizer!r}: {error}"
        if self._reports and self.network != ENCODER:
            yield f"forgetting is measured of network {ENCODER!r}, network is {self.network!r}"
        if self.forget_at_most is not None and not 0 <= self.forget_at_most < np.inf:
            yield f"forget_at_most is {self.forget_at_most!r}, expected a number from 0"

    def _more_names(self) -> dict[str, Iterable[Any]]:
        return {}

    def _wrong_numbers(self) -> Iterable[str]:
        for name in ("batch_size", "max_epochs", "patience", "hidden", "tune"):
            value = getattr(self, name)
            if _is_auto(value):
                continue
            # No pass at all leaves what the labels' words say.
            none_at_all = name == "max_epochs" and getattr(self, "head_init", "") == "labels"
            least = 0 if name == "tune" or none_at_all else 1
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
                yield f"{name} is {value!r}, expected a whole number from {least}"
            elif name == "hidden" and self._body_name == "transformer" and value % 8:
                yield f"hidden is {value}, expected a multiple of 8 for a transformer's four heads"
        for name in ("rows_rate", "body_rate", "head_rate"):
            value = getattr(self, name)
            if not _is_auto(value) and not _is_between(value, 0, np.inf):
                yield f"{name} is {value!r}, expected a number above 0"
        for name in ("dropout", "held_out"):
            value = getattr(self, name)
            if not _is_auto(value) and not (value == 0 or _is_between(value, 0, 1)):
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


def _on(device: str, state: dict[str, Any]) -> dict[str, Any]:
    """An estimator's state with an encoder that was trained on another device."""
    layer = state.get("layer_")
    if not isinstance(layer, EncoderLayer) or layer.device == device_of(device):
        return state
    moved = layer.on(device_of(device))
    return {**state, "layer_": moved, "network_": deepcopy(state["network_"]).to(moved.device)}


def trials_file(keep: Path) -> Path:
    """Where the trials of a search are kept, beside the state of the run."""
    return keep.with_name(f"{keep.name}.trials")


def discard(keep: Path) -> None:
    """Delete the state of a run, and the trials of its search."""
    from wordgraft.training.run_state import Keeper

    Keeper(keep, {}).discard()
    trials_file(keep).unlink(missing_ok=True)


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"


def _is_between(value: Any, low: float, high: float) -> bool:
    return isinstance(value, float | int | np.number) and bool(low < value < high)


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
