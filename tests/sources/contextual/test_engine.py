"""Where a pass runs: what is refused, and what is said without Ray."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny import SENTENCES

from wordgraft import open_checkpoint
from wordgraft.checkpoint import Checkpoint
from wordgraft.errors import ClusterError, MissingExtraError
from wordgraft.sources.contextual import Corpus, contextual


@pytest.fixture
def checkpoint(tiny_checkpoint: Callable[[str], Path]) -> Checkpoint:
    return open_checkpoint(tiny_checkpoint("bert"))


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
