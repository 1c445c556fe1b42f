"""Tags of every scheme become IOB2, and IOB2 becomes entities."""

from __future__ import annotations

import pytest

from wordgraft.data.tag_schemes import count_missing_beginnings, spans_of, to_iob2
from wordgraft.errors import DataError


def test_schemes_become_iob2() -> None:
    assert to_iob2(["I-A", "I-A", "B-A", "O", "I-B"]) == ["B-A", "I-A", "B-A", "O", "B-B"]
    assert to_iob2(["S-A", "B-A", "E-A", "I-A"]) == ["B-A", "B-A", "I-A", "B-A"]
    assert to_iob2(["B-A", "I-B"]) == ["B-A", "B-B"]
    assert count_missing_beginnings(["I-A", "I-A", "O", "B-B", "I-A"]) == 2
    assert [tuple(span) for span in spans_of(["B-A", "I-A", "B-A", "O", "B-B"])] == [
        ("A", 0, 2),
        ("A", 2, 3),
        ("B", 4, 5),
    ]
    with pytest.raises(DataError, match="'X' is not a tag"):
        to_iob2(["X"])
