"""The sentences of a sample by hash, as Arrow strings, which take little more than their bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.errors import ProgressError

# Importing Arrow takes 40 MB, so functions import it.
if TYPE_CHECKING:
    import pyarrow as pa
    from jaxtyping import Int64, UInt64
    from numpy import ndarray


@dataclass(frozen=True, eq=False)
class StoredSentences:
    """Sentences and their hashes, in any order."""

    hashes: UInt64[ndarray, " sentences"]
    texts: pa.LargeStringArray

    def __len__(self) -> int:
        return len(self.hashes)

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return int(self.hashes.nbytes + self.texts.nbytes)

    @classmethod
    def of(cls, hashes: UInt64[ndarray, " sentences"], texts: Sequence[str]) -> StoredSentences:
        """Sentences from Python strings."""
        import pyarrow as pa

        return cls(hashes, pa.array(texts, pa.large_string(), memory_pool=_pool()))

    @classmethod
    def joined(cls, parts: Sequence[StoredSentences]) -> StoredSentences:
        """All sentences of some stores, in order."""
        import pyarrow as pa

        parts = [cls.of(np.zeros(0, np.uint64), []), *parts]
        return cls(
            np.concatenate([part.hashes for part in parts]),
            pa.concat_arrays([part.texts for part in parts], memory_pool=_pool()),
        )

    def only(self, hashes: UInt64[ndarray, " wanted"]) -> StoredSentences:
        """Those with one of `hashes`, which must be distinct; each once."""
        distinct, places = np.unique(self.hashes, return_index=True)
        places = np.sort(places[np.isin(distinct, hashes, assume_unique=True)])
        return self._take(places)

    def with_others(self, more: StoredSentences) -> StoredSentences:
        """These, and those of `more` that are not among them."""
        missing = np.setdiff1d(more.hashes, self.hashes)
        return StoredSentences.joined([self, more.only(missing)])

    def ascending(self) -> StoredSentences:
        """Sorted by hash."""
        return self._take(np.argsort(self.hashes))

    def _take(self, places: Int64[ndarray, " some"]) -> StoredSentences:
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = pc.take(self.texts, pa.array(places), memory_pool=_pool())
        return StoredSentences(self.hashes[places], texts)

    def __iter__(self) -> Iterator[str]:
        return (text.as_py() for text in self.texts)

    def as_dict(self) -> dict[int, str]:
        """Sentences by hash."""
        return dict(zip(self.hashes.tolist(), self.texts.to_pylist(), strict=True))

    def arrays(self) -> dict[str, ndarray]:
        """Everything `of_arrays` needs."""
        _, borders, content = self.texts.buffers()
        first = self.texts.offset
        offsets = np.frombuffer(borders, np.int64)[first : first + len(self) + 1]
        content = np.frombuffer(content, np.uint8) if content else np.zeros(0, np.uint8)
        return {
            "sentence_hashes": self.hashes,
            "sentence_offsets": offsets - offsets[0],
            "sentences": content[offsets[0] : offsets[-1]],
        }

    @classmethod
    def of_arrays(cls, arrays: dict[str, ndarray]) -> StoredSentences:
        """The inverse of `arrays`. Raises `ProgressError` for invalid offsets or text."""
        import pyarrow as pa

        hashes, offsets = (arrays[f"sentence_{name}"] for name in ("hashes", "offsets"))
        content = np.ascontiguousarray(arrays["sentences"])
        buffers = [None, pa.py_buffer(np.ascontiguousarray(offsets)), pa.py_buffer(content)]
        texts = pa.Array.from_buffers(pa.large_string(), len(hashes), buffers)
        try:
            texts.validate(full=True)
        except pa.ArrowInvalid as error:
            raise ProgressError(
                f"the saved sentences are damaged ({error}); start over with resume=False"
            ) from error
        return cls(np.array(hashes), texts)


def _pool() -> pa.MemoryPool:
    """A pool that frees memory at once; Arrow's others keep what the last copy took."""
    import pyarrow as pa

    return pa.system_memory_pool()
