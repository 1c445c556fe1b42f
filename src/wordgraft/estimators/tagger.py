"""`SequenceTagger`: a network that finds entities, as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from wordgraft.core.optional import require
from wordgraft.core.ragged import Ragged
from wordgraft.data.tag_schemes import Span, spans_of
from wordgraft.data.validation import checked_sentences, checked_tags
from wordgraft.errors import DataError
from wordgraft.estimators.argument_checks import check_arguments, check_fitted, seed_of
from wordgraft.estimators.base import TextModel
from wordgraft.estimators.building import HeadMaker, build_network, context_of, spelling_of
from wordgraft.estimators.first_layers import FirstLayer
from wordgraft.estimators.fitting import PreparedFit
from wordgraft.estimators.resolved import resolve
from wordgraft.metrics.entities import TagScores, surfaces
from wordgraft.table import EmbeddingTable
from wordgraft.training.examples import Examples
from wordgraft.training.settings import TrainingSettings

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray

    from wordgraft.networks.network import Network

# By how much the logit of O may be lowered, tried on the validation part. Few words are in
# entities, so a tagger that is right about each word finds too few of them.
_O_PENALTIES = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)
# What a unit of the validation loss is worth in F1 when the best epoch is chosen.
_LOSS_SHARE = 1e-3


class SequenceTagger(TextModel):
    """Tag the words of sentences with a network on the rows of a table, or on an encoder.

    Follows scikit-learn's conventions, with sentences as lists of words: `fit`, `predict`, `score`
    (entity F1), `get_params`; works in `cross_val_score` and `GridSearchCV`, and can be pickled.

    >>> sentences, tags = [["the", "sun"], ["rain"]] * 20, [["O", "B-STAR"], ["O"]] * 20
    >>> rows = wg.TableRows(table, trainable=True)
    >>> tagger = wg.SequenceTagger(rows, network="cnn", random_state=0).fit(sentences, tags)
    >>> tagger.entities([["rain", "and", "sun"]])
    [[Span(kind='STAR', start=2, end=3)]]
    >>> fine_tuned = wg.SequenceTagger(wg.Encoder("encoder", pooling="mean"))

    Args:
        first_layer: as for `TextClassifier`.
        network: the network above the first layer: `bilstm-crf` (the default), `bilstm`, `cnn` or
            `transformer`. An `Encoder` has none.
        hidden: width of the network; `auto` is 200 per direction, 128 for a BiLSTM without CRF.
        dropout: share of values set to zero in training, the same at every word of a sentence.
        casing: add a small vector for how a word is capitalized, which uncased rows do not know.
            `auto` does, except with an `Encoder`, which cannot.
        letters: add a convolution over the letters of the word.
        training, random_state, progress: as for `TextClassifier`.

    If there is a validation part (a tenth of the sentences by default), training stops when entity
    F1 on it no longer rises. Then the logit of `O` is lowered by whatever gives the highest F1 on
    it.

    Attributes:
        tags_: the tags in IOB2, `O` first.
        table_, network_, layer_, record_, unknown_: as for `TextClassifier`.
        validation_scores_: `TagScores` on the validation part, None without one. They chose the
            best epoch and `o_penalty_`, so they are a little too high: evaluate on other
            sentences.
        o_penalty_: what the logit of `O` was lowered by.
    """

    per_word = True

    def __init__(
        self,
        first_layer: FirstLayer | EmbeddingTable | str | Path,
        *,
        network: str = "auto",
        hidden: int | str = "auto",
        dropout: float | str = "auto",
        casing: bool | str = "auto",
        letters: bool = False,
        training: TrainingSettings | None = None,
        random_state: int | np.random.RandomState | None = None,
        progress: bool = False,
    ) -> None:
        self.first_layer = first_layer
        self.network = network
        self.hidden = hidden
        self.dropout = dropout
        self.casing = casing
        self.letters = letters
        self.training = training
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Iterable[Sequence[str]], y: Iterable[Sequence[str]]) -> Self:  # noqa: N803
        """Train on sentences `X`, lists of words, and a tag for each word in `y`.

        Tags may be in IOB1, IOB2, IOBES or BILOU. Raises `DataError` (also a `ValueError`) for
        sentences or tags that cannot be trained on, and `SettingsError` (also a `ValueError`) that
        lists every argument that is invalid.
        """
        prepared = self.prepare(X, y)
        network, layer = prepared.network, prepared.layer
        self.record_ = prepared.train(progress=self.progress)
        validation = prepared.validation
        self.o_penalty_: float = 0.0
        self.validation_scores_: TagScores | None = None
        if len(validation):
            self.o_penalty_, self.validation_scores_ = self._penalise_o(network, validation)
        layer.end(network)
        self.layer_ = layer
        self.network_ = network.without_rows()
        return self

    def prepare(
        self,
        X: Iterable[Sequence[str]],  # noqa: N803
        y: Iterable[Sequence[str]],
    ) -> PreparedFit:
        """What `fit` trains, before any training; `search` tries settings on it.

        Takes and raises what `fit` does.
        """
        resolved = check_arguments(self)
        sentences, tags = checked_sentences(X), checked_tags(y)
        _check_same_lengths(sentences, tags)
        self.tags_ = ["O", *sorted({tag for names in tags for tag in names} - {"O"})]
        if len(self.tags_) < 2:
            raise DataError(
                f"all tags of {len(sentences):,} sentences are O; expected entities: check the "
                "tag column"
            )
        # Every type can begin and continue, whatever the training sentences show.
        types = sorted({tag[2:] for tag in self.tags_[1:]})
        self.tags_ = ["O", *(f"{mark}-{type_}" for type_ in types for mark in "BI")]
        self.seen_ = surfaces(sentences, tags)
        seed = seed_of(self.random_state)
        context = context_of(resolved, seed=seed, progress=self.progress)
        layer = resolved.first_layer.fitted(context)
        read = layer.begin(sentences)
        number = {tag: place for place, tag in enumerate(self.tags_)}
        targets = Ragged.of([[number[tag] for tag in names] for names in tags])
        spelling = spelling_of(resolved, sentences)
        examples = Examples(read.ids, targets, {**read.extras, **spelling})
        network = build_network(resolved, layer, read.rows, self.head_maker(), seed=seed)
        return PreparedFit(resolved, layer, network, examples, self._f1, seed, self._badness)

    def predict(self, X: Iterable[Sequence[str]]) -> list[list[str]]:  # noqa: N803
        """A tag for each word of each sentence, in IOB2."""
        check_fitted(self)
        sentences = checked_sentences(X, empty=True)
        numbers, examples = self._predictions(sentences)
        assert isinstance(examples.targets, Ragged)
        return self._named(Ragged(numbers, examples.targets.offsets))

    def entities(self, X: Iterable[Sequence[str]]) -> list[list[Span]]:  # noqa: N803
        """The entities of each sentence: type, first word, and the word after the last."""
        return [list(spans_of(tags)) for tags in self.predict(X)]

    def evaluate(
        self,
        X: Iterable[Sequence[str]],  # noqa: N803
        y: Iterable[Sequence[str]],
    ) -> TagScores:
        """Entity precision, recall and F1: overall, by type, and of entities unseen in training."""
        sentences, tags = checked_sentences(X, empty=True), checked_tags(y)
        _check_same_lengths(sentences, tags)
        predicted = self.predict(sentences)
        return TagScores.of(tags, predicted, sentences=sentences, seen=self.seen_)

    def score(self, X: Iterable[Sequence[str]], y: Iterable[Sequence[str]]) -> float:  # noqa: N803
        """Entity F1."""
        return self.evaluate(X, y).f1

    def head_maker(self) -> HeadMaker:
        """Makes the last layer."""
        from wordgraft.networks.heads import TagHead

        learned = resolve(self).kind.crf
        return lambda width, generator: TagHead(
            width, self.tags_, learned=learned, generator=generator
        )

    def _badness(self, network: Network, validation: Examples) -> float:
        """How bad a network is on the validation part."""
        from wordgraft.training.inference import predictions_and_loss

        numbers, loss = predictions_and_loss(network, validation)
        # The loss distinguishes what F1 does not: at first, no entity is found at all.
        return -self._scored(numbers, validation).f1 + _LOSS_SHARE * loss

    def _penalise_o(self, network: Network, validation: Examples) -> tuple[float, TagScores]:
        """Lower the logit of O by the amount with the highest F1, and return that amount."""
        from wordgraft.training.inference import predictions_lowered

        tried = [
            self._scored(numbers, validation)
            for numbers in predictions_lowered(network, validation, _O_PENALTIES)
        ]
        best = max(range(len(tried)), key=lambda place: (tried[place].f1, -place))
        network.last_layer.bias.data[0] -= _O_PENALTIES[best]
        return _O_PENALTIES[best], tried[best]

    def _f1(self, network: Network, examples: Examples) -> float:
        from wordgraft.training.inference import predictions

        return self._scored(predictions(network, examples), examples).f1

    def _scored(self, numbers: Int64[ndarray, " words"], examples: Examples) -> TagScores:
        assert isinstance(examples.targets, Ragged)
        predicted = Ragged(numbers, examples.targets.offsets)
        return TagScores.of(self._named(examples.targets), self._named(predicted))

    def _named(self, numbers: Ragged) -> list[list[str]]:
        names = [self.tags_[number] for number in numbers.ids]
        offsets = numbers.offsets.tolist()
        return [names[start:end] for start, end in pairwise(offsets)]


def _check_same_lengths(sentences: list[list[str]], tags: list[list[str]]) -> None:
    require("torch", purpose="tagging")
    if len(sentences) != len(tags):
        raise DataError(
            f"{len(sentences):,} sentences have {len(tags):,} lists of tags; give one list per "
            "sentence"
        )
    for place, (words, names) in enumerate(zip(sentences, tags, strict=True)):
        if len(words) != len(names):
            raise DataError(
                f"sentence {place:,} has {len(words)} words and {len(names)} tags; give one "
                "tag per word"
            )
