"""`MatrixReport`: what is in each row of an embedding matrix, and what the caller should know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_SHOWN = 5


@dataclass(frozen=True)
class MatrixReport:
    """What stands in the rows of a matrix.

    Attributes:
        shape: rows and dims.
        words: entries of the vocabulary, special ones included.
        by_source: rows by where their vectors come from, names as in a table's provenance.
        special: per special entry, what its row holds.
        not_found: words without a row or a vector of their own; an out-of-vocabulary method or a
            fallback made their vectors.
        unnamed: ids that no entry has, as ranges from first to last; their rows are zeros.
        variance_kept: share of the words' variance that `dims` kept; None if it was not given.
        notes: what else the caller should know, a sentence each.

    >>> print(wg.embedding_matrix(table, {"<pad>": 0, "sun": 2}).report)
    3 rows of 4 numbers for 2 entries
    by source: 1 padding, 1 zero, 1 file
    special entries: '<pad>' (zeros)
    ids without an entry, rows of zeros: 1
    no entry stands for unknown words: name it with special={...: 'unk'} if the network needs one
    """

    shape: tuple[int, int]
    words: int
    by_source: Mapping[str, int]
    special: Mapping[str, str]
    not_found: tuple[str, ...]
    unnamed: tuple[tuple[int, int], ...]
    variance_kept: float | None = None
    notes: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return "\n".join([self._size(), *self.lines()])

    def _size(self) -> str:
        rows, dims = self.shape
        return f"{rows:,} rows of {dims:,} numbers for {self.words:,} entries"

    def lines(self) -> list[str]:
        """The report, a sentence per line, without the size."""
        lines = ["by source: " + ", ".join(f"{n:,} {name}" for name, n in self.by_source.items())]
        if self.special:
            entries = [f"{entry!r} ({what})" for entry, what in self.special.items()]
            lines.append(f"special entries: {_some(entries)}")
        if self.not_found:
            words = _some([repr(word) for word in self.not_found])
            lines.append(f"not found, vectors guessed: {len(self.not_found):,} ({words})")
        if self.unnamed:
            ranges = [f"{a:,}" if a == b else f"{a:,} to {b:,}" for a, b in self.unnamed]
            lines.append(f"ids without an entry, rows of zeros: {_some(ranges)}")
        if self.variance_kept is not None:
            lines.append(f"variance kept by {self.shape[1]:,} dims: {self.variance_kept:.1%}")
        return [*lines, *self.notes]


def _some(items: list[str]) -> str:
    more = len(items) - _SHOWN
    return ", ".join(items[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
