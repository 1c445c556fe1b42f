"""Single tensors of a checkpoint's weight files, memory-mapped on access.

The safetensors library is not used because it copies tensors and cannot give bfloat16 to NumPy.
This reader returns views of the mapped file, and bfloat16 as float32. The format is described at
https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.optional import require
from wordgraft.errors import CheckpointError, PickleRefusedError

if TYPE_CHECKING:
    from numpy import ndarray

SINGLE_FILE = "model.safetensors"
SHARD_INDEX = "model.safetensors.index.json"
PICKLE_FILE = "pytorch_model.bin"
PICKLE_INDEX = "pytorch_model.bin.index.json"

_BFLOAT16 = np.dtype(np.uint16)  # NumPy has no bfloat16: its bits are read and widened on access
_DTYPES: dict[str, np.dtype[Any]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": _BFLOAT16,
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
# The format limits its header to this size, so that a damaged length cannot exhaust memory.
_MAX_HEADER_BYTES = 100_000_000


@dataclass(frozen=True)
class _Entry:
    file: Path
    dtype: str
    shape: tuple[int, ...]
    start: int


class Tensors(Mapping[str, "ndarray"]):
    """The tensors of a checkpoint by name; access maps only the tensor's part of the file."""

    def __init__(self, files: list[Path]) -> None:
        self.files = tuple(files)
        self._entries = {
            name: entry for file in files for name, entry in _read_header(file).items()
        }

    def __getitem__(self, name: str) -> ndarray:
        """The tensor as a read-only array; bfloat16 is returned as a float32 copy."""
        entry = self._entries[name]
        if 0 in entry.shape:
            return np.empty(entry.shape, _DTYPES[entry.dtype])
        mapped = np.memmap(entry.file, _DTYPES[entry.dtype], "r", entry.start, entry.shape)
        array: ndarray = mapped.view(np.ndarray)
        return _widened(array) if entry.dtype == "BF16" else array

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor; nothing is mapped."""
        return self._entries[name].shape


class PickledTensors(Mapping[str, "ndarray"]):
    """The tensors of pickled weights, all read at once by torch with `weights_only=True`."""

    def __init__(self, files: list[Path]) -> None:
        self.files = tuple(files)

    @cached_property
    def _arrays(self) -> dict[str, ndarray]:
        torch = require("torch", purpose="reading pickled weights")
        arrays = {}
        for file in self.files:
            try:
                state = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
            except (UnpicklingError, RuntimeError, ValueError, EOFError) as error:
                raise CheckpointError(
                    f"{file} cannot be read as weights ({type(error).__name__}): it is damaged or "
                    "holds more than tensors; download it again, or use safetensors weights"
                ) from error
            arrays.update({name: tensor.float().numpy() for name, tensor in state.items()})
        return arrays

    def __getitem__(self, name: str) -> ndarray:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a tensor."""
        return tuple(self._arrays[name].shape)


def open_tensors(folder: Path, *, allow_pickle: bool) -> Tensors | PickledTensors:
    """The weights in `folder`: a safetensors file, its shards, or (if allowed) pickles.

    Raises `PickleRefusedError` if there are only pickles and `allow_pickle` is false, and
    `CheckpointError` if there are no weights or a file is damaged.
    """
    if (folder / SINGLE_FILE).is_file():
        return Tensors([folder / SINGLE_FILE])
    if (folder / SHARD_INDEX).is_file():
        return Tensors(_shards(folder / SHARD_INDEX))
    pickles = _pickle_files(folder)
    if not pickles:
        raise CheckpointError(
            f"{folder} has no weights: expected {SINGLE_FILE}, or {SHARD_INDEX} and its shards"
        )
    if not allow_pickle:
        raise pickle_refused(str(folder), pickles[0].name, f"{folder}-safetensors")
    return PickledTensors(pickles)


def pickle_refused(name: str, file: str, converted: str) -> PickleRefusedError:
    """The error for a checkpoint whose weights are pickled in `file`, with what to do."""
    return PickleRefusedError(
        f"{name} has its weights in a pickle ({file}), which can run any code "
        'when it is read. If you trust it, convert it once: python -c "from transformers '
        f"import AutoModel; AutoModel.from_pretrained('{name}').save_pretrained("
        f"'{converted}')\", and copy the tokenizer files into that folder; or read "
        "only its tensors, through torch's weights_only loader, with allow_pickle=True"
    )


def _pickle_files(folder: Path) -> list[Path]:
    if (folder / PICKLE_FILE).is_file():
        return [folder / PICKLE_FILE]
    if (folder / PICKLE_INDEX).is_file():
        return _shards(folder / PICKLE_INDEX)
    return []


def _shards(index: Path) -> list[Path]:
    try:
        weight_map = json.loads(index.read_text("utf-8"))["weight_map"]
        names = sorted({str(name) for name in weight_map.values()})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{index} is not an index of weight shards; download it again"
        ) from error
    files = [index.parent / name for name in names]
    for name, file in zip(names, files, strict=True):
        if Path(name).name != name:
            raise CheckpointError(f"{index} names a shard outside its folder: {name!r}")
        if not file.is_file():
            raise CheckpointError(f"{index.parent} lacks the shard {name} that its index names")
    return files


def _read_header(file: Path) -> dict[str, _Entry]:
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(size - 8, _MAX_HEADER_BYTES):
            raise CheckpointError(
                f"{file} is not a safetensors file: it has {size:,} bytes, its header declares "
                f"{length:,}; download it again"
            )
        try:
            header = json.loads(stream.read(length))
            header.pop("__metadata__", None)
            entries = {name: _entry(file, 8 + length, item) for name, item in header.items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(
                f"{file} is not a safetensors file: its header cannot be read; download it again"
            ) from error
    needed = max((e.start + _bytes(e.dtype, e.shape) for e in entries.values()), default=0)
    if needed > size:
        raise CheckpointError(
            f"{file} is truncated: it has {size:,} bytes, its header declares {needed:,}; "
            "download it again"
        )
    return entries


def _entry(file: Path, data_start: int, item: Mapping[str, Any]) -> _Entry:
    dtype, shape = item["dtype"], tuple(int(n) for n in item["shape"])
    begin, end = item["data_offsets"]
    if min(begin, end, *shape, 0) < 0 or end - begin != _bytes(dtype, shape):
        raise ValueError("offsets and shape disagree")
    return _Entry(file, dtype, shape, data_start + begin)


def _bytes(dtype: str, shape: tuple[int, ...]) -> int:
    return _DTYPES[dtype].itemsize * math.prod(shape)


def _widened(bits: ndarray) -> ndarray:
    wide = bits.astype(np.uint32)
    wide <<= 16
    return wide.view(np.float32)
