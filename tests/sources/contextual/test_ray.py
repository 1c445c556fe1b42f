"""`RayEngine` against `LocalEngine`: the same sentences, the same vectors."""

from __future__ import annotations

import gzip
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import clusters
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray
from clusters import start_ray
from commands import MAIN, process_interrupted_in, run
from numpy.testing import assert_allclose, assert_array_equal
from processes import started
from tiny import SENTENCES

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.checkpoint import Checkpoint
from wordgraft.core.ray import RetryLimit, Workers, check_answers, connected, errors_translated
from wordgraft.core.ray_data import map_rows
from wordgraft.core.run_state import RunState
from wordgraft.errors import ClusterError, DataError, ProgressError
from wordgraft.sources.contextual import Contextual, Corpus, Sample, Sampler, sample_corpus
from wordgraft.sources.contextual import ray as steps
from wordgraft.sources.contextual.ray import RayEngine, input_row, read_corpus
from wordgraft.table import EmbeddingTable

pytestmark = pytest.mark.slow  # each step on Ray starts processes, which import for seconds


def sampled(
    engine: RayEngine, checkpoint: Checkpoint, vocabulary: Vocabulary | None, corpus: Corpus
) -> Sample:
    state = RunState(None, {})
    return engine.sample(
        checkpoint, vocabulary, corpus, size=3, seed=7, state=state, progress=False
    )


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayEngine]:
    """A Ray of two CPUs and little memory, that all tests of this file share."""
    start_ray(sys.modules[__name__])
    with connected(None):
        yield RayEngine()
    ray.shutdown()


@pytest.fixture
def checkpoint(tiny_checkpoint: Callable[[str], Path]) -> Checkpoint:
    return open_checkpoint(tiny_checkpoint("bert"))


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The tiny texts, a part of them in each kind of file, and some in two."""
    parts = [SENTENCES[start::5] for start in range(5)]
    (tmp_path / "a.txt").write_text("\n".join(parts[0] + parts[4][:3]) + "\n")
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress("\n".join(parts[1]).encode()))
    rows = [json.dumps({"text": text}) for text in parts[2]]
    (tmp_path / "c.jsonl").write_text("\n".join(rows) + "\n")
    (tmp_path / "d.csv").write_text("\n".join(["text", *(f'"{text}"' for text in parts[3])]) + "\n")
    pq.write_table(pa.table({"text": parts[4]}), tmp_path / "e.parquet")
    return [str(path) for path in sorted(tmp_path.iterdir())]


def alone(checkpoint: Checkpoint, vocabulary: Vocabulary | None, corpus: Corpus) -> Sample:
    return sample_corpus(corpus, Sampler(checkpoint, vocabulary, size=3, seed=7))


def contents(sample: Sample) -> dict[str, Any]:
    """A sample without the numbers of its words, which depend on the order of reading."""
    counts = dict(zip(sample.words, sample.counts.tolist(), strict=True))
    return {
        "counts": {word: count for word, count in counts.items() if count},
        "pairs": {
            (sample.words[number], sentence)
            for number, sentence in zip(sample.numbers, sample.hashes.tolist(), strict=True)
        },
        "sentences": sample.sentences.as_dict(),
        "seen": sample.seen,
        "tokens": sample.tokens,
    }


@pytest.mark.parametrize("own_words", [True, False])
def test_every_kind_of_file_gives_the_same_sample(
    cluster: RayEngine, checkpoint: Checkpoint, files: list[str], own_words: bool
) -> None:
    vocabulary = None if own_words else Vocabulary.from_words(["bank", "tea", "the"], checkpoint)
    corpus = Corpus.of(files)
    sample = sampled(cluster, checkpoint, vocabulary, corpus)
    expected = alone(checkpoint, vocabulary, corpus)
    assert expected.seen == len(SENTENCES) + 3
    assert contents(sample) == contents(expected)


def same(one: EmbeddingTable, other: EmbeddingTable) -> None:
    assert one.vocabulary.words == other.vocabulary.words
    assert_array_equal(one.vocabulary.counts, other.vocabulary.counts)
    assert_array_equal(one.provenance.contexts, other.provenance.contexts)
    assert_allclose(one.vectors, other.vectors, atol=1e-5)
    assert_allclose(one.provenance.spread, other.provenance.spread, atol=1e-4)


def saved_arrays(folder: Path, name: str) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return load_file(folder / f"{name}.state.safetensors")


def test_what_is_left_out_is_counted(
    cluster: RayEngine, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    (tmp_path / "latin.txt").write_bytes(b"the bank\ncaf\xe9\nthe tea\ncaf\xe9 again\n")
    whole = gzip.compress("\n".join(SENTENCES * 200).encode())
    (tmp_path / "broken.txt.gz").write_bytes(whole[: len(whole) // 2])
    places = [str(tmp_path / "latin.txt"), str(tmp_path / "broken.txt.gz")]
    corpus, expected = (Corpus.of(places, skip_bad=True) for _ in range(2))
    sample = sampled(cluster, checkpoint, None, corpus)
    assert contents(sample) == contents(alone(checkpoint, None, expected))
    assert (corpus.skipped.texts, corpus.skipped.sources) == (2, [places[1]])
    assert corpus.skipped == expected.skipped


def test_an_error_of_wordgraft_in_a_worker_is_raised_here(
    cluster: RayEngine, checkpoint: Checkpoint, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_text('{"body": "the bank"}\n')
    corpus = Corpus.of(str(tmp_path / "a.jsonl"))
    with pytest.raises(DataError, match=r"has no column 'text'; its columns are body") as caught:
        sampled(cluster, checkpoint, None, corpus)
    assert type(caught.value) is DataError
    assert "Traceback" not in capfd.readouterr().err


def test_texts_in_memory(cluster: RayEngine, checkpoint: Checkpoint) -> None:
    from datasets import Dataset

    for corpus in (
        Corpus.of_texts(SENTENCES),
        Corpus.of(Dataset.from_dict({"text": SENTENCES})),
    ):
        sample = sampled(cluster, checkpoint, None, corpus)
        assert contents(sample) == contents(alone(checkpoint, None, Corpus.of_texts(SENTENCES)))


class Unsendable:
    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __iter__(self) -> Iterator[str]:
        yield from SENTENCES


def test_texts_that_cannot_be_sent_are_refused(cluster: RayEngine, checkpoint: Checkpoint) -> None:
    corpus = Corpus((Unsendable(),), ("my texts",))
    with pytest.raises(DataError, match=r"my texts of the corpus cannot be sent .*give their name"):
        sampled(cluster, checkpoint, None, corpus)


def die_once(mark: Path) -> None:
    """Kill this process as the kernel does when memory ends, the first time."""
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


class Mortal:
    """Texts whose first reader dies half way."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __iter__(self) -> Iterator[str]:
        yield from SENTENCES[:30]
        die_once(self.mark)
        yield from SENTENCES[30:]


def mortal(actor: type, mark: Path) -> type:
    class Dying(actor):  # type: ignore[misc]
        def __call__(self, rows: pa.Table) -> pa.Table:
            made = super().__call__(rows)
            die_once(mark)
            return made

    return Dying


@pytest.mark.usefixtures("cluster")
def test_workers_that_die_change_nothing(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = {name: tmp_path / name for name in ("reader", "SamplingWorker", "EncodingWorker")}
    for name in ("SamplingWorker", "EncodingWorker"):
        monkeypatch.setattr(steps, name, mortal(getattr(steps, name), marks[name]))
    corpus = Corpus((Mortal(marks["reader"]), SENTENCES), ("mortal", "again"))
    on_ray = Contextual(corpus, contexts=None, engine=RayEngine()).table(checkpoint, None)
    assert all(mark.exists() for mark in marks.values())
    texts = Corpus.of_texts(SENTENCES * 2)
    same(on_ray, Contextual(texts, contexts=None).table(checkpoint, None))


class Deadly:
    """Kills whoever reads it, or works with it, and counts the dead."""

    def __init__(self, dead: Path) -> None:
        self.dead = dead

    def __iter__(self) -> Iterator[str]:
        self(None)
        yield ""

    def __call__(self, rows: Any) -> Any:
        with self.dead.open("a") as file:
            file.write("+")
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("step", ["reading", "working"])
def test_work_that_always_kills_its_worker_is_given_up(tmp_path: Path, step: str) -> None:
    deadly, workers, limit = Deadly(tmp_path / "dead"), Workers(1, 0, "cpu"), RetryLimit(2)
    work: Callable[[], Any]
    if step == "reading":
        dataset = read_corpus(Corpus((deadly,), ("deadly",)), workers, limit)
        work = partial(partial, lambda rows: rows)
    else:
        dataset, work = partial(ray.data.from_arrow, [input_row()]), partial(Deadly, deadly.dead)
    with (
        pytest.raises(ClusterError, match="a worker has died 2 times in a row"),
        errors_translated(),
    ):
        list(map_rows(dataset, work, workers, limit))
    assert deadly.dead.read_text() == "++"


@pytest.mark.usefixtures("cluster")
def test_the_same_table_and_each_step_is_saved(
    checkpoint: Checkpoint,
    files: list[str],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "wordgraft")
    progress, local_progress = tmp_path_factory.mktemp("ray"), tmp_path_factory.mktemp("local")
    local = Contextual(files, contexts=2, layers="2,3", max_words=60)
    on_ray = replace(local, engine=RayEngine(), progress_folder=progress)

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RayEngine, "encode", stop)
        with pytest.raises(KeyboardInterrupt):
            on_ray.table(checkpoint, None)
    assert [path.name for path in progress.iterdir()] == ["plan.state.safetensors"]
    expected = replace(local, progress_folder=local_progress).table(checkpoint, None)
    plan = saved_arrays(progress, "plan")
    assert "sentences" in plan
    for key, array in saved_arrays(local_progress, "plan").items():
        assert_array_equal(array, plan[key])
    with monkeypatch.context() as patch:
        patch.setattr(RayEngine, "sample", stop)
        table = on_ray.table(checkpoint, None)
        same(table, expected)
        assert "tokens/s on 2 workers (cpu)" in caplog.text
        patch.setattr(steps, "map_rows", stop)
        assert_array_equal(on_ray.table(checkpoint, None).vectors, table.vectors)
    with pytest.raises(ProgressError, match="its engine is 'ray', this run's is 'local'"):
        replace(local, progress_folder=progress).table(checkpoint, None)


@pytest.mark.usefixtures("cluster")
def test_an_address_where_a_ray_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wordgraft.core.ray._SECONDS_TO_ANSWER", None)  # however long it takes
    port = ray.get_runtime_context().gcs_address.rpartition(":")[2]
    check_answers(f"127.0.0.1:{port}")
    with pytest.raises(ClusterError, match=r"no Ray answers at 127\.0\.0\.1:1 "):
        check_answers("127.0.0.1:1")


@pytest.mark.usefixtures("cluster")
def test_an_address_is_refused_while_connected() -> None:
    with pytest.raises(ClusterError, match="already connected to Ray"), connected("auto"):
        pass


# `clusters` is patient with a Ray that is slow to start.
PATIENT = f"import sys; sys.path.append({str(Path(clusters.__file__).parent)!r}); import clusters"


def test_the_command_starts_a_ray_and_stops_it(
    checkpoint: Checkpoint, files: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("cli")
    corpus = [part for file in files for part in ("--corpus", file)]
    shared = ["table", checkpoint.folder, "--source", "contextual", *corpus, "--contexts", 2, "-q"]
    locally = run(*shared, "-o", place / "local.table")
    assert (locally.returncode, locally.stderr) == (0, "")
    command = [sys.executable, "-c", f"{PATIENT}; {MAIN}", *shared, "-o", place / "ray.table"]
    environment = os.environ | {"WORDGRAFT_TEST_RUN": str(place)}
    with started([*command, "--engine", "ray"], env=environment) as process:
        _, errors = process.communicate()
        assert (process.returncode, errors) == (0, "")
        # What Ray starts first has ended; its workers see that, and follow a moment later.
        assert not {name_of(left) for left in left_of(place)} & {"gcs_server", "raylet"}
        while left := left_of(place):
            psutil.wait_procs(left)
    assert sorted(path.name for path in place.iterdir()) == ["local.table", "ray.table"]
    same(*(EmbeddingTable.load(place / f"{name}.table") for name in ("local", "ray")))


def left_of(place: Path) -> list[psutil.Process]:
    processes = psutil.process_iter()
    return [process for process in processes if str(place) in environment(process).values()]


def name_of(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return process.name()
    return ""


def environment(process: psutil.Process) -> dict[str, str]:
    with suppress(psutil.Error):
        return process.environ()
    return {}


@pytest.mark.parametrize(
    ("place", "call", "saved"),
    [("ray:init", 1, False), ("wordgraft.sources.contextual.ray:merged_in_tree", 2, True)],
    ids=["while Ray starts", "while it encodes"],
)
def test_ctrl_c_says_how_to_resume(
    checkpoint: Checkpoint, files: list[str], tmp_path: Path, place: str, call: int, saved: bool
) -> None:
    output, progress = tmp_path / "a.table", tmp_path / "a.table.progress"
    corpus = [part for file in files for part in ("--corpus", file)]
    arguments = ["table", checkpoint.folder, "--source", "contextual", *corpus, "-o", output]
    stopped = process_interrupted_in(
        place, *arguments, "--engine", "ray", call=call, cwd=tmp_path, prepare=PATIENT
    )
    assert stopped.returncode == 130, stopped.stderr
    assert ("run the same again to resume" in stopped.stderr) == saved
    assert "no result was written" in stopped.stderr
    assert progress.exists() == saved
    assert "Traceback" not in stopped.stderr
    assert not output.exists()


@pytest.mark.usefixtures("cluster")
def test_real_text_through_a_real_encoder(minilm: str, shared_data: Path, tmp_path: Path) -> None:
    with gzip.open(shared_data / "wiki_sentences" / "wiki_sentences.txt.gz", "rt") as lines:
        texts = [next(lines) for _ in range(2000)]
    for part in range(3):
        (tmp_path / f"{part}.txt").write_text("".join(texts[part::3]))
    checkpoint = open_checkpoint(minilm)
    local = Contextual(str(tmp_path / "*.txt"), contexts=3, max_words=100)
    on_ray = replace(local, engine=RayEngine())
    one = local.table(checkpoint, None)
    same(on_ray.table(checkpoint, None), one)
    assert one.provenance.contexts[2:].min() >= 3
