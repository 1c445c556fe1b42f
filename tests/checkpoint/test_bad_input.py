"""Checkpoints that cannot be used: each says what was found and what to do."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from wordgraft.build import build_table
from wordgraft.checkpoint import open_checkpoint
from wordgraft.checkpoint.encoder import EncoderModel
from wordgraft.errors import CheckpointError, PickleRefusedError, RemoteCodeError
from wordgraft.vocabulary import Vocabulary


@pytest.fixture
def bert(tiny_checkpoint: Callable[[str], Path], tmp_path: Path) -> Path:
    return shutil.copytree(tiny_checkpoint("bert"), tmp_path / "bert")


def test_a_folder_without_a_config(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is no checkpoint: .* has no config\.json; exp"):
        open_checkpoint(tmp_path)


def test_a_name_that_is_nowhere() -> None:
    with pytest.raises(CheckpointError, match=r"no folder \./nowhere; a checkpoint is a local"):
        open_checkpoint("./nowhere")


def test_a_hub_that_cannot_be_reached() -> None:
    with pytest.raises(CheckpointError, match="HF_HUB_OFFLINE is set, so none is fetched"):
        open_checkpoint("nobody/nothing@v1")


def test_an_unknown_architecture(bert: Path) -> None:
    (bert / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(CheckpointError, match="model_type 'gpt2'; wordgraft reads bert, distil"):
        open_checkpoint(bert)


def test_a_checkpoint_that_wants_its_own_code_run(bert: Path) -> None:
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "evil.M"}}))
    with pytest.raises(RemoteCodeError, match="asks for code of its own"):
        open_checkpoint(bert)


def test_truncated_weights(bert: Path) -> None:
    weights = bert / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"is truncated: .* its header promises"):
        open_checkpoint(bert).word_embeddings()


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, b"\x02" + b"\0" * 7 + b"[]"])
def test_weights_that_are_garbage(bert: Path, content: bytes) -> None:
    (bert / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="is no safetensors file"):
        open_checkpoint(bert).word_embeddings()


def test_a_tokenizer_of_another_checkpoint(
    bert: Path, tiny_checkpoint: Callable[[str], Path]
) -> None:
    shutil.copy(tiny_checkpoint("roberta") / "tokenizer.json", bert)
    with pytest.raises(CheckpointError, match=r"the tokenizer has .* pieces, the embedding matrix"):
        _ = open_checkpoint(bert).tokenizer


def test_nan_in_the_weights_is_named(bert: Path) -> None:
    tensors = load_file(bert / "model.safetensors")
    name = "encoder.layer.0.output.dense.bias"
    tensors[name][0] = np.nan
    save_file(tensors, bert / "model.safetensors", {"format": "pt"})
    checkpoint = open_checkpoint(bert)
    with pytest.raises(CheckpointError, match=f"NaN or infinite values in {name}"):
        build_table(checkpoint, Vocabulary.from_words(["a"], checkpoint))


def _pickled(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    state = {name: torch.from_numpy(array) for name, array in tensors.items()}
    torch.save(state, folder / "pytorch_model.bin")


def test_pickles_are_refused_until_allowed(bert: Path) -> None:
    rows = np.array(open_checkpoint(bert).word_embeddings())
    _pickled(bert)
    with pytest.raises(PickleRefusedError, match=r"save_pretrained.*--allow-pickle"):
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


def test_a_package_is_found_without_running_its_code(bert: Path, tmp_path: Path) -> None:
    package = tmp_path / "carrier"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    shutil.copytree(bert, package / "model")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import wordgraft as wg; "
        "c = wg.open_checkpoint('package:carrier/model'); print(c.word_embeddings().shape[1]); "
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("32\n", 0), done.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("package:tiny/../x", "is no place in a package"),
        ("package:no_such_pkg/x", "no package 'no_such_pkg' is installed"),
        ("package:numpy/nothing", "has no folder 'nothing'"),
    ],
)
def test_places_in_packages_that_are_none(name: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        open_checkpoint(name)


def test_an_empty_name() -> None:
    with pytest.raises(CheckpointError, match="the checkpoint has no name; a checkpoint is"):
        open_checkpoint("")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_hidden_layers": "six"}, "num_hidden_layers is 'six', expected a whole number"),
        ({"num_attention_heads": 5}, "transformers can make no encoder of its config.json and its"),
        ({"intermediate_size": 48}, "transformers can make no encoder of its config.json and its"),
    ],
)
def test_a_configuration_that_contradicts_the_weights(
    bert: Path, settings: dict[str, object], message: str
) -> None:
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps(config | settings))
    checkpoint = open_checkpoint(bert)
    with pytest.raises(CheckpointError, match=message):
        build_table(checkpoint, Vocabulary.from_words(["a"], checkpoint))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "moon"}, "device 'moon' cannot be used by this torch"),
        ({"device": "cuda:99"}, "device 'cuda:99' cannot be used by this torch"),
        ({"dtype": "int8"}, "encoder dtype 'int8' is none of auto, float32, bfloat16, float16"),
        ({"dtype": "nothing"}, "encoder dtype 'nothing' is none of auto"),
    ],
)
def test_devices_and_precisions_there_are_not(
    bert: Path, options: dict[str, str], message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        EncoderModel(open_checkpoint(bert), layers=[1], **options)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b""], ids=["cut", "not UTF-8", "empty"])
def test_json_that_is_none(bert: Path, name: str, content: bytes) -> None:
    (bert / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"{name} (is not valid JSON|cannot be read)"):
        _ = open_checkpoint(bert).tokenizer
