"""The report prints what is in the rows, and is short for large vocabularies."""

from __future__ import annotations

from wordgraft.matrix import MatrixReport


def test_long_lists_are_cut() -> None:
    report = MatrixReport(
        shape=(20, 3),
        words=12,
        by_source={"file": 5, "unk": 7, "zero": 8},
        special={},
        not_found=tuple("abcdefg"),
        unnamed=((2, 2), (4, 10)),
        variance_kept=0.5,
        notes=("a note",),
    )
    assert str(report).splitlines() == [
        "20 rows of 3 numbers for 12 entries",
        "by source: 5 file, 7 unk, 8 zero",
        "not found, vectors guessed: 7 ('a', 'b', 'c', 'd', 'e' and 2 more)",
        "ids without an entry, rows of zeros: 2, 4 to 10",
        "variance kept by 3 dims: 50.0%",
        "a note",
    ]
