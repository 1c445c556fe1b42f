"""Text files of word vectors, in every variant."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import numpy as np
import pytest
from format_files import (
    ROWS,
    check_rows,
    file_with,
    lines_of,
)
from numpy.testing import assert_array_equal
from processes import finished

import wordgraft as wg
from wordgraft.export.formats.reading import sniffed

N_WORDS, DIMS = 200_000, 100
# The peak of this process alone: getrusage would count what it was forked from.
_CODE = """
import sys
from pathlib import Path
import numpy as np
import wordgraft as wg
def peak():
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
before = peak()
table = wg.read_vectors(sys.argv[1])
print(len(table), table.vectors[[2, -1]].tolist())
print(peak() - before)
"""


@pytest.mark.parametrize(
    ("name", "content", "format"),
    [
        ("glove.txt", lines_of(), "glove"),
        ("windows.txt", lines_of(end="\r\n"), "glove"),
        ("no-end.txt", lines_of().rstrip(), "glove"),
        ("mark.txt", b"\xef\xbb\xbf" + lines_of(), "glove"),
        ("wiki.vec", b"7 5\n" + lines_of(end=" \n"), "fasttext"),
        ("tabs.txt", b"7\t5\n" + lines_of().replace(b" ", b"\t"), "word2vec"),
        ("packed.vec.gz", gzip.compress(b"7 5\n" + lines_of(end=" \n")), "fasttext"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_text_in_every_guise(tmp_path: Path, name: str, content: bytes, format: str) -> None:
    path = file_with(tmp_path, content, name)
    assert sniffed(path) == format
    check_rows(wg.read_vectors(path))


def test_words_with_spaces_as_in_glove(tmp_path: Path) -> None:
    table = wg.read_vectors(file_with(tmp_path, lines_of(["the", ". . .", "at x@y.com"], ROWS[:3])))
    assert table.vocabulary.words[2:] == ("the", ". . .", "at x@y.com")
    assert_array_equal(table[". . ."], ROWS[1])


@pytest.mark.slow
def test_peak_memory_stays_under_one_and_a_half_files(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(1_000, DIMS)).round(5).astype(np.float32)
    rests = [" ".join(f"{value:.5f}" for value in row).encode() for row in rows]
    path = tmp_path / "glove.txt"
    with path.open("wb") as file:
        file.writelines(b"word%d %s\n" % (word, rests[word % 1_000]) for word in range(N_WORDS))
    command = [sys.executable, "-c", _CODE, str(path)]
    done = finished(command)
    assert done.returncode == 0, done.stderr
    first, peak = done.stdout.splitlines()
    size = path.stat().st_size
    path.unlink()
    assert first == f"{N_WORDS + 2} {rows[[0, 999]].tolist()}"
    assert int(peak) < 1.5 * size, f"peak {int(peak) / 1e6:.0f} MB, file {size / 1e6:.0f} MB"
