"""How well tagged entities agree with true ones; the counting is seqeval's, in strict mode."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from wordgraft.core.optional import require
from wordgraft.data.tag_schemes import spans_of
from wordgraft.errors import DataError
from wordgraft.metrics.classification import ClassScores


@dataclass(frozen=True)
class TagScores:
    """Agreement of predicted with true entities: right kind, right first and last word.

    Attributes:
        precision, recall, f1: over all entities, shares from 0 to 1.
        kinds: scores of each kind by its name; `support` counts its true entities.
        unseen: scores of entities whose words are none of a training entity's; None where the
            training entities are not known.
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
        """Score `predicted` against `true`, tags in IOB2 by sentence.

        `sentences` and `seen` (what `surface` makes of the training entities) are for `unseen`.
        Raises `DataError` when they differ in number.
        """
        lengths = [len(each) for each in true]
        if not lengths or lengths != [len(each) for each in predicted]:
            raise DataError(
                f"{len(true):,} sentences have tags and {len(predicted):,} predictions, or "
                "sentences of other lengths; expected a predicted tag for each true one"
            )
        metrics: Any = require("seqeval.metrics", purpose="scoring entities")
        scheme: Any = require("seqeval.scheme", purpose="scoring entities").IOB2
        one, other = [list(each) for each in true], [list(each) for each in predicted]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of shares whose whole is nothing
            report = (
                metrics.classification_report(
                    one, other, mode="strict", scheme=scheme, output_dict=True, zero_division=0
                )
                if _any_entity(one) or _any_entity(other)
                else {}
            )
        kinds = {
            kind: _scores(found) for kind, found in report.items() if not kind.endswith(" avg")
        }
        whole = _scores(report["micro avg"]) if report else ClassScores(0.0, 0.0, 0.0, 0)
        pairs = [pair for a, b in zip(one, other, strict=True) for pair in zip(a, b, strict=True)]
        unseen = None
        if sentences is not None and seen is not None:
            unseen = _unseen(one, other, sentences, seen)
        return cls(
            whole.precision,
            whole.recall,
            whole.f1,
            kinds,
            unseen,
            accuracy=sum(a == b for a, b in pairs) / max(len(pairs), 1),
        )


def surfaces(sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]]) -> set[int]:
    """What `surface` makes of every entity."""
    return {
        surface(words[span.start : span.end])
        for words, names in zip(sentences, tags, strict=True)
        for span in spans_of(names)
    }


def surface(words: Sequence[str]) -> int:
    """A number for an entity's words, whatever their case: enough to know it again."""
    import xxhash

    return xxhash.xxh3_64_intdigest("\x1f".join(words).lower().encode("utf-8", "surrogatepass"))


def _unseen(
    true: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    sentences: Sequence[Sequence[str]],
    seen: Collection[int],
) -> ClassScores:
    found: list[set[Any]] = []
    for tags in (true, predicted):
        found.append(
            {
                (place, span)
                for place, (words, names) in enumerate(zip(sentences, tags, strict=True))
                for span in spans_of(names)
                if surface(words[span.start : span.end]) not in seen
            }
        )
    right = len(found[0] & found[1])
    precision, recall = right / max(len(found[1]), 1), right / max(len(found[0]), 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return ClassScores(precision, recall, f1, len(found[0]))


def _any_entity(tags: Sequence[Sequence[str]]) -> bool:
    return any(tag != "O" for each in tags for tag in each)


def _scores(report: dict[str, Any]) -> ClassScores:
    names = ("precision", "recall", "f1-score")
    precision, recall, f1 = (float(report[name]) for name in names)
    return ClassScores(precision, recall, f1, int(report["support"]))
