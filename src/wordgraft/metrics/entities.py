"""How well tagged entities agree with the true ones: strict entity scores, as CoNLL-2003 counts.

A predicted entity is correct if its kind, its first word and its last word are those of a true
entity (Tjong Kim Sang and De Meulder 2003). Tags are IOB2: an entity begins with `B-`, and an `I-`
that continues no entity of its kind belongs to none. seqeval 1.2 gives the same numbers with
`mode="strict", scheme=IOB2`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.data.tag_schemes import OUTSIDE, Span
from wordgraft.errors import DataError
from wordgraft.metrics.classification import ClassScores
from wordgraft.metrics.counts import scores_by_label

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


@dataclass(frozen=True)
class TagScores:
    """Agreement of predicted with true entities: right kind, right first and last word.

    Attributes:
        precision, recall, f1: over all entities, from 0 to 1.
        kinds: the scores of each kind of entity by its name; `support` counts its true entities.
        unseen: the scores of entities whose words do not occur as an entity in the training
            sentences; None if the training entities are not known.
        accuracy: share of words with the right tag.
    """

    precision: float
    recall: float
    f1: float
    kinds: dict[str, ClassScores]
    unseen: ClassScores | None
    accuracy: float

    @classmethod
    def of(
        cls,
        true: Sequence[Sequence[str]],
        predicted: Sequence[Sequence[str]],
        *,
        sentences: Sequence[Sequence[str]] | None = None,
        seen: Collection[int] | None = None,
    ) -> TagScores:
        """Score `predicted` against `true`: IOB2 tags by sentence.

        Args:
            sentences: the words; needed for `unseen`.
            seen: the training entities, as `surfaces` returns them; needed for `unseen`.

        Raises `DataError` if the numbers of sentences or tags differ.

        Example:
            >>> true = [["B-PER", "I-PER", "O", "B-LOC"]]
            >>> scores = TagScores.of(true, [["B-PER", "O", "O", "B-LOC"]])
            >>> scores.f1, scores.kinds["LOC"].f1, scores.accuracy
            (0.5, 1.0, 0.75)
        """
        _check_lengths(true, predicted)
        kinds = sorted({tag[2:] for tags in (*true, *predicted) for tag in tags if tag != OUTSIDE})
        place_of = {kind: place for place, kind in enumerate(kinds)}
        counts = entity_counts(true, predicted, place_of).sum(axis=0, dtype=np.float64)
        whole = scores_by_label(["all"], counts.reshape(3, -1).sum(axis=1))[0]
        by_kind = {
            score.label: ClassScores(*score[1:]) for score in scores_by_label(kinds, counts.ravel())
        }
        pairs = [
            (one, other)
            for tags, others in zip(true, predicted, strict=True)
            for one, other in zip(tags, others, strict=True)
        ]
        unseen = None
        if sentences is not None and seen is not None:
            unseen = _unseen(true, predicted, sentences, seen)
        return cls(
            whole.precision,
            whole.recall,
            whole.f1,
            {kind: scores for kind, scores in by_kind.items() if _occurs(counts, place_of[kind])},
            unseen,
            accuracy=sum(one == other for one, other in pairs) / max(len(pairs), 1),
        )


def entities_of(tags: Sequence[str]) -> Iterator[Span]:
    """The entities of a sentence's IOB2 tags, in order; each begins with `B-`.

    Example:
        >>> list(entities_of(["B-PER", "I-PER", "I-LOC", "B-LOC"]))
        [Span(kind='PER', start=0, end=2), Span(kind='LOC', start=3, end=4)]
    """
    kind, start = "", 0
    for place, tag in enumerate([*tags, OUTSIDE]):
        if kind and not (tag[:2] == "I-" and tag[2:] == kind):
            yield Span(kind, start, place)
            kind = ""
        if tag[:2] == "B-":
            kind, start = tag[2:], place


def entity_counts(
    true: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    places: Mapping[str, int],
) -> Float32[ndarray, "sentences 3 kinds"]:
    """How many entities of each kind a sentence has: true, predicted, and predicted correctly.

    `places` gives the place of each kind along the last axis.

    Example:
        >>> entity_counts([["B-PER", "O"]], [["B-PER", "B-LOC"]], {"LOC": 0, "PER": 1}).tolist()
        [[[0.0, 1.0], [1.0, 1.0], [0.0, 1.0]]]
    """
    counts = np.zeros((len(true), 3, len(places)), np.float32)
    for row, tags, others in zip(counts, true, predicted, strict=True):
        add_entities(row, list(entities_of(tags)), list(entities_of(others)), places)
    return counts


def add_entities(
    counts: ndarray, true: Sequence[Span], predicted: Sequence[Span], places: Mapping[str, int]
) -> None:
    """Add a sentence's entities to `counts` (3, kinds): true, predicted and correct ones."""
    for row, spans in enumerate((true, predicted, set(true) & set(predicted))):
        for span in spans:
            counts[row, places[span.kind]] += 1


def surfaces(sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]]) -> set[int]:
    """The `surface` of every entity."""
    return {
        surface(words[span.start : span.end])
        for words, names in zip(sentences, tags, strict=True)
        for span in entities_of(names)
    }


def surface(words: Sequence[str]) -> int:
    """A number that identifies an entity's words in any case.

    Example:
        >>> surface(["New", "York"]) == surface(["new", "york"])
        True
    """
    import xxhash

    return xxhash.xxh3_64_intdigest("\x1f".join(words).lower().encode("utf-8", "surrogatepass"))


def _check_lengths(true: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> None:
    lengths = [len(tags) for tags in true]
    if not lengths:
        raise DataError("there are no sentences to score; expected at least one")
    if len(predicted) != len(true):
        raise DataError(
            f"{len(true):,} sentences have true tags and {len(predicted):,} have predicted ones; "
            "expected the same number"
        )
    for place, (length, tags) in enumerate(zip(lengths, predicted, strict=True)):
        if length != len(tags):
            raise DataError(
                f"sentence {place:,} has {length:,} true tags and {len(tags):,} predicted ones; "
                "expected a predicted tag for each true one"
            )


def _occurs(counts: ndarray, place: int) -> bool:
    """Whether a kind has a true or a predicted entity."""
    return bool(counts[:2, place].sum())


def _unseen(
    true: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    sentences: Sequence[Sequence[str]],
    seen: Collection[int],
) -> ClassScores:
    def new_entities(tagged: Sequence[Sequence[str]]) -> set[tuple[int, Span]]:
        return {
            (place, span)
            for place, (words, tags) in enumerate(zip(sentences, tagged, strict=True))
            for span in entities_of(tags)
            if surface(words[span.start : span.end]) not in seen
        }

    truth, predictions = new_entities(true), new_entities(predicted)
    counts = np.array([len(truth), len(predictions), len(truth & predictions)], np.float64)
    return ClassScores(*scores_by_label(["unseen"], counts)[0][1:])
