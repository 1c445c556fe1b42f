"""Checkpoints by folder, by package, and by hub id, against a hub on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hub import Hub, serve
from processes import finished
from safetensors.numpy import load_file, save_file

from wordgraft.checkpoint import open_checkpoint
from wordgraft.errors import CheckpointError

NAME = "embeddings.word_embeddings.weight"


@pytest.fixture(scope="module")
def hub(
    tiny_checkpoint: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hub]:
    """A hub with two revisions of one model, a gated one, a sharded one, and one of pickles."""
    folder = tmp_path_factory.mktemp("hub")
    main = shutil.copytree(tiny_checkpoint("bert"), folder / "main")
    (main / "pytorch_model.bin").write_bytes(b"never to be fetched")
    (main / "onnx").mkdir()
    (main / "onnx" / "model.onnx").write_bytes(b"never to be fetched")
    older = shutil.copytree(tiny_checkpoint("bert"), folder / "older")
    tensors = load_file(older / "model.safetensors")
    tensors[NAME] = tensors[NAME] + 1
    save_file(tensors, older / "model.safetensors", {"format": "pt"})
    pickled = shutil.copytree(tiny_checkpoint("bert"), folder / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    revisions = {
        ("org/tiny", "main"): main,
        ("org/tiny", "older"): older,
        ("org/shut", "main"): main,
        ("org/shards", "main"): tiny_checkpoint("bert_sharded"),
        ("org/pickled", "main"): pickled,
        ("tiny", "main"): main,
    }
    with serve(Hub(revisions, gated={"org/shut"})) as running:
        yield running


def opened(hub: Hub, home: Path, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Open `name` in a process of its own: huggingface_hub reads its settings when imported."""
    code = (
        "import sys, wordgraft as wg\n"
        f"try: c = wg.open_checkpoint({name!r}); rows = c.word_embeddings()\n"
        "except wg.WordgraftError as error: sys.exit(f'{type(error).__name__}: {error}')\n"
        "print(c.name, c.folder, float(rows.sum(dtype='float64')))\n"
        "assert c.tokenizer.size == len(rows)\n"
        "assert 'torch' not in sys.modules\n"
    )
    settings = {"HF_HOME": str(home), "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0"}
    settings |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    return finished(
        [sys.executable, "-c", code],
        env={**os.environ, **settings, **environment},
    )


def total(folder: Path) -> float:
    return float(open_checkpoint(folder).word_embeddings().sum(dtype=np.float64))


def test_a_hub_id_is_its_main_branch_and_only_what_is_read_is_fetched(
    hub: Hub, tmp_path: Path
) -> None:
    done = opened(hub, tmp_path, "org/tiny")
    assert done.returncode == 0, done.stderr
    name, folder, found = done.stdout.split()
    assert name == "org/tiny"
    assert float(found) == total(hub.revisions["org/tiny", "main"])
    assert sorted(file.name for file in Path(folder).iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.txt",
    ]
    again = opened(hub, tmp_path, "org/tiny", HF_HUB_OFFLINE="1")
    assert again.stdout == done.stdout, again.stderr


def test_a_name_without_an_organisation(hub: Hub, tmp_path: Path) -> None:
    done = opened(hub, tmp_path, "tiny")
    assert done.stdout.split()[0] == "tiny", done.stderr


def test_a_revision_has_weights_of_its_own(hub: Hub, tmp_path: Path) -> None:
    done = opened(hub, tmp_path, "org/tiny@older")
    assert done.returncode == 0, done.stderr
    expected = total(hub.revisions["org/tiny", "older"])
    assert float(done.stdout.split()[2]) == expected
    assert expected != total(hub.revisions["org/tiny", "main"])


def test_shards_are_fetched_with_their_index(hub: Hub, tmp_path: Path) -> None:
    done = opened(hub, tmp_path, "org/shards")
    assert float(done.stdout.split()[2]) == total(hub.revisions["org/shards", "main"]), done.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("org/none", "CheckpointError: there is no folder and no hub model 'org/none' (if private"),
        ("org/tiny@v9", "CheckpointError: hub model 'org/tiny' has no revision 'v9'"),
        ("org/shut", "CheckpointError: hub model 'org/shut' is gated: accept its terms"),
    ],
)
def test_what_the_hub_does_not_give(hub: Hub, tmp_path: Path, name: str, message: str) -> None:
    done = opened(hub, tmp_path, name)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr


def test_pickles_are_named_and_not_fetched(hub: Hub, tmp_path: Path) -> None:
    hub.asked.clear()
    done = opened(hub, tmp_path, "org/pickled")
    assert done.returncode == 1
    assert "allow_pickle=True" in done.stderr
    assert not [path for path in hub.asked if path.endswith(".bin")]


def test_offline_and_never_fetched(hub: Hub, tmp_path: Path) -> None:
    done = opened(hub, tmp_path, "org/tiny", HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert "HF_HUB_OFFLINE" in done.stderr


def test_a_hub_that_is_down(hub: Hub, tmp_path: Path) -> None:
    done = opened(hub, tmp_path, "org/tiny", HF_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "the hub cannot be reached for a model of that name" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_is_nowhere() -> None:
    with pytest.raises(CheckpointError, match=r"no folder \./nowhere; a checkpoint is a local"):
        open_checkpoint("./nowhere")


def test_a_hub_that_cannot_be_reached() -> None:
    with pytest.raises(CheckpointError, match="HF_HUB_OFFLINE is set, so nothing is downloaded"):
        open_checkpoint("nobody/nothing@v1")


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
    done = finished([sys.executable, "-c", code])
    assert (done.stdout, done.returncode) == ("32\n", 0), done.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("package:tiny/../x", "does not name a folder in a package"),
        ("package:no_such_pkg/x", "no package 'no_such_pkg' is installed"),
        ("package:numpy/nothing", "has no folder 'nothing'"),
    ],
)
def test_places_in_packages_that_are_none(name: str, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        open_checkpoint(name)


def test_an_empty_name() -> None:
    with pytest.raises(CheckpointError, match="the checkpoint's name is empty; a checkpoint is"):
        open_checkpoint("")
