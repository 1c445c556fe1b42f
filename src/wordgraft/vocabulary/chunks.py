"""Running text to arrays, fast: what stands between two blanks is cut once and then looked up.

Every tokenizer of the family cuts at blanks first, so a text's words and pieces are those of its
blank-separated chunks, one after the other. A corpus repeats its chunks: a dictionary and a gather
give the same arrays as the tokenizer, without an `Encoding` object a text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import chain, count, islice

import numpy as np

from wordgraft.core.ragged import Ragged

# What a rule makes of each of some chunks, column by column.
Columns = tuple[Ragged, ...]
# Chunks remembered before all are forgotten, to bound memory: some 300 MB.
_MOST_REMEMBERED = 1_000_000


class Chunks:
    """Cuts texts by a rule that is asked once for each different chunk.

    Args:
        rule: what it makes of some chunks: one `Ragged` a column, one row a chunk.
    """

    def __init__(self, rule: Callable[[Sequence[str]], Columns]) -> None:
        self._rule = rule
        self._columns: Columns = ()
        self._forget()

    def columns(self, texts: Sequence[str]) -> Columns:
        """Per column, each text's values: those of its chunks, one after the other."""
        if len(self._number) > _MOST_REMEMBERED:
            self._forget()
        chunks = [text.split() for text in texts]
        known = len(self._number)
        numbers = Ragged(
            np.fromiter(map(self._number.__getitem__, chain.from_iterable(chunks)), np.int64),
            np.concatenate([[0], np.cumsum([len(each) for each in chunks], dtype=np.int64)]),
        )
        if new := list(islice(self._number, known, None)):
            pairs = zip(self._columns, self._rule(new), strict=True)
            self._columns = tuple(old.append(fresh) for old, fresh in pairs)
        return tuple(_flattened(numbers, column) for column in self._columns)

    def _forget(self) -> None:
        self._number: defaultdict[str, int] = defaultdict(count().__next__)
        self._columns = self._rule([])


def _flattened(numbers: Ragged, column: Ragged) -> Ragged:
    values = column.take(numbers.ids)
    return Ragged(values.ids, values.offsets[numbers.offsets])
