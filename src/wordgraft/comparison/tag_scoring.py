"""Scoring of tagged sentences: strict entity F1 over all entities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.data.tag_schemes import OUTSIDE
from wordgraft.data.validation import checked_sentences, checked_tags
from wordgraft.errors import DataError
from wordgraft.metrics.counts import LabelScore, micro_f1, scores_by_label
from wordgraft.metrics.entities import add_entities, entities_of, entity_counts

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray


class TagScorer:
    """One tag per word; an entity is correct if its kind, its first word and its last word are."""

    metric = "entity F1"
    fewest_labels = 1

    def __init__(self, labels: Sequence[Any]) -> None:
        self.kinds = tuple(sorted({tag[2:] for tags in labels for tag in tags if tag != OUTSIDE}))
        self.names = (OUTSIDE, *(f"{mark}-{kind}" for kind in self.kinds for mark in "BI"))

    @cached_property
    def _place_of_tag(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def _place_of_kind(self) -> dict[str, int]:
        return {kind: place for place, kind in enumerate(self.kinds)}

    @staticmethod
    def checked(texts: list[Any], labels: list[Any], what: str) -> tuple[list[Any], list[Any]]:
        sentences, tags = checked_sentences(texts), checked_tags(labels)
        for place, (words, names) in enumerate(zip(sentences, tags, strict=True)):
            if len(words) != len(names):
                raise DataError(
                    f"{what} sentence {place:,} has {len(words)} words and {len(names)} tags; "
                    "expected one tag for each word"
                )
        return sentences, tags

    @staticmethod
    def label_counts(labels: Sequence[Any]) -> dict[str, int]:
        return dict(
            Counter(tag[2:] for tags in labels for tag in tags if tag[:1] == "B").most_common()
        )

    def strata(self, labels: Sequence[Any]) -> ndarray:
        """Sentences with entities and sentences without: finer strata would fill small samples."""
        return np.array([int(any(tag != OUTSIDE for tag in tags)) for tags in labels])

    def coded(self, labels: Sequence[Any]) -> list[list[int]]:
        return [[self._place_of_tag[tag] for tag in tags] for tags in labels]

    def counts(self, truth: Sequence[Any], predicted: Sequence[Any]) -> Float[ndarray, "texts n"]:
        true, guessed = ([self._tags(codes) for codes in side] for side in (truth, predicted))
        return entity_counts(true, guessed, self._place_of_kind).reshape(len(truth), -1)

    def score(self, sums: Float[ndarray, "*draws n"]) -> Float[ndarray, "*draws"]:
        return micro_f1(sums)

    def accuracy(self, sums: Float[ndarray, " n"]) -> None:
        """None: most words belong to no entity, so nearly all tags are right anyway."""

    def by_label(self, sums: Float[ndarray, " n"]) -> list[LabelScore]:
        return scores_by_label(self.kinds, sums)

    def written(self, coded: Any, text: Any) -> str:
        entities = (
            f"{span.kind}: {' '.join(text[span.start : span.end])}"
            for span in entities_of(self._tags(coded))
        )
        return "; ".join(entities) or "nothing"

    def guesses(
        self,
        truth: Sequence[Any],
        predicted: Sequence[Any],
        rng: np.random.Generator,
        draws: int,
    ) -> Float[ndarray, " draws"]:
        """Each sentence is given the entities that were predicted for another one."""
        true, guessed = (
            [list(entities_of(self._tags(codes))) for codes in side] for side in (truth, predicted)
        )
        sums = np.zeros((draws, 3, len(self.kinds)))
        for draw in range(draws):
            for place, other in enumerate(rng.permutation(len(guessed))):
                if true[place] or guessed[other]:
                    add_entities(sums[draw], true[place], guessed[other], self._place_of_kind)
        return self.score(sums.reshape(draws, -1))

    def _tags(self, codes: Sequence[int]) -> list[str]:
        return [self.names[code] for code in codes]
