"""`LocalEngine`: a sample that is interrupted, saved and resumed is the one of a single run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wordgraft import open_checkpoint
from wordgraft.core.run_state import RunState
from wordgraft.sources.contextual import Corpus, LocalEngine, Sample


class Interrupted:
    """Texts that are interrupted after some of them."""

    def __init__(self, texts: list[str], after: int) -> None:
        self.texts, self.after = texts, after

    def __iter__(self) -> Iterator[str]:
        yield from self.texts[: self.after]
        raise KeyboardInterrupt


def test_an_interrupted_sample_is_resumed(
    tiny_checkpoint: Callable[[str], Path],
    sentences: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    blocks = Corpus.blocks
    monkeypatch.setattr(Corpus, "blocks", lambda self, start: blocks(self, start, size=10))

    def sampled(source: object, folder: Path | None) -> Sample:
        corpus = Corpus((source,), ("texts",))  # type: ignore[arg-type]
        state = RunState(folder, {}, save_every=0.0)
        monkeypatch.setattr("wordgraft.core.run_state._MAX_SHARE_OF_TIME", 1e9)
        return LocalEngine().sample(
            checkpoint, None, corpus, size=3, seed=7, state=state, progress=False
        )

    with pytest.raises(KeyboardInterrupt):
        sampled(Interrupted(sentences, 25), tmp_path)
    saved = RunState(tmp_path, {}).load("sample")
    assert saved is not None
    assert 10 <= saved.values["position"]["texts"] <= 25
    resumed, whole = sampled(sentences, tmp_path), sampled(sentences, None)
    assert resumed.seen == whole.seen
    assert resumed.words == whole.words
    assert resumed.counts.tolist() == whole.counts.tolist()
    assert resumed.hashes.tolist() == whole.hashes.tolist()
    assert resumed.sentences.as_dict() == whole.sentences.as_dict()
