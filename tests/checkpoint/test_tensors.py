"""Weight files: truncated, damaged, pickled and sharded."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from safetensors.numpy import load_file, save_file

from wordgraft.checkpoint import open_checkpoint
from wordgraft.checkpoint.tensors import Tensors
from wordgraft.errors import CheckpointError, PickleRefusedError


def test_truncated_weights(bert: Path) -> None:
    weights = bert / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"is truncated: .* its header declares"):
        open_checkpoint(bert).word_embeddings()


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, b"\x02" + b"\0" * 7 + b"[]"])
def test_weights_that_are_garbage(bert: Path, content: bytes) -> None:
    (bert / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="is not a safetensors file"):
        open_checkpoint(bert).word_embeddings()


def _pickled(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    state = {name: torch.from_numpy(array) for name, array in tensors.items()}
    torch.save(state, folder / "pytorch_model.bin")


def test_pickles_are_refused_until_allowed(bert: Path) -> None:
    rows = np.array(open_checkpoint(bert).word_embeddings())
    _pickled(bert)
    with pytest.raises(PickleRefusedError, match=r"save_pretrained.*allow_pickle=True"):
        open_checkpoint(bert).word_embeddings()
    allowed = open_checkpoint(bert, allow_pickle=True)
    np.testing.assert_array_equal(allowed.word_embeddings(), rows)


def test_a_pickle_that_runs_code_is_refused_even_when_allowed(bert: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "pwned",)  # type: ignore[return-value]

    (bert / "model.safetensors").unlink()
    (bert / "pytorch_model.bin").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(CheckpointError, match="is damaged or holds more than tensors"):
        open_checkpoint(bert, allow_pickle=True).word_embeddings()
    assert not (tmp_path / "pwned").exists()


def test_a_shard_outside_the_folder(tiny_checkpoint: Callable[[str], Path], tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_checkpoint("bert_sharded"), tmp_path / "sharded")
    index = folder / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    content["weight_map"] = dict.fromkeys(content["weight_map"], "../secret.safetensors")
    index.write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match="names a shard outside its folder"):
        open_checkpoint(folder).word_embeddings()


def test_every_dtype_is_read_as_it_was_written(tmp_path: Path) -> None:
    arrays = {
        dtype: np.arange(6).reshape(2, 3).astype(dtype) for dtype in ("f8", "f4", "f2", "i8", "?")
    }
    save_file(arrays, tmp_path / "a.safetensors")
    tensors = Tensors([tmp_path / "a.safetensors"])
    for name, array in arrays.items():
        assert_array_equal(tensors[name], array)
        assert tensors[name].dtype == array.dtype
        assert tensors.shape(name) == (2, 3)
