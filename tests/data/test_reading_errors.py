"""What readers raise becomes a `DataError` that names the file."""

from __future__ import annotations

import logging

import pyarrow as pa
import pytest

from wordgraft.data.reading_errors import as_data_errors
from wordgraft.errors import DataError


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (FileNotFoundError(), "there is no file a.csv"),
        (IsADirectoryError(), "a.csv is a folder"),
        (UnicodeDecodeError("utf-8", b"caf\xe9", 3, 4, "odd"), r"byte 0xe9: odd.*iconv -f latin1"),
        (pa.ArrowInvalid("two\n lines"), r"a.csv cannot be read \(two lines\)"),
        (EOFError(), r"a.csv cannot be read \(EOFError\)"),
        (OSError("x" * 500), r"cannot be read \(x{200} \.\.\.\)"),
        (DataError("as it is"), "^as it is$"),
    ],
)
def test_errors_of_readers(error: Exception, message: str) -> None:
    level = logging.getLogger("datasets").level
    with pytest.raises(DataError, match=message), as_data_errors("a.csv"):
        raise error
    assert logging.getLogger("datasets").level == level


def test_other_errors_pass_through() -> None:
    with pytest.raises(RuntimeError, match="ours"), as_data_errors("a.csv"):
        raise RuntimeError("ours")
