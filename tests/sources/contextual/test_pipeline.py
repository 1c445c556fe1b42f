"""Encoding a plan: runs of tokens, the estimate, and passes that are killed and resumed."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.errors import ProgressError
from wordgraft.sources.contextual import Contextual, Corpus, accumulate, sample
from wordgraft.sources.contextual.pipeline import format_duration, runs_of_tokens

# Forks before any work, so that each child starts at once and shares no thread with its parent.
_KILLED_REPEATEDLY = """
import os, random, shutil, signal, sys, time
from pathlib import Path
import torch, transformers, datasets
from wordgraft import Vocabulary, open_checkpoint
from wordgraft.sources.contextual import Contextual, Corpus
from wordgraft.core import run_state
from wordgraft.sources.contextual import corpus, pipeline

checkpoint, text, folder = open_checkpoint(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
contexts = None if sys.argv[4] == "all" else 3
torch.set_num_threads(1)
# Many small steps, each of them saved.
pipeline._SENTENCES_AT_ONCE, pipeline._BATCHES_AT_ONCE, run_state._MAX_SHARE_OF_TIME = 1, 1, 1.0
corpus_blocks = corpus.Corpus.blocks
corpus.Corpus.blocks = lambda self, start=None, *, size=50: corpus_blocks(self, start, size=50)

def run(name):
    source = Contextual(
        Corpus.of(text), contexts=contexts, layers=1, min_count=2,
        progress_folder=folder / "progress", save_every=0.0,
    )
    source.table(checkpoint, None).save(folder / name)

def child(name):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            run(name)
            code = 0
        finally:
            os._exit(code)
    return pid

def snapshots():
    return {(file.name, file.stat().st_mtime_ns) for file in (folder / "progress").glob("s*")}

assert os.waitpid(child("undisturbed"), 0)[1] == 0
shutil.rmtree(folder / "progress")
rng, stages, rounds = random.Random(0), [], 0
while len(stages) < int(sys.argv[5]):
    pid = child(f"disturbed {rounds}")
    # Some savings later, however fast the machine is; then at any moment up to the next.
    ended, left, seen = 0, rng.randint(0, 8), set()
    while not ended and left:
        time.sleep(0.001)
        ended = os.waitpid(pid, os.WNOHANG)[0]
        try:
            now = snapshots()
        except FileNotFoundError:  # it is just being replaced
            continue
        seen, left = now, left - (now != seen)
    time.sleep(rng.uniform(0, 0.02))
    if not ended:
        os.kill(pid, signal.SIGKILL)
        killed = os.waitpid(pid, 0)[1] == signal.SIGKILL
    if not ended and killed:
        files = (folder / "progress").glob("*.safetensors")
        there = {file.name.partition(".")[0] for file in files}
        names = [name for name in ("sums", "plan", "sample") if name in there]
        stages.append(names[0] if names else "nothing")
    else:  # it came to its end before
        shutil.rmtree(folder / "progress")
        rounds += 1
run(f"disturbed {rounds}")
print(*stages)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("contexts", "kills"), [("some", 15), ("all", 5)])
def test_killed_at_20_random_moments_nothing_is_lost(
    tiny_checkpoint: Callable[[str], Path],
    sentences: list[str],
    tmp_path: Path,
    contexts: str,
    kills: int,
) -> None:
    rng = np.random.default_rng(0)
    words = " ".join(sentences).split()
    texts = [" ".join(rng.choice(words, rng.integers(3, 30))) for _ in range(1500)]
    (tmp_path / "corpus.txt").write_text("\n".join(texts))
    command = [sys.executable, "-c", _KILLED_REPEATEDLY, tiny_checkpoint("bert")]
    arguments = [tmp_path / "corpus.txt", tmp_path, contexts, str(kills)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    stages = done.stdout.split()
    assert len(stages) == kills
    assert "sums" in stages, stages
    assert contexts == "all" or "sample" in stages, stages
    for path in tmp_path.glob("disturbed *"):
        for name in ("vectors.safetensors", "tokenizer.json", "table.json"):
            expected = (tmp_path / "undisturbed" / name).read_bytes()
            assert (path / name).read_bytes() == expected, (path, name)


@pytest.fixture
def resumable(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], tmp_path: Path
) -> Callable[..., object]:
    """Runs a pass that saves its progress, with some options in place of the usual ones."""

    def run(**options: object) -> object:
        checkpoint = open_checkpoint(tiny_checkpoint(str(options.pop("checkpoint", "bert"))))
        words = options.pop("words", None)
        vocabulary = Vocabulary.from_words(words, checkpoint) if words else None  # type: ignore[arg-type]
        usual = Contextual(
            Corpus.of_texts(sentences), contexts=2, layers=1, progress_folder=tmp_path / "progress"
        )
        return replace(usual, **options).table(checkpoint, vocabulary)  # type: ignore[arg-type]

    return run


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"seed": 5}, "its seed is 0, this run's is 5"),
        ({"contexts": 3}, "its contexts is 2, this run's is 3"),
        ({"layers": 2}, "its layers is [1], this run's is [2]"),
        ({"checkpoint": "roberta"}, "its checkpoint is "),
        (
            {"words": ["the", "rain"]},
            "its vocabulary is \"the corpus's own\", this run's is '4 rows",
        ),
        ({"corpus": Corpus.of_texts(["the rain"], window=3)}, "its window is None"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_progress_of_another_run_is_refused_and_named(
    resumable: Callable[..., object], change: dict[str, object], named: str
) -> None:
    first = resumable()
    with pytest.raises(ProgressError, match=re.escape(named)) as caught:
        resumable(**change)
    assert "--no-resume" in str(caught.value)
    again = resumable(**change, resume=False)
    assert again.vectors.shape[1] == first.vectors.shape[1]  # type: ignore[attr-defined]


def test_finished_steps_are_not_repeated(
    resumable: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = resumable()
    monkeypatch.setattr(accumulate.Sums, "add_sentences", None)
    monkeypatch.setattr(sample.Sampler, "add", None)
    np.testing.assert_array_equal(resumable().vectors, first.vectors)  # type: ignore[attr-defined]


def test_damaged_progress_is_named(resumable: Callable[..., object], tmp_path: Path) -> None:
    resumable()
    path = tmp_path / "progress" / "sums.state.safetensors"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ProgressError, match=r"sums.state.safetensors is damaged .* --no-resume"):
        resumable()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.6, "1 min 00 s"), (3599, "59 min 59 s"), (7260, "2 h 01 min")],
)
def test_durations_are_rounded_to_what_matters(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_runs_hold_about_as_many_tokens_as_asked_for() -> None:
    tokens = np.array([5, 4, 3, 2, 1])
    assert list(runs_of_tokens(tokens, 6)) == [(0, 2), (2, 3), (3, 5)]
    assert list(runs_of_tokens(tokens, 100)) == [(0, 5)]
    assert list(runs_of_tokens(tokens, 1)) == [(place, place + 1) for place in range(5)]
