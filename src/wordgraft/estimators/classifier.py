"""`TextClassifier`: a grafted network that classifies texts, as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from wordgraft.core.optional import require
from wordgraft.core.ragged import Ragged
from wordgraft.data.labels import Labels
from wordgraft.data.validation import checked_labels, checked_texts
from wordgraft.errors import TrainingError
from wordgraft.estimators.base import LOGISTIC, Grafted, checked_fitted, seed_of
from wordgraft.metrics.classification import Scores
from wordgraft.table import EmbeddingTable
from wordgraft.training.examples import Examples

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray
    from sklearn.base import ClassifierMixin

    from wordgraft.checkpoint import Checkpoint
    from wordgraft.metrics.forgetting import Asked
    from wordgraft.networks import Network
    from wordgraft.training.regularizers import Regularizer
else:
    ClassifierMixin = require("sklearn.base", purpose="TextClassifier").ClassifierMixin

HEAD_INITS = ("xavier", "labels")
_LABELS_ALONE = (
    "body 'logistic' learns from labels alone, not from another model's probabilities: give "
    "another body, such as 'linear'"
)


class TextClassifier(ClassifierMixin, Grafted):  # type: ignore[misc]
    """Classify texts with a small network on top of a table's rows, or of the frozen encoder.

    Keeps scikit-learn's conventions: `fit`, `predict`, `predict_proba`, `score`, `get_params`;
    works in `cross_val_score`, `GridSearchCV` and `Pipeline`, and pickles.

    Args:
        table: an `EmbeddingTable`, or the folder of a saved one.
        checkpoint: of networks `features` and `encoder`: an open one, or its name.
        network: `bag` (mean of the rows, one hidden layer), `linear` (mean, no hidden layer),
            `cnn`, `bilstm`, `transformer`, `features` (the frozen encoder), or `encoder` (the
            pretrained encoder itself, fine-tuned).
        body: of network `features`: `logistic` (mean vector of the text, logistic regression
            with cross-validated C; the default), or one of the networks above.
        layers: of network `features`: numbers of the encoder's layers, mixed as is learnt; `auto`
            is the last four, for `logistic` the last.
        cache: of network `features`: the folder where vectors are kept; `auto` is the user's
            cache folder, None keeps none.
        init: `table` starts from its rows; `random` from random ones for the same words, to
            compare with.
        regime: `frozen` (only body and head learn), `embeddings` (the rows of a table or the
            embeddings of an encoder learn too), `full` (everything learns) or `lp-ft` (the head
            first, then everything). `auto` is `full` for network `encoder`, else `embeddings`.
        regularizer: against forgetting: `Regularizer`s, or their names, as in
            `layer_decay:0.9,lora`; see `wordgraft.training.regularizers`.
        pooling: of network `encoder`: `mean` of all tokens (the default), `cls`, `attention`.
        head_init: `xavier`, or `labels`: the last layer starts from the vectors of each class's
            words, as the network reads them.
        label_words: words of each class, by its label; by default, the words of the label itself.
        hidden: width of the body; `auto` is 256, of the LSTM 128 a direction.
        dropout: share of values set to zero in training.
        rows_rate, body_rate, head_rate: AdamW's learning rates for rows, body and head; the
            body's is the head's by default.
        schedule: of the rates: `constant`, or `linear` (warm-up, then linear decay to zero).
        batch_size: texts a step.
        max_epochs: passes over the training texts at most; 0 with head_init `labels`, to classify
            by the labels' words alone.
        patience: passes without a lower loss on the held-out texts before training stops.
        held_out: share of the training texts kept apart to choose the best pass; `auto` is a
            tenth, or up to a fifth to have 40, and none for network `encoder`; 0 trains on all of
            them for `max_epochs`.
        class_weight: `balanced` weighs each class by the inverse of its share; None does not.
        oov: method for words without a row; the table's own by default. One that the table does
            not carry and that learns is fitted first, which needs the checkpoint where it uses
            pieces.
        teacher: a larger classifier of the same labels, fitted, or its folder, whose answers stand
            for the labels of texts that have none: those are given to `fit` as `unlabelled`. Any
            classifier of texts that has scikit-learn's `classes_` and `predict_proba` will do. A
            pickle holds it too, `save` does not.
        tune: settings to try on held-out training texts before the run: rates, and the values of
            regularizers. 0 takes those that are given.
        forgetting: what the report of forgetting looks at, for network `encoder`: see `Asked`.
        forget_at_most: what may be forgotten; the best mix of start and end within it is kept.
        keep: a folder for the state of the run, which goes on from there after an interruption.
        resume: whether it does; if not, what the folder holds is discarded.
        precision: `float32`, `bfloat16`, or `auto`: the latter on CUDA.
        device: `auto`, a GPU where there is one, or `cpu`. A fine-tuned encoder stays there.
        random_state: seed of everything random; an int makes a run repeatable.
        progress: show a progress bar on standard error.

    What is `auto` depends on the network: see `wordgraft.estimators.recipes`.

    Attributes:
        classes_: the labels, sorted.
        multilabel_: whether a text may have any number of them.
        table_: the table with the rows of the training words as trained, and rows for training
            words that `table` lacked.
        network_: the trained torch module; its rows are in `table_`, those of network `encoder`
            in `layer_.rows`.
        tuned_: what was found, where `tune` asked for a search.
        forgetting_: `ForgettingReport`, where `forgetting` asked for one.
        record_: `RunRecord` of the run.
        held_out_scores_: `Scores` on the held-out texts, None without any. They chose the best
            pass, so they are a little too good: judge on other texts.
        unknown_: the words without a row in the texts last read, in training or prediction.
    """

    def __init__(
        self,
        table: EmbeddingTable | str | Path | None = None,
        *,
        checkpoint: Checkpoint | str | Path | None = None,
        network: str = "bag",
        body: str = "auto",
        layers: Sequence[int] | str = "auto",
        cache: str | Path | None = "auto",
        init: str = "table",
        regime: str = "auto",
        regularizer: str | Sequence[Regularizer] | None = None,
        pooling: str = "auto",
        head_init: str = "xavier",
        label_words: Mapping[Any, Sequence[str]] | None = None,
        hidden: int | str = "auto",
        dropout: float | str = "auto",
        rows_rate: float | str = "auto",
        body_rate: float | str = "auto",
        head_rate: float | str = "auto",
        schedule: str = "auto",
        batch_size: int | str = "auto",
        max_epochs: int | str = "auto",
        patience: int = 8,
        held_out: float | str = "auto",
        class_weight: str | None = "balanced",
        oov: str | None = None,
        teacher: Any = None,
        tune: int = 0,
        forgetting: Asked | None = None,
        forget_at_most: float | None = None,
        keep: str | Path | None = None,
        resume: bool = True,
        precision: str = "auto",
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        progress: bool = False,
    ) -> None:
        self.table = table
        self.checkpoint = checkpoint
        self.network = network
        self.body = body
        self.layers = layers
        self.cache = cache
        self.init = init
        self.regime = regime
        self.regularizer = regularizer
        self.pooling = pooling
        self.head_init = head_init
        self.label_words = label_words
        self.hidden = hidden
        self.dropout = dropout
        self.rows_rate = rows_rate
        self.body_rate = body_rate
        self.head_rate = head_rate
        self.schedule = schedule
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.held_out = held_out
        self.class_weight = class_weight
        self.oov = oov
        self.teacher = teacher
        self.tune = tune
        self.forgetting = forgetting
        self.forget_at_most = forget_at_most
        self.keep = keep
        self.resume = resume
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.progress = progress

    @property
    def classes_(self) -> ndarray:
        """The labels, sorted."""
        return self.labels_.classes

    @property
    def multilabel_(self) -> bool:
        """Whether a text may have any number of labels."""
        return self.labels_.multi

    def fit(
        self,
        X: Iterable[str],  # noqa: N803
        y: Iterable[Any],
        *,
        unlabelled: Iterable[str] | None = None,
        soft_labels: Any = None,
    ) -> Self:
        """Train on texts `X` and their labels `y`, and on `unlabelled` ones as the teacher says.

        Labels are numbers or strings, one a text; or, for texts with any number of them, a list of
        labels a text, or a matrix of zeros and ones (texts, labels). `soft_labels`, a probability
        of each class of each text of `X` (texts, classes), are half of what is learned, the labels
        the other half. They are to come from a model that has not seen these labels:
        scikit-learn's `cross_val_predict` gives such.

        Raises `DataError` (also a `ValueError`) for texts or labels that cannot be trained on,
        and `TrainingError` for arguments that make no sense, all named at once.
        """
        self._check_arguments()
        texts = checked_texts(X)
        self.labels_, targets = Labels.of(y, texts=len(texts))
        require("torch", purpose="training")
        if soft_labels is not None:
            from wordgraft.estimators.distillation import softened

            if self._body_name == LOGISTIC:
                raise TrainingError(f"soft_labels: {_LABELS_ALONE}")
            targets = softened(targets, soft_labels, self.labels_)
        more = self._to_be_taught(unlabelled)
        if more:
            from wordgraft.estimators.distillation import answers_of, checked_teacher

            teacher = checked_teacher(self.teacher, self.labels_)
            answers = answers_of(teacher, more, progress=self.progress)
            texts = [*texts, *more]
            targets = np.concatenate([self.labels_.certain(targets), answers])
        seed = seed_of(self.random_state)
        layer = self._first_layer(seed)
        read = layer.begin(texts)
        examples = Examples(read.ids, targets, read.extras, taught=len(more))
        weight = self.labels_.weights(targets) if self.class_weight == "balanced" else None
        network = self._build(layer, read.rows, self._head(weight), seed)
        self.layer_ = layer
        if self.head_init == "labels":
            from wordgraft.estimators.label_init import start_from_labels

            start_from_labels(network, self.labels_.classes, layer, examples, self.label_words)
        if self._body_name == LOGISTIC:
            from wordgraft.estimators.logistic import solve

            self.record_ = solve(
                network, examples, balanced=weight is not None, multi=self.labels_.multi, seed=seed
            )
        else:
            self._train(network, examples, texts, seed)
        self.held_out_scores_ = self._held_out_scores(network, examples, seed)
        layer.end(network)
        self.network_ = network.eval().without_rows()
        return self

    def predict_proba(self, X: Iterable[str]) -> Float32[ndarray, "texts classes"]:  # noqa: N803
        """The probability of each class of `classes_` for each text."""
        checked_fitted(self)
        found: Float32[ndarray, "texts classes"] = self._predictions(checked_texts(X))[0]
        return found

    def predict(self, X: Iterable[str]) -> Any:  # noqa: N803
        """The most probable label of each text; or all that are likelier than not, as in `fit`."""
        probabilities = self.predict_proba(X)
        return self.labels_.chosen(probabilities)

    def evaluate(self, X: Iterable[str], y: Iterable[Any]) -> Scores:  # noqa: N803
        """Accuracy, macro-F1, scores of each class and the confusion matrix on labelled texts."""
        predicted = self.predict(X)
        if self.multilabel_:
            return Scores.of_sets(self.labels_.sets(y), self.labels_.sets(predicted))
        return Scores.of(checked_labels(y).tolist(), predicted.tolist())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags

    def _to_be_taught(self, unlabelled: Iterable[str] | None) -> list[str]:
        """Texts for the teacher. Raises `TrainingError` for one without the other."""
        if unlabelled is None and self.teacher is None:
            return []
        if unlabelled is None:
            raise TrainingError(
                "a teacher answers for texts that have no label: give them to fit as unlabelled"
            )
        if self.teacher is None:
            raise TrainingError(
                "unlabelled texts want a teacher who says what they are: give teacher, a fitted "
                "classifier or its folder"
            )
        return checked_texts(unlabelled, "unlabelled")

    def _head(self, weight: Float32[ndarray, " classes"] | None = None) -> Any:
        from wordgraft.networks.heads import ClassHead, LabelHead

        kind = LabelHead if self.labels_.multi else ClassHead
        classes = len(self.labels_.classes)
        return lambda width, generator: kind(width, classes, generator=generator, weight=weight)

    def _held_out_scores(self, network: Any, examples: Examples, seed: int) -> Scores | None:
        from wordgraft.training.loop import predictions

        if self._body_name == LOGISTIC:
            return None
        held_out = self._plan(seed).split(examples)[1]
        if not len(held_out):
            return None
        chosen, true = (
            self.labels_.chosen(each)
            for each in (
                predictions(network, held_out),
                self.labels_.certain(held_out.flat_targets),
            )
        )
        if self.labels_.multi:
            return Scores.of_sets(self.labels_.sets(true), self.labels_.sets(chosen))
        return Scores.of(true.tolist(), chosen.tolist())

    def _score_of(self, network: Network, examples: Examples) -> float:
        from wordgraft.training.loop import predictions

        assert not isinstance(examples.targets, Ragged)
        chosen = self.labels_.chosen(predictions(network, examples))
        true = self.labels_.chosen(self.labels_.certain(examples.targets))
        if self.labels_.multi:
            return Scores.of_sets(self.labels_.sets(true), self.labels_.sets(chosen)).macro_f1
        return Scores.of(true.tolist(), chosen.tolist()).macro_f1

    def _wrong_together(self) -> Iterable[str]:
        yield from super()._wrong_together()
        if self.teacher is not None and self._body_name == LOGISTIC:
            yield _LABELS_ALONE

    def _more_names(self) -> dict[str, Iterable[Any]]:
        return {"class_weight": ("balanced", None), "head_init": HEAD_INITS}
