"""Encoding a plan: runs of tokens, the estimate, and passes that are killed and resumed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from processes import finished

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.errors import ProgressError
from wordgraft.sources.contextual import Contextual, Corpus, accumulate, sample
from wordgraft.sources.contextual.pipeline import format_duration, runs_of_tokens

# Forks after all imports and before any work: each child starts at once and shares no thread
# with its parent.
_KILLED_REPEATEDLY = """
import os, random, shutil, signal, sys
from pathlib import Path
import torch, datasets
import transformers.models.auto.modeling_auto, transformers.models.bert.modeling_bert
from wordgraft import open_checkpoint
from wordgraft.checkpoint import encoder
from wordgraft.sources.contextual import Contextual, Corpus
from wordgraft.core import run_state
from wordgraft.sources.contextual import accumulate, corpus, pipeline, sample

checkpoint, text, folder = open_checkpoint(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
torch.set_num_threads(1)
# Many small steps, each of them saved, however long that takes.
pipeline._SENTENCES_AT_ONCE, pipeline._BATCHES_AT_ONCE, encoder.CPU_TOKENS = 1, 1, 256
run_state._MAX_SHARE_OF_TIME = float("inf")
corpus_blocks = corpus.Corpus.blocks
corpus.Corpus.blocks = lambda self, start=None, *, size=20: corpus_blocks(self, start, size=20)

# A process can be killed before it works on sentences, and before it opens, renames or deletes a
# file of its progress. It is counted in these moments, so that its speed changes nothing.
left = 0

def moment():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

def working(work):
    def counted(*arguments, **options):
        moment()
        return work(*arguments, **options)
    return counted

def on_file(event, arguments):
    if arguments and isinstance(arguments[0], (str, Path)):
        if str(arguments[0]).startswith(str(folder / "progress")):
            moment()

accumulate.Sums.add_sentences = working(accumulate.Sums.add_sentences)
sample.Sampler.add = working(sample.Sampler.add)
sys.addaudithook(on_file)

def run(contexts, name):
    source = Contextual(
        Corpus.of(text), contexts=contexts, layers=1, min_count=2,
        progress_folder=folder / "progress", save_every=0.0,
    )
    source.table(checkpoint, None).save(folder / str(contexts) / name)

def ended(contexts, name, moments):
    \"""Whether a run came to its end, in a process that is killed after so many moments.\"""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            global left
            left = moments
            run(contexts, name)
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(pid, 0)[1]
    assert status in (0, signal.SIGKILL), status
    if status == 0:
        shutil.rmtree(folder / "progress")
    return status == 0

for contexts, kills in ((3, 15), (None, 5)):
    (folder / str(contexts)).mkdir()
    assert ended(contexts, "undisturbed", 0)
    rng, stages, rounds = random.Random(0), [], 0
    while len(stages) < kills:
        if ended(contexts, f"disturbed {rounds}", rng.randint(1, 120)):
            rounds += 1
        else:
            files = (folder / "progress").glob("*.safetensors")
            there = {file.name.partition(".")[0] for file in files}
            names = [name for name in ("sums", "plan", "sample") if name in there]
            stages.append(names[0] if names else "nothing")
    assert ended(contexts, f"disturbed {rounds}", 0)
    print(*stages)
"""


@pytest.mark.slow
def test_killed_at_20_random_moments_nothing_is_lost(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    words = " ".join(sentences).split()
    texts = [" ".join(rng.choice(words, rng.integers(3, 30))) for _ in range(300)]
    (tmp_path / "corpus.txt").write_text("\n".join(texts))
    command = [sys.executable, "-c", _KILLED_REPEATEDLY, tiny_checkpoint("bert")]
    done = finished([*command, tmp_path / "corpus.txt", tmp_path])
    assert done.returncode == 0, done.stderr
    some, every = (line.split() for line in done.stdout.splitlines())
    assert (len(some), len(every)) == (15, 5)
    assert {"sample", "sums"} <= {*some}, some
    assert "sums" in every, every
    for contexts in ("3", "None"):
        for path in (tmp_path / contexts).glob("disturbed *"):
            for name in ("vectors.safetensors", "tokenizer.json", "table.json"):
                expected = (tmp_path / contexts / "undisturbed" / name).read_bytes()
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
    assert "resume=False" in str(caught.value)
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
    with pytest.raises(ProgressError, match=r"sums.state.safetensors is damaged .* resume=False"):
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
