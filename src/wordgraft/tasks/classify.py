"""`TextClassifier`: a grafted network that classifies texts, as a scikit-learn estimator."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from wordgraft.checkpoint.tokenizer import Ragged
from wordgraft.errors import DataError, TrainingError
from wordgraft.extras import require
from wordgraft.grafts import SeenRows
from wordgraft.oov import METHODS, carrying, method_of, read_rows_of
from wordgraft.sources.random import random_like
from wordgraft.table import EmbeddingTable
from wordgraft.tasks.checks import checked_labels, checked_texts
from wordgraft.tasks.scores import Scores
from wordgraft.training import REGIMES, RunRecord
from wordgraft.training.examples import Examples

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray
    from sklearn.base import BaseEstimator, ClassifierMixin
else:
    _base = require("sklearn.base", purpose="TextClassifier")
    BaseEstimator, ClassifierMixin = _base.BaseEstimator, _base.ClassifierMixin

INITS = ("table", "random")
# How many seeds scikit-learn and NumPy's RandomState take.
_SEEDS = 2**32
_LOG = logging.getLogger(__name__)


class TextClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classify texts with a small network on top of a table's rows.

    Keeps scikit-learn's conventions: `fit`, `predict`, `predict_proba`, `score`, `get_params`;
    works in `cross_val_score`, `GridSearchCV` and `Pipeline`, and pickles.

    Args:
        table: an `EmbeddingTable`, or the folder of a saved one.
        network: `bag` (mean of the rows, one hidden layer).
        init: `table` starts from its rows; `random` from random ones for the same words, to
            compare with.
        regime: `tuned` (the rows of words in the training texts learn too) or `frozen`.
        hidden: width of the hidden layer.
        dropout: share of values set to zero in training.
        rows_rate, head_rate: Adam's learning rates for rows and for the head.
        batch_size: texts a step.
        max_epochs: passes over the training texts at most.
        patience: passes without a lower loss on the held-out texts before training stops.
        held_out: share of the training texts kept apart to choose the best pass; `auto` is a
            tenth, or up to a fifth to have 40; 0 trains on all of them for `max_epochs`.
        class_weight: `balanced` weighs each class by the inverse of its share; None does not.
        oov: method for words without a row; the table's own by default. One that the table does
            not carry and that learns is fitted first, which needs the checkpoint where it uses
            pieces.
        device: `auto` or `cpu`.
        random_state: seed of everything random; an int makes a run repeatable.
        progress: show a progress bar on standard error.

    Attributes:
        classes_: the labels, sorted.
        table_: the table with the rows of the training words as trained, and rows for training
            words that `table` lacked.
        network_: the trained torch module; its rows are in `table_`.
        record_: `RunRecord` of the run.
        held_out_scores_: `Scores` on the held-out texts, None without any. They chose the best
            pass, so they are a little too good: judge on other texts.
        unknown_: the words without a row in the texts last read, in training or prediction.
    """

    def __init__(
        self,
        table: EmbeddingTable | str | Path | None = None,
        *,
        network: str = "bag",
        init: str = "table",
        regime: str = "tuned",
        hidden: int = 256,
        dropout: float = 0.3,
        rows_rate: float = 1e-3,
        head_rate: float = 1e-3,
        batch_size: int = 32,
        max_epochs: int = 60,
        patience: int = 8,
        held_out: float | str = "auto",
        class_weight: str | None = "balanced",
        oov: str | None = None,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        progress: bool = False,
    ) -> None:
        self.table = table
        self.network = network
        self.init = init
        self.regime = regime
        self.hidden = hidden
        self.dropout = dropout
        self.rows_rate = rows_rate
        self.head_rate = head_rate
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.held_out = held_out
        self.class_weight = class_weight
        self.oov = oov
        self.device = device
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Iterable[str], y: Iterable[Any]) -> Self:  # noqa: N803
        """Train on texts `X` and their labels `y` (numbers or strings).

        Raises `DataError` (also a `ValueError`) for texts or labels that cannot be trained on,
        and `TrainingError` for arguments that make no sense, all named at once.
        """
        self._check_arguments()
        texts, labels = checked_texts(X), checked_labels(y)
        if len(texts) != len(labels):
            raise DataError(f"{len(texts):,} texts have {len(labels):,} labels; give one each")
        self.classes_, classes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(
                f"all {len(labels):,} labels are {self.classes_[0].item()!r}; expected at "
                "least two classes: check the label column"
            )
        require("torch", purpose="training")
        from wordgraft.networks import NETWORKS
        from wordgraft.training.loop import Plan, probabilities, train

        seed = _seed(self.random_state)
        table, ids = self._rows_for(texts, seed)
        seen = SeenRows.of(table, ids.ids)
        if self.init == "random":
            table = random_like(table, rows=seen.rows, seed=seed)
        examples = Examples(Ragged(seen.renumbered(ids.ids), ids.offsets), classes)
        plan = Plan(
            rows_rate=self.rows_rate,
            head_rate=self.head_rate,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            patience=self.patience,
            held_out=self.held_out,
            seed=seed,
            device=self.device,
        )
        regime = REGIMES[self.regime]
        layer = _torch().embedding_bag(table, trainable=regime.trainable_rows, seen=seen)
        network = NETWORKS[self.network](
            layer, len(self.classes_), hidden=self.hidden, dropout=self.dropout, seed=seed
        )
        self.record_: RunRecord = train(
            network,
            examples,
            plan,
            regime=regime,
            class_weights=self._class_weights(classes),
            names=(self.network, self.init),
            progress=self.progress,
        )
        held_out = plan.split(examples)[1]
        self.held_out_scores_: Scores | None = None
        if len(held_out):
            predicted = self.classes_[probabilities(network, held_out).argmax(axis=1)]
            self.held_out_scores_ = Scores.of(self.classes_[held_out.classes], predicted)
        if regime.trainable_rows:
            table = _torch().write_back(table, layer, seen=seen)
        self.table_ = table
        self.network_ = network.without_rows()
        return self

    def predict_proba(self, X: Iterable[str]) -> Float32[ndarray, "texts classes"]:  # noqa: N803
        """The probability of each class of `classes_` for each text."""
        require("sklearn.utils.validation", purpose="predicting").check_is_fitted(self)
        texts = checked_texts(X)
        from wordgraft.training.loop import probabilities

        self.unknown_ = read_rows_of(self.table_, texts, method_of(self.table_, self._oov))
        # Only the rows of these texts: predicting costs what they need, whatever the table holds.
        ids, vectors = self.unknown_.alone(self.table_)
        network = self.network_.regrafted(_torch().bag_of(vectors))
        return probabilities(network, Examples(ids, np.zeros(len(texts), np.int64)))

    def predict(self, X: Iterable[str]) -> ndarray:  # noqa: N803
        """The most probable label of each text."""
        best = self.predict_proba(X).argmax(axis=1)
        labels: ndarray = self.classes_[best]
        return labels

    def evaluate(self, X: Iterable[str], y: Iterable[Any]) -> Scores:  # noqa: N803
        """Accuracy, macro-F1, scores of each class and the confusion matrix on labelled texts."""
        return Scores.of(checked_labels(y).tolist(), self.predict(X).tolist())

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write the fitted classifier as a folder, whole or not at all; no pickles in it.

        Raises `OutputError` when `path` exists (unless `force`) or cannot be written.
        """
        from wordgraft.tasks.files import save_classifier

        save_classifier(self, Path(path), force=force)

    @classmethod
    def load(cls, path: str | Path) -> TextClassifier:
        """Open a saved classifier. Raises `TrainingError` or `TableError` when it is damaged."""
        from wordgraft.tasks.files import load_classifier

        return load_classifier(Path(path))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags

    @property
    def _oov(self) -> str | None:
        # A random table answers with zeros, whatever the table it was compared with does.
        return self.oov if self.init == "table" else None

    def _rows_for(self, texts: list[str], seed: int) -> tuple[EmbeddingTable, Ragged]:
        """The table with a row for each training word, and the texts' row ids in it."""
        table = self.table
        if isinstance(table, str | Path):
            table = EmbeddingTable.load(table)
        if not isinstance(table, EmbeddingTable):
            raise TrainingError(
                f"table is {table!r:.60}; expected an EmbeddingTable (wordgraft.build_table makes "
                "one) or the folder of a saved one"
            )
        table = carrying(table, self.oov, seed=seed, progress=self.progress)
        reading = read_rows_of(table, texts, method_of(table, self.oov))
        self.unknown_ = reading
        if not reading.words:
            return table, reading.ids
        if table.vocabulary.kind == "pieces":  # only its [UNK] piece can be unknown there
            return table, table.vocabulary.ids(texts)
        method = method_of(table, self.oov).name
        _LOG.info("training texts: %s; they get rows by %s", reading, method)
        return table.extended(reading.words, reading.vectors, source=reading.ways), reading.ids

    def _class_weights(self, classes: Int64[ndarray, " texts"]) -> Float32[ndarray, " k"] | None:
        if self.class_weight is None:
            return None
        counts = np.bincount(classes)
        weights: Float32[ndarray, " k"] = (len(classes) / (len(counts) * counts)).astype(np.float32)
        return weights

    def _check_arguments(self) -> None:
        """Raise one error that lists every argument at fault, before any work starts."""
        require("torch", purpose="training")
        from wordgraft.networks import NETWORKS

        allowed: dict[str, Iterable[Any]] = {
            "network": NETWORKS,
            "init": INITS,
            "regime": REGIMES,
            "class_weight": ("balanced", None),
            "device": ("auto", "cpu"),
        }
        if self.oov is not None:
            allowed["oov"] = METHODS
        faults = [
            f"{name} is {getattr(self, name)!r}, expected one of {', '.join(map(str, names))}"
            for name, names in allowed.items()
            if getattr(self, name) not in list(names)
        ]
        for name in ("hidden", "batch_size", "max_epochs", "patience"):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
                faults.append(f"{name} is {value!r}, expected a whole number from 1")
        for name in ("rows_rate", "head_rate"):
            value = getattr(self, name)
            if not isinstance(value, float | int | np.number) or not 0 < value < np.inf:
                faults.append(f"{name} is {value!r}, expected a number above 0")
        shares = ["dropout"] if self.held_out == "auto" else ["dropout", "held_out"]
        for name in shares:
            value = getattr(self, name)
            if not isinstance(value, float | int | np.number) or not 0 <= value < 1:
                faults.append(f"{name} is {value!r}, expected a share from 0 to below 1")
        seed = self.random_state
        if isinstance(seed, int | np.integer):
            fits = 0 <= seed < _SEEDS
        else:
            fits = seed is None or isinstance(seed, np.random.RandomState)
        if not fits:
            faults.append(
                f"random_state is {seed!r}, expected None, a RandomState or a whole number from 0 "
                f"to below {_SEEDS:,}"
            )
        if faults:
            raise TrainingError("; ".join(faults))


def _torch() -> Any:
    """The PyTorch graft, imported when a classifier is used and not when it is named."""
    return import_module("wordgraft.grafts.torch")


def _seed(random_state: int | np.random.RandomState | None) -> int:
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    if random_state is None:
        return int(np.random.default_rng().integers(2**31))
    return int(random_state.randint(2**31))
