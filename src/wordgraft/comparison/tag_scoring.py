"""The judge of tagged sentences: entity F1, strict, over all entities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.data.tag_schemes import OUTSIDE, Span, spans_of
from wordgraft.data.validation import checked_sentences, checked_tags
from wordgraft.metrics.counts import scores_by_label

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray


class Entities:
    """A tag a word: an entity is right if its kind, its first and its last word are."""

    metric = "entity F1"
    fewest_labels = 1

    def __init__(self, labels: Sequence[Any]) -> None:
        self.kinds = tuple(sorted({tag[2:] for tags in labels for tag in tags if tag != OUTSIDE}))
        self.names = (OUTSIDE, *(f"{mark}-{kind}" for kind in self.kinds for mark in "BI"))

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def _kind(self) -> dict[str, int]:
        return {kind: place for place, kind in enumerate(self.kinds)}

    @staticmethod
    def checked(texts: list[Any], labels: list[Any], what: str) -> tuple[list[Any], list[Any]]:
        from wordgraft.errors import DataError

        sentences, tags = checked_sentences(texts), checked_tags(labels)
        for place, (words, names) in enumerate(zip(sentences, tags, strict=True)):
            if len(words) != len(names):
                raise DataError(
                    f"{what} sentence {place:,} has {len(words)} words and {len(names)} tags; "
                    "expected one each"
                )
        return sentences, tags

    @staticmethod
    def label_counts(labels: Sequence[Any]) -> dict[str, int]:
        return dict(
            Counter(tag[2:] for tags in labels for tag in tags if tag[:1] == "B").most_common()
        )

    def strata(self, labels: Sequence[Any]) -> ndarray:
        """Sentences with entities, and without: rarer traits would crowd small samples."""
        return np.array([int(any(tag != OUTSIDE for tag in tags)) for tags in labels])

    def coded(self, labels: Sequence[Any]) -> list[list[int]]:
        return [[self._place[tag] for tag in tags] for tags in labels]

    def counts(self, truth: Sequence[Any], predicted: Sequence[Any]) -> Float[ndarray, "texts n"]:
        found = np.zeros((len(truth), 3, len(self.kinds)), np.float32)
        for place, (true, said) in enumerate(zip(truth, predicted, strict=True)):
            self._add(found[place], self._spans(true), self._spans(said))
        return found.reshape(len(truth), -1)

    def score(self, sums: Float[ndarray, "*draws n"]) -> Float[ndarray, "*draws"]:
        true, said, right = np.moveaxis(sums.reshape(*sums.shape[:-1], 3, -1).sum(-1), -1, 0)
        either = true + said
        scores: Float[ndarray, "*draws"] = np.divide(
            2 * right, either, out=np.zeros_like(right, np.float64), where=either > 0
        )
        return scores

    def accuracy(self, sums: Float[ndarray, " n"]) -> None:
        """None: nearly all words are no entity's, so nearly all are right."""

    def by_label(self, sums: Float[ndarray, " n"]) -> list[tuple[str, float, float, float, int]]:
        return scores_by_label(self.kinds, sums)

    def written(self, coded: Any, text: Any) -> str:
        found = (
            f"{span.kind}: {' '.join(text[span.start : span.end])}" for span in self._spans(coded)
        )
        return "; ".join(found) or "nothing"

    def guesses(
        self,
        truth: Sequence[Any],
        predicted: Sequence[Any],
        rng: np.random.Generator,
        draws: int,
    ) -> Float[ndarray, " draws"]:
        """Each sentence is given the entities that were found in another one."""
        true = [self._spans(each) for each in truth]
        said = [self._spans(each) for each in predicted]
        sums = np.zeros((draws, 3, len(self.kinds)))
        for draw in range(draws):
            for place, other in enumerate(rng.permutation(len(said))):
                if true[place] or said[other]:
                    self._add(sums[draw], true[place], said[other])
        return self.score(sums.reshape(draws, -1))

    def _spans(self, coded: Sequence[int]) -> list[Span]:
        return list(spans_of([self.names[place] for place in coded]))

    def _add(self, sums: ndarray, true: Sequence[Span], said: Sequence[Span]) -> None:
        for row, spans in enumerate((true, said, set(true) & set(said))):
            for span in spans:
                sums[row, self._kind[span.kind]] += 1
