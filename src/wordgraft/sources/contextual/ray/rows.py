"""What travels between the driver and the workers: rows of bytes, which Ray Data takes as they are.

Inputs are sentences, or words to be put in their template; results are arrays and plain numbers.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from wordgraft.core.run_state import unpack_texts

if TYPE_CHECKING:
    from numpy import ndarray

CONTENT, NOTE = "content", "note"
# The note of a row of words.
FRAMED = "words in their template"
_RESULT = "result"

Content = tuple[dict[str, "ndarray"], dict[str, Any]]


def row(content: bytes, note: str = "") -> pa.Table:
    """A row of input, and what to know about it."""
    column = pa.array([content], pa.large_binary())
    return pa.table({CONTENT: column, NOTE: pa.array([note])})


def sentences_in(content: pa.LargeBinaryScalar) -> list[str]:
    """The reverse of `pack_texts`, of one row's content."""
    return unpack_texts(np.frombuffer(content.as_buffer(), np.uint8))


def result(content: Content) -> pa.Table:
    """A row of output."""
    return pa.table({_RESULT: pa.array([pickle.dumps(content, 5)], pa.large_binary())})


def contents(part: Any) -> list[Content]:
    """What `result` has packed, or what was merged before."""
    if isinstance(part, pa.Table):
        return [pickle.loads(content.as_buffer()) for content in part[_RESULT]]
    return [part]
