"""`TextClassifier`: a network that classifies texts, as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from wordgraft.core.optional import require
from wordgraft.core.ragged import Ragged
from wordgraft.data.labels import Labels
from wordgraft.data.validation import checked_labels, checked_texts
from wordgraft.errors import DataError, TrainingError
from wordgraft.estimators.argument_checks import (
    LABELS_ALONE,
    check_arguments,
    check_fitted,
    seed_of,
    starts_from_words,
)
from wordgraft.estimators.base import TextModel
from wordgraft.estimators.building import HeadMaker, build_network, context_of
from wordgraft.estimators.first_layers import FirstLayer
from wordgraft.estimators.fitting import PreparedFit
from wordgraft.estimators.resolved import LOGISTIC
from wordgraft.metrics.classification import Scores
from wordgraft.table import EmbeddingTable
from wordgraft.training.examples import Examples
from wordgraft.training.settings import TrainingSettings

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray
    from sklearn.base import ClassifierMixin

    from wordgraft.networks.network import Network
else:
    ClassifierMixin = require("sklearn.base", purpose="TextClassifier").ClassifierMixin


class TextClassifier(ClassifierMixin, TextModel):  # type: ignore[misc]
    """Classify texts with a network on the rows of a table, or on a pretrained encoder.

    Follows scikit-learn's conventions: `fit`, `predict`, `predict_proba`, `score`, `get_params`;
    works in `cross_val_score`, `GridSearchCV` and `Pipeline`, and can be pickled.

    >>> classifier = wg.TextClassifier(table, random_state=0).fit(texts, labels)
    >>> classifier.predict(["the sun", "the rain"]).tolist()
    ['clear', 'wet']
    >>> frozen = wg.TextClassifier(wg.FrozenEncoder("encoder", layers=[1, 2]), network="bilstm")
    >>> settings = wg.TrainingSettings(epochs=3)
    >>> fine_tuned = wg.TextClassifier(wg.Encoder("encoder", pooling="cls"), training=settings)

    Args:
        first_layer: `TableRows`, `FrozenEncoder` or `Encoder`; an `EmbeddingTable`, or the folder
            of a saved one, means `TableRows` of it.
        network: the network above the first layer: `bag` (mean of the words' vectors, one hidden
            layer), `linear` (mean, no hidden layer), `cnn`, `bilstm`, `transformer`, or `logistic`
            (on `FrozenEncoder`: a logistic regression with cross-validated C). `auto` is `bag`, or
            `logistic` on a `FrozenEncoder`. An `Encoder` has none.
        hidden: width of the network; `auto` is 256, or 128 per direction for a BiLSTM.
        dropout: share of values set to zero in training.
        head_init: the start of the last layer: `xavier`; `labels`, from the vectors of the words of
            each label's name; or a mapping from each label to words of it.
        class_weight: `balanced` weights each class by the inverse of its share; None does not.
        teacher: a larger classifier of the same labels, fitted, or its folder. Its probabilities
            are the targets of the texts without labels that `fit` gets as `unlabelled`. Any
            classifier of texts with scikit-learn's `classes_` and `predict_proba` can be one. A
            pickle holds it too, `save` does not.
        training: `TrainingSettings`; None for the defaults.
        random_state: seed of everything random; an int makes a run repeatable.
        progress: show a progress bar on standard error.

    Arguments at `auto` depend on the first layer and the network; their values are in
    `wordgraft.estimators.recipes`. An argument without effect is refused.

    Attributes:
        classes_: the labels, sorted.
        multilabel_: whether a text may have any number of them.
        table_: of `TableRows`: the table with the rows of the training words as trained, and rows
            for training words that the table lacked.
        network_: the trained torch module above the first layer.
        layer_: the first layer as trained.
        record_: `RunRecord` of the run.
        validation_scores_: `Scores` on the validation part, None without one. They chose the best
            epoch, so they are a little too high: evaluate on other texts.
        unknown_: the out-of-vocabulary words of the texts last read, in training or prediction.
    """

    def __init__(
        self,
        first_layer: FirstLayer | EmbeddingTable | str | Path,
        *,
        network: str = "auto",
        hidden: int | str = "auto",
        dropout: float | str = "auto",
        head_init: str | Mapping[Any, Sequence[str]] = "xavier",
        class_weight: str | None = "balanced",
        teacher: Any = None,
        training: TrainingSettings | None = None,
        random_state: int | np.random.RandomState | None = None,
        progress: bool = False,
    ) -> None:
        self.first_layer = first_layer
        self.network = network
        self.hidden = hidden
        self.dropout = dropout
        self.head_init = head_init
        self.class_weight = class_weight
        self.teacher = teacher
        self.training = training
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
        """Train on texts `X` and their labels `y`, and on `unlabelled` texts with a teacher.

        Labels are numbers or strings, one per text; or, for texts with any number of them, a list
        of labels per text, or a matrix of zeros and ones (texts, labels). `soft_labels`, a
        probability of each class of each text of `X` (texts, classes), make up half of each target,
        the labels the other half. They should come from a model that was not trained on these
        labels: scikit-learn's `cross_val_predict` gives such probabilities.

        Raises `DataError` (also a `ValueError`) for texts or labels that cannot be trained on,
        and `SettingsError` (also a `ValueError`) that lists every invalid argument.
        """
        prepared = self.prepare(X, y, unlabelled=unlabelled, soft_labels=soft_labels)
        network = prepared.network
        self.validation_scores_: Scores | None = None
        if prepared.resolved.network == LOGISTIC:
            from wordgraft.estimators.logistic import solve

            self.record_ = solve(
                network,
                prepared.examples,
                balanced=self.class_weight == "balanced",
                multi=self.labels_.multi,
                seed=prepared.seed,
            )
        else:
            self.record_ = prepared.train(progress=self.progress)
            if len(validation := prepared.validation):
                self.validation_scores_ = self._scores(network, validation)
        prepared.layer.end(network)
        self.layer_ = prepared.layer
        self.network_ = network.eval().without_rows()
        return self

    def prepare(
        self,
        X: Iterable[str],  # noqa: N803
        y: Iterable[Any],
        *,
        unlabelled: Iterable[str] | None = None,
        soft_labels: Any = None,
    ) -> PreparedFit:
        """What `fit` trains, before any training; `search` tries settings on it.

        Takes and raises what `fit` does.
        """
        resolved = check_arguments(self)
        texts = checked_texts(X)
        if y is None:
            raise DataError(
                "TextClassifier requires y to be passed, but the target y is None; give a label "
                "for each text"
            )
        self.labels_, targets = Labels.of(y, texts=len(texts))
        if soft_labels is not None:
            from wordgraft.estimators.distillation import softened

            if resolved.network == LOGISTIC:
                raise TrainingError(f"soft_labels: {LABELS_ALONE}")
            targets = softened(targets, soft_labels, self.labels_)
        more = self._unlabelled(unlabelled)
        if more:
            from wordgraft.estimators.distillation import checked_teacher, probabilities_of

            teacher = self.teacher
            if isinstance(teacher, str | Path):
                teacher = TextClassifier.load(teacher)
            teacher = checked_teacher(teacher, self.labels_)
            probabilities = probabilities_of(teacher, more, progress=self.progress)
            texts = [*texts, *more]
            targets = np.concatenate([self.labels_.certain(targets), probabilities])
        seed = seed_of(self.random_state)
        context = context_of(resolved, seed=seed, progress=self.progress)
        layer = resolved.first_layer.fitted(context)
        read = layer.begin(texts)
        examples = Examples(read.ids, targets, read.extras, distilled=len(more))
        weight = self.labels_.weights(targets) if self.class_weight == "balanced" else None
        network = build_network(resolved, layer, read.rows, self.head_maker(weight), seed=seed)
        if starts_from_words(self):
            from wordgraft.estimators.label_init import start_from_labels

            words = self.head_init if isinstance(self.head_init, Mapping) else None
            start_from_labels(network, self.labels_.classes, layer, examples, words)
        return PreparedFit(resolved, layer, network, examples, self._macro_f1, seed)

    def predict_proba(self, X: Iterable[str]) -> Float32[ndarray, "texts classes"]:  # noqa: N803
        """The probability of each class of `classes_` for each text."""
        check_fitted(self)
        probabilities: Float32[ndarray, "texts classes"] = self._predictions(checked_texts(X))[0]
        return probabilities

    def predict(self, X: Iterable[str]) -> Any:  # noqa: N803
        """The most probable label of each text; or all above one half, in the form `fit` got."""
        probabilities = self.predict_proba(X)
        return self.labels_.chosen(probabilities)

    def evaluate(self, X: Iterable[str], y: Iterable[Any]) -> Scores:  # noqa: N803
        """Accuracy, macro-F1, scores of each class and the confusion matrix on labelled texts."""
        predicted = self.predict(X)
        if self.multilabel_:
            return Scores.of_sets(self.labels_.sets(y), self.labels_.sets(predicted))
        return Scores.of(checked_labels(y).tolist(), predicted.tolist())

    def head_maker(self, weight: Float32[ndarray, " classes"] | None = None) -> HeadMaker:
        """Makes the last layer, whose loss weights the classes."""
        from wordgraft.networks.heads import ClassHead, LabelHead

        kind = LabelHead if self.labels_.multi else ClassHead
        classes = len(self.labels_.classes)
        return lambda width, generator: kind(width, classes, generator=generator, weight=weight)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        return tags

    def _unlabelled(self, texts: Iterable[str] | None) -> list[str]:
        """Texts for the teacher. Raises `TrainingError` for one without the other."""
        if texts is None and self.teacher is None:
            return []
        if texts is None:
            raise TrainingError(
                "a teacher labels texts that have no label: give them to fit as unlabelled"
            )
        if self.teacher is None:
            raise TrainingError(
                "unlabelled texts need a teacher that labels them: give teacher, a fitted "
                "classifier or its folder"
            )
        return checked_texts(texts, "unlabelled")

    def _scores(self, network: Network, examples: Examples) -> Scores:
        from wordgraft.training.inference import predictions

        assert not isinstance(examples.targets, Ragged)
        chosen = self.labels_.chosen(predictions(network, examples))
        true = self.labels_.chosen(self.labels_.certain(examples.targets))
        if self.labels_.multi:
            return Scores.of_sets(self.labels_.sets(true), self.labels_.sets(chosen))
        return Scores.of(true.tolist(), chosen.tolist())

    def _macro_f1(self, network: Network, examples: Examples) -> float:
        return self._scores(network, examples).macro_f1
