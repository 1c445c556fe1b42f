"""Labelled texts to compare on: looked at before any work, with what is odd about them noted."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.comparison.scoring import JUDGES, Judge
from wordgraft.comparison.splits import spread_out
from wordgraft.errors import DataError

if TYPE_CHECKING:
    from numpy import ndarray

# Fewer than this cannot be split into parts that train, choose and judge.
FEWEST = 12
# Below this, intervals are so wide that hardly anything can be told apart.
_FEW = 200
# What is set apart to judge where no test file is given.
_TEST_SHARE, _MOST_TEST = 0.2, 2_000
_NAMED = 5


@dataclass(frozen=True, eq=False)
class Data:
    """What is learnt from, and what judges.

    Attributes:
        task: `classify` (a text is a string, its label a string) or `tag` (a list of words, and a
            list of as many tags).
        texts, labels: to train and to choose with.
        test_texts, test_labels: for the figures alone; nothing is chosen with them.
        notes: what is odd about the data, a sentence each, in the order it was found.
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
        """Check everything, set a test part apart where none is given, and note what is odd.

        `drop_duplicates` leaves out training texts that the test part holds too, and repetitions.
        Raises `DataError` for what cannot be compared on.
        """
        if task not in JUDGES:
            raise DataError(f"no task {task!r}; there are {', '.join(JUDGES)}")
        train = _checked(texts, labels, task, "training")
        given = None if test is None else _checked(*test, task, "test")
        if len(train[0]) + (0 if given is None else len(given[0])) < FEWEST or len(train[0]) < 8:
            raise DataError(
                f"{len(train[0]):,} labelled texts are too few to train, choose and judge with; "
                f"expected at least {FEWEST}, and some hundreds for a result"
            )
        found = cls(task, *train, *(given or ((), ())))
        if given is None:
            found = found._with_own_test()
        return found._without_duplicates(drop_duplicates)._checked_labels()

    @cached_property
    def judge(self) -> Judge:
        """What scores predictions here, over every label that occurs."""
        judge: Judge = JUDGES[self.task]([*self.labels, *self.test_labels])
        return judge

    @cached_property
    def strata(self) -> ndarray:
        """Per training text, the group of which each sample takes its share."""
        return self.judge.strata(self.labels)

    @cached_property
    def sha256(self) -> str:
        """Of all texts and labels in their order, in hexadecimal."""
        digest = hashlib.sha256()
        for part in (self.texts, self.labels, self.test_texts, self.test_labels):
            digest.update(json.dumps(list(part), ensure_ascii=True).encode())
        return digest.hexdigest()

    def _with_own_test(self) -> Data:
        judge = JUDGES[self.task](self.labels)
        order = spread_out(judge.strata(self.labels), np.random.default_rng(0), rare_last=True)
        size = min(_MOST_TEST, max(2, round(_TEST_SHARE * len(order))))
        # Places in the order, evenly: a share of each class.
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
                f"no test file was given: {size:,} of {len(order):,} texts were set apart to judge",
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
        notes, kept = list(self.notes), set(range(len(keys)))
        how = "left out of training" if drop else "leave them out with --drop-duplicates"
        if across:
            notes.append(f"{len(across):,} training texts are in the test part too; {how}")
        if again:
            notes.append(f"{len(again):,} training texts repeat another one; {how}")
        if drop:
            kept -= {*across, *again}
            if len(kept) < FEWEST - 2:
                raise DataError(
                    f"without duplicates {len(kept):,} training texts are left; give other texts, "
                    "or keep the duplicates"
                )
        rest = sorted(kept)
        return replace(
            self,
            texts=[self.texts[i] for i in rest],
            labels=[self.labels[i] for i in rest],
            notes=tuple(notes),
        )

    def _checked_labels(self) -> Data:
        judge = JUDGES[self.task]
        counts, notes = judge.label_counts(self.labels), list(self.notes)
        if len(counts) < judge.fewest_labels:
            found = ", ".join(map(repr, counts)) or "none"
            raise DataError(
                f"the training labels are all of one kind ({found}); expected at least "
                f"{judge.fewest_labels}: check the label column"
            )
        once = [str(label) for label, count in counts.items() if count == 1]
        if once:
            notes.append(
                f"{len(once):,} labels occur once in training ({_some(once)}): that text is always "
                "trained on, and nothing is chosen by it"
            )
        unseen = {
            label: count
            for label, count in judge.label_counts(self.test_labels).items()
            if label not in counts
        }
        if unseen:
            notes.append(
                f"{sum(unseen.values()):,} labels of the test part do not occur in training "
                f"({_some([str(label) for label in unseen])}): all of them count as wrong"
            )
        if len(self.texts) < _FEW:
            notes.append(
                f"{len(self.texts):,} texts to train and choose with are few: expect wide intervals"
            )
        return replace(self, notes=tuple(notes))


def _checked(
    texts: Iterable[Any], labels: Iterable[Any], task: str, what: str
) -> tuple[list[Any], list[Any]]:
    found, given = list(texts), list(labels)
    if len(found) != len(given):
        raise DataError(
            f"{len(found):,} {what} texts have {len(given):,} labels; expected one each"
        )
    if not found:
        raise DataError(f"there are no {what} texts")
    checked: tuple[list[Any], list[Any]] = JUDGES[task].checked(found, given, what)
    return checked


def _key(text: Any) -> str:
    """Texts that differ in case and blanks only are one."""
    return " ".join((text if isinstance(text, str) else " ".join(text)).lower().split())


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def label_table(data: Data) -> list[tuple[str, int, int]]:
    """Each label, and how often training and test hold it; the most frequent first."""
    judge = JUDGES[data.task]
    train, test = judge.label_counts(data.labels), judge.label_counts(data.test_labels)
    both = Counter(train) + Counter(test)
    return [
        (str(label), train.get(label, 0), test.get(label, 0)) for label, _ in both.most_common()
    ]
