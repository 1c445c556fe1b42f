"""Checkpoints that are opened, and those that cannot be used."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from numpy.testing import assert_array_equal
from transformers import AutoModel

from wordgraft.checkpoint import open_checkpoint
from wordgraft.errors import CheckpointError, RemoteCodeError

each_architecture = pytest.mark.parametrize("name", tiny.ARCHITECTURES)
Tiny = Callable[[str], Path]


@each_architecture
def test_rows_are_those_of_transformers_exactly(tiny_checkpoint: Tiny, name: str) -> None:
    folder = tiny_checkpoint(name)
    theirs = AutoModel.from_pretrained(folder).get_input_embeddings().weight.detach().numpy()
    assert_array_equal(open_checkpoint(folder).word_embeddings(), theirs)


def test_a_folder_without_a_config(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"is not a checkpoint: .* has no config\.json; exp"):
        open_checkpoint(tmp_path)


def test_a_checkpoint_that_wants_its_own_code_run(bert: Path) -> None:
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "evil.M"}}))
    with pytest.raises(RemoteCodeError, match="requires custom code"):
        open_checkpoint(bert)


def test_a_tokenizer_of_another_checkpoint(
    bert: Path, tiny_checkpoint: Callable[[str], Path]
) -> None:
    shutil.copy(tiny_checkpoint("roberta") / "tokenizer.json", bert)
    with pytest.raises(CheckpointError, match=r"the tokenizer has .* pieces, the embedding matrix"):
        _ = open_checkpoint(bert).tokenizer


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b""], ids=["cut", "not UTF-8", "empty"])
def test_json_that_is_none(bert: Path, name: str, content: bytes) -> None:
    (bert / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"{name} (is not valid JSON|cannot be read)"):
        _ = open_checkpoint(bert).tokenizer


def test_the_best_layer_depends_on_the_kind_of_checkpoint(bert: Path) -> None:
    raw = open_checkpoint(bert)
    assert (raw.layers, raw.isolated_layer(), raw.contextual_layer()) == (3, 1, 2)
    (bert / "modules.json").write_text("[]")
    sentences = open_checkpoint(bert)
    assert sentences.is_sentence_transformer
    assert (sentences.isolated_layer(), sentences.contextual_layer()) == (3, 3)
    (bert / "modules.json").unlink()
    config = json.loads((bert / "config.json").read_text())
    (bert / "config.json").write_text(json.dumps(config | {"wordgraft_task": "classify"}))
    fine_tuned = open_checkpoint(bert)
    assert fine_tuned.is_fine_tuned
    assert (fine_tuned.isolated_layer(), fine_tuned.contextual_layer()) == (3, 3)
