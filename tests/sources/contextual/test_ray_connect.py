"""How a Ray is found, and what is said when there is none."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import ray
from tiny import SENTENCES

from wordgraft import open_checkpoint
from wordgraft.checkpoint import Checkpoint
from wordgraft.errors import ClusterError, MissingExtraError
from wordgraft.sources.contextual import Corpus, contextual
from wordgraft.sources.contextual.ray import connect


@pytest.fixture
def checkpoint(tiny_checkpoint: Callable[[str], Path]) -> Checkpoint:
    return open_checkpoint(tiny_checkpoint("bert"))


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", r"no Ray answers at 127.0.0.1:1 \(.*refused\); expected HOST:PORT"),
        ("127.0.0.1:here", "no Ray answers at 127.0.0.1:here"),
        ("ray://127.0.0.1:10001", "that of a Ray client.* --address auto"),
    ],
)
def test_an_address_nobody_answers_at(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, address: str, message: str
) -> None:
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    began = time.monotonic()
    with pytest.raises(ClusterError, match=message):
        contextual(
            checkpoint, None, corpus=Corpus.of_texts(SENTENCES), engine="ray", address=address
        )
    assert time.monotonic() - began < 10


def test_an_address_where_something_else_answers() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(ClusterError, match=rf"no Ray answers at {address} \(timed out\)"):
            connect._check_answers(address)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "spark"}, "engine 'spark' is none of local, ray"),
        ({"address": "auto"}, "address 'auto' is of use to the engine 'ray' only"),
    ],
)
def test_options_that_are_none(
    checkpoint: Checkpoint, options: dict[str, str], message: str
) -> None:
    with pytest.raises(ClusterError, match=message):
        contextual(checkpoint, None, corpus=Corpus.of_texts(SENTENCES), **options)


def test_without_ray(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"needs ray, .* pip install 'wordgraft\[ray\]'"):
        contextual(checkpoint, None, corpus=Corpus.of_texts(SENTENCES), engine="ray")
