"""What readers of files raise, as one kind of error that says what is wrong with the file."""

from __future__ import annotations

import logging
import sys
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from contextlib import contextmanager

from wordgraft.core.compressed import DAMAGED
from wordgraft.errors import DataError

# Characters of another library's message that are quoted.
_LONGEST_CAUSE = 200


@contextmanager
def as_data_errors(path: str) -> Iterator[None]:
    """Turn what reading `path` raises into a `DataError`, and silence the log of `datasets`."""
    from pandas.errors import EmptyDataError

    log = logging.getLogger("datasets")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path}") from error
    except IsADirectoryError as error:
        raise DataError(f"{path} is a folder; expected a file") from error
    except EmptyDataError as error:
        raise DataError(f"{path} is empty; expected a header and at least one row") from error
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        guess = "utf-16" if error.object[:2] in (BOM_UTF16_LE, BOM_UTF16_BE) else "latin1"
        raise DataError(
            f"{path} is not UTF-8 (byte 0x{byte:02x}: {error.reason}); convert it, for example "
            f"with: iconv -f {guess} -t utf-8 {path} > {path}.utf8"
        ) from error
    except RuntimeError as error:
        # What the JSON reader raises for a compressed file without content.
        if not isinstance(error.__cause__, StopIteration):
            raise
        raise DataError(f"{path} is empty; expected at least one row") from error
    except _reading_errors() as error:
        raise DataError(f"{path} cannot be read ({_on_one_line(error)})") from error
    finally:
        log.setLevel(level)


def _reading_errors() -> tuple[type[Exception], ...]:
    """Everything that the readers and decompressors raise for a file they cannot read."""
    import pyarrow as pa

    errors = [*DAMAGED, pa.ArrowException, ValueError, TypeError]
    if "zstandard" in sys.modules:
        errors.append(sys.modules["zstandard"].ZstdError)
    return tuple(errors)


def _on_one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST_CAUSE else f"{text[:_LONGEST_CAUSE]} ..."
