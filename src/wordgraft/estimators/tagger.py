"""`SequenceTagger`: a grafted network that finds entities, as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from wordgraft.core.optional import require
from wordgraft.core.ragged import Ragged
from wordgraft.data.tag_schemes import Span, spans_of
from wordgraft.data.validation import checked_sentences, checked_tags
from wordgraft.errors import DataError
from wordgraft.estimators.base import Grafted, checked_fitted, seed_of
from wordgraft.metrics.entities import TagScores, surfaces
from wordgraft.table import EmbeddingTable
from wordgraft.training.examples import Examples

if TYPE_CHECKING:
    from jaxtyping import Int64
    from numpy import ndarray

    from wordgraft.checkpoint import Checkpoint
    from wordgraft.metrics.forgetting import Asked
    from wordgraft.networks import Network
    from wordgraft.training.regularizers import Regularizer


# What the logit of O may give up, tried on the held-out sentences. Few words are in entities, so
# that a tagger that is right about each word finds too few of them.
_LEANS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5)
# What a unit of the held-out loss is worth in F1, when the best pass is chosen.
_LOSS_SHARE = 1e-3


class SequenceTagger(Grafted):
    """Tag the words of sentences with a network on top of a table's rows, or the frozen encoder.

    Keeps scikit-learn's conventions, with sentences as lists of words: `fit`, `predict`, `score`
    (entity F1), `get_params`; works in `cross_val_score`, and pickles.

    Args:
        table, checkpoint, layers, cache, init, regularizer, rows_rate, body_rate, head_rate,
            schedule, batch_size, max_epochs, patience, held_out, oov, tune, forgetting,
            forget_at_most, keep, resume, precision, device, random_state, progress: as of
            `TextClassifier`.
        network: `bilstm-crf`, `bilstm`, `cnn`, `transformer`, `features` (the frozen encoder), or
            `encoder` (the pretrained encoder itself, fine-tuned).
        body: of network `features`: one of the networks above; by default `bilstm-crf`.
        regime: as of `TextClassifier`; `auto` is `full` for network `encoder`, else `frozen`.
        pooling: of network `encoder`: a word's `first` piece (the default), its `last`, or the
            `mean` of all.
        casing: join a small vector for how a word is written, which uncased rows do not say.
        letters: join a convolution over the word's letters.
        hidden: width of the body; `auto` is 200 a direction, 128 of a bilstm without a CRF.
        dropout: share of values set to zero in training, the same at every word of a sentence.

    Training stops when entity F1 on the held-out sentences no longer rises. Then the logit of `O`
    is lowered by what brings that F1 the furthest.

    Attributes:
        tags_: the tags in IOB2, `O` first.
        table_, network_, record_, unknown_: as of `TextClassifier`.
        held_out_scores_: `TagScores` on the held-out sentences, None without any. They chose the
            best pass, and `lean_`: judge on other sentences.
        lean_: what the logit of `O` was lowered by.
    """

    per_word = True

    def __init__(
        self,
        table: EmbeddingTable | str | Path | None = None,
        *,
        checkpoint: Checkpoint | str | Path | None = None,
        network: str = "bilstm-crf",
        body: str = "auto",
        layers: Sequence[int] | str = "auto",
        cache: str | Path | None = "auto",
        init: str = "table",
        regime: str = "auto",
        regularizer: str | Sequence[Regularizer] | None = None,
        pooling: str = "auto",
        casing: bool = True,
        letters: bool = False,
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
        oov: str | None = None,
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
        self.casing = casing
        self.letters = letters
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
        self.oov = oov
        self.tune = tune
        self.forgetting = forgetting
        self.forget_at_most = forget_at_most
        self.keep = keep
        self.resume = resume
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Iterable[Sequence[str]], y: Iterable[Sequence[str]]) -> Self:  # noqa: N803
        """Train on sentences `X`, lists of words, and a tag for each word in `y`.

        Tags may be in IOB1, IOB2, IOBES or BILOU. Raises `DataError` (also a `ValueError`) for
        sentences or tags that cannot be trained on, and `TrainingError` for arguments that make no
        sense, all named at once.
        """
        self._check_arguments()
        sentences, tags = checked_sentences(X), checked_tags(y)
        _check_alike(sentences, tags)
        self.tags_ = ["O", *sorted({tag for each in tags for tag in each} - {"O"})]
        if len(self.tags_) < 2:
            raise DataError(
                f"all tags of {len(sentences):,} sentences are O; expected entities: check the "
                "tag column"
            )
        # Every kind can begin and go on, whatever the training sentences show.
        kinds = sorted({tag[2:] for tag in self.tags_[1:]})
        self.tags_ = ["O", *(f"{mark}-{kind}" for kind in kinds for mark in "BI")]
        self.seen_ = surfaces(sentences, tags)
        seed = seed_of(self.random_state)
        layer = self._first_layer(seed)
        read = layer.begin(sentences)
        number = {tag: place for place, tag in enumerate(self.tags_)}
        targets = Ragged.of([[number[tag] for tag in each] for each in tags])
        examples = Examples(read.ids, targets, {**read.extras, **self._extras(sentences)})
        network = self._build(layer, read.rows, self._head(), seed)
        self.layer_ = layer
        texts = [" ".join(words) for words in sentences]
        self._train(network, examples, texts, seed, judge=self._judge)
        held_out = self._plan(seed).split(examples)[1]
        self.lean_, self.held_out_scores_ = 0.0, None
        if len(held_out):
            self.lean_, self.held_out_scores_ = self._leaned(network, held_out)
        layer.end(network)
        self.network_ = network.without_rows()
        return self

    def predict(self, X: Iterable[Sequence[str]]) -> list[list[str]]:  # noqa: N803
        """A tag for each word of each sentence, in IOB2."""
        checked_fitted(self)
        sentences = checked_sentences(X, empty=True)
        numbers, examples = self._predictions(sentences)
        assert isinstance(examples.targets, Ragged)
        return self._named(Ragged(numbers, examples.targets.offsets))

    def entities(self, X: Iterable[Sequence[str]]) -> list[list[Span]]:  # noqa: N803
        """The entities of each sentence: kind, first word, and the word behind the last."""
        return [list(spans_of(tags)) for tags in self.predict(X)]

    def evaluate(
        self,
        X: Iterable[Sequence[str]],  # noqa: N803
        y: Iterable[Sequence[str]],
    ) -> TagScores:
        """Entity precision, recall and F1: in all, by kind, and of entities unseen in training."""
        sentences, tags = checked_sentences(X, empty=True), checked_tags(y)
        _check_alike(sentences, tags)
        predicted = self.predict(sentences)
        return TagScores.of(tags, predicted, sentences=sentences, seen=self.seen_)

    def score(self, X: Iterable[Sequence[str]], y: Iterable[Sequence[str]]) -> float:  # noqa: N803
        """Entity F1."""
        return self.evaluate(X, y).f1

    def _head(self) -> Any:
        from wordgraft.networks.heads import TagHead

        learned = self._kind.crf
        return lambda width, generator: TagHead(
            width, self.tags_, learned=learned, generator=generator
        )

    def _judge(self, network: Network, held_out: Examples) -> float:
        from wordgraft.training.loop import predictions_and_loss

        numbers, loss = predictions_and_loss(network, held_out)
        # The loss tells apart what F1 does not: at first, no entity is found at all.
        return -self._scored(numbers, held_out).f1 + _LOSS_SHARE * loss

    def _leaned(self, network: Network, held_out: Examples) -> tuple[float, TagScores]:
        """Lower the logit of O by what finds entities best, and say by how much."""
        from wordgraft.training.loop import predictions_lowered

        said = predictions_lowered(network, held_out, _LEANS)
        tried = [self._scored(numbers, held_out) for numbers in said]
        best = max(range(len(tried)), key=lambda place: (tried[place].f1, -place))
        network.last_layer.bias.data[0] -= _LEANS[best]
        return _LEANS[best], tried[best]

    def _score_of(self, network: Network, examples: Examples) -> float:
        return self._scores(network, examples).f1

    def _scores(self, network: Network, examples: Examples) -> TagScores:
        from wordgraft.training.loop import predictions

        return self._scored(predictions(network, examples), examples)

    def _scored(self, numbers: Int64[ndarray, " words"], examples: Examples) -> TagScores:
        assert isinstance(examples.targets, Ragged)
        predicted = Ragged(numbers, examples.targets.offsets)
        return TagScores.of(self._named(examples.targets), self._named(predicted))

    def _named(self, numbers: Ragged) -> list[list[str]]:
        names = [self.tags_[number] for number in numbers.ids]
        offsets = numbers.offsets.tolist()
        return [names[a:b] for a, b in pairwise(offsets)]


def _check_alike(sentences: list[list[str]], tags: list[list[str]]) -> None:
    require("torch", purpose="tagging")
    if len(sentences) != len(tags):
        raise DataError(
            f"{len(sentences):,} sentences have {len(tags):,} lists of tags; give one each"
        )
    for place, (words, names) in enumerate(zip(sentences, tags, strict=True)):
        if len(words) != len(names):
            raise DataError(
                f"sentence {place:,} has {len(words)} words and {len(names)} tags; give one each"
            )
