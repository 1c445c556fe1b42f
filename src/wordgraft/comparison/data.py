"""Labelled texts to compare on, checked before any work; what is unusual about them is noted."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.comparison.scoring import SCORERS, Scorer
from wordgraft.comparison.splits import spread_out
from wordgraft.errors import DataError

if TYPE_CHECKING:
    from numpy import ndarray

# Fewer texts than this cannot be split into training, validation and test parts.
FEWEST = 12
# With fewer texts, intervals are so wide that hardly any difference is significant.
_FEW = 200
# The test part, if no test texts are given.
_TEST_SHARE, _MOST_TEST = 0.2, 2_000
_NAMED = 5


@dataclass(frozen=True, eq=False)
class Data:
    """Texts to train and validate on, and texts to test on.

    Attributes:
        task: `classify` (a text and its label are strings) or `tag` (a text is a list of words, its
            label a list of as many tags).
        texts, labels: for training and validation.
        test_texts, test_labels: for the reported scores only; nothing is chosen by them.
        notes: what is unusual about the data, a sentence each.

    Example:
        >>> data = Data.of([f"text {i}" for i in range(20)], ["calm", "rain"] * 10)
        >>> len(data.texts), len(data.test_texts), data.scorer.names
        (16, 4, ('calm', 'rain'))
    """

    task: str
    texts: Sequence[Any]
    labels: Sequence[Any]
    test_texts: Sequence[Any]
    test_labels: Sequence[Any]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        texts: Iterable[Any],
        labels: Iterable[Any],
        test: tuple[Iterable[Any], Iterable[Any]] | None = None,
        *,
        task: str = "classify",
        drop_duplicates: bool = False,
    ) -> Data:
        """Check the data, set aside a test part if none is given, and note what is unusual.

        `drop_duplicates` leaves out training texts that the test part holds too, and repetitions.
        Raises `DataError` for data that methods cannot be compared on.
        """
        if task not in SCORERS:
            raise DataError(f"the task is {task!r}; expected one of {', '.join(SCORERS)}")
        train = _checked(texts, labels, task, "training")
        given = None if test is None else _checked(*test, task, "test")
        if len(train[0]) + (0 if given is None else len(given[0])) < FEWEST or len(train[0]) < 8:
            raise DataError(
                f"{len(train[0]):,} labelled texts are too few to train, validate and test with; "
                f"expected at least {FEWEST}, and a few hundred for a useful result"
            )
        data = cls(task, *train, *(given or ((), ())))
        if given is None:
            data = data._with_own_test()
        return data._without_duplicates(drop_duplicates)._checked_labels()

    @cached_property
    def scorer(self) -> Scorer:
        """Scores predictions for these texts, over every label that occurs."""
        scorer: Scorer = SCORERS[self.task]([*self.labels, *self.test_labels])
        return scorer

    @cached_property
    def strata(self) -> ndarray:
        """For each training text, the group of which each sample takes its share."""
        return self.scorer.strata(self.labels)

    @cached_property
    def sha256(self) -> str:
        """Of all texts and labels in their order, in hexadecimal."""
        digest = hashlib.sha256()
        for part in (self.texts, self.labels, self.test_texts, self.test_labels):
            digest.update(json.dumps(list(part), ensure_ascii=True).encode())
        return digest.hexdigest()

    def _with_own_test(self) -> Data:
        strata = SCORERS[self.task](self.labels).strata(self.labels)
        order = spread_out(strata, np.random.default_rng(0), rare_last=True)
        size = min(_MOST_TEST, max(2, round(_TEST_SHARE * len(order))))
        # Evenly spaced in that order, which gives each label its share.
        test = np.sort(order[np.linspace(0, len(order) - 1, size).round().astype(int)])
        rest = np.setdiff1d(np.arange(len(order)), test)
        return replace(
            self,
            texts=[self.texts[i] for i in rest],
            labels=[self.labels[i] for i in rest],
            test_texts=[self.texts[i] for i in test],
            test_labels=[self.labels[i] for i in test],
            notes=(
                *self.notes,
                f"no test texts were given, so {size:,} of {len(order):,} texts were set aside for "
                "testing",
            ),
        )

    def _without_duplicates(self, drop: bool) -> Data:
        keys = [_key(text) for text in self.texts]
        in_test = {_key(text) for text in self.test_texts}
        across = [place for place, key in enumerate(keys) if key in in_test]
        first: dict[str, int] = {}
        for place, key in enumerate(keys):
            first.setdefault(key, place)
        again = [place for place, key in enumerate(keys) if first[key] != place]
        notes, remaining = list(self.notes), set(range(len(keys)))
        remedy = "left out of training" if drop else "leave them out with drop_duplicates=True"
        if across:
            notes.append(f"training texts also in the test part: {len(across):,}; {remedy}")
        if again:
            notes.append(f"repeated training texts: {len(again):,}; {remedy}")
        if drop:
            remaining -= {*across, *again}
            if len(remaining) < FEWEST - 2:
                raise DataError(
                    f"without duplicates {len(remaining):,} training texts are left, too few to "
                    "compare on; give more texts, or keep the duplicates"
                )
        rest = sorted(remaining)
        return replace(
            self,
            texts=[self.texts[i] for i in rest],
            labels=[self.labels[i] for i in rest],
            notes=tuple(notes),
        )

    def _checked_labels(self) -> Data:
        scorer = SCORERS[self.task]
        counts, notes = scorer.label_counts(self.labels), list(self.notes)
        if len(counts) < scorer.fewest_labels:
            names = ", ".join(map(repr, counts)) or "none"
            raise DataError(
                f"the training texts have too few different labels ({names}); expected at least "
                f"{scorer.fewest_labels}: check the label column"
            )
        once = [str(label) for label, count in counts.items() if count == 1]
        if once:
            notes.append(
                f"{len(once):,} labels occur once in training ({_some(once)}): their texts always "
                "train and never validate"
            )
        unseen = {
            label: count
            for label, count in scorer.label_counts(self.test_labels).items()
            if label not in counts
        }
        if unseen:
            notes.append(
                f"{sum(unseen.values()):,} labels of the test part do not occur in training "
                f"({_some([str(label) for label in unseen])}): their texts count as wrong"
            )
        if len(self.texts) < _FEW:
            notes.append(
                f"{len(self.texts):,} texts for training and validation are few; expect wide "
                "intervals"
            )
        return replace(self, notes=tuple(notes))


def _checked(
    texts: Iterable[Any], labels: Iterable[Any], task: str, what: str
) -> tuple[list[Any], list[Any]]:
    all_texts, all_labels = list(texts), list(labels)
    if len(all_texts) != len(all_labels):
        raise DataError(
            f"{len(all_texts):,} {what} texts have {len(all_labels):,} labels; expected one label "
            "for each text"
        )
    if not all_texts:
        raise DataError(f"there are no {what} texts")
    checked: tuple[list[Any], list[Any]] = SCORERS[task].checked(all_texts, all_labels, what)
    return checked


def _key(text: Any) -> str:
    """The text without case and whitespace: texts with the same key are duplicates."""
    return " ".join((text if isinstance(text, str) else " ".join(text)).lower().split())


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def label_table(data: Data) -> list[tuple[str, int, int]]:
    """Each label with its counts in the training and the test part, the most frequent first."""
    scorer = SCORERS[data.task]
    train, test = scorer.label_counts(data.labels), scorer.label_counts(data.test_labels)
    both = Counter(train) + Counter(test)
    return [
        (str(label), train.get(label, 0), test.get(label, 0)) for label, _ in both.most_common()
    ]
