"""Text to mean vector beside model2vec, on one core and on two; and one text through ONNX on one.

Both hold the same table, written as model2vec's folder, and their vectors are compared. 60,000
short texts (tweets, film reviews, Wikipedia sentences, none twice) and 20,000 documents (nine
sentences each). Every run is a process of its own that is bound to its cores, in turns. Reading
the texts and the table is not timed; peak memory is of the whole process, texts included. Text to
ids is timed apart. model2vec runs as it comes, which starts processes for many texts where there
is more than one core, and without them. Writes bench/results/encode.json; `one-text` measures the
text through ONNX again and keeps the other figures.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from common import DATA, ENCODER, HERE, rival, write_result

import wordgraft as wg

SHORT, DOCUMENTS, SENTENCES_A_DOCUMENT = 60_000, 20_000, 9
WORDS, DIMS, REPEATS = 29_528, 256, 3  # as many rows and numbers as model2vec's own MiniLM
TEXT = "Shares of the company fell 12% on Friday"


def main(parts: list[str]) -> None:
    earlier = HERE / "results" / "encode.json"
    found: dict[str, Any] = json.loads(earlier.read_text("utf-8")) if parts else {}
    with TemporaryDirectory(prefix="wordgraft-bench-") as scratch:
        folder = Path(scratch)
        table = prepare(folder)
        print(f"{len(table):,} rows of {table.dims}", flush=True)
        for kind in () if parts else ("short", "documents"):
            for cores in (1, 2):
                name = f"{kind}, {cores} core{'s' if cores > 1 else ''}"
                found[name] = compare(folder, kind, cores)
                print(name, found[name], flush=True)
        found["one_text_on_one_core"] = run(["latency"], {"folder": scratch})
    write_result(
        "encode",
        found
        | {
            "texts": {"short": SHORT, "documents": DOCUMENTS},
            "table": {"rows": len(table), "dims": table.dims},
            "repeats": REPEATS,
        },
        ("wordgraft", "numpy", "scipy", "tokenizers", "onnxruntime", "torch"),
    )


def prepare(folder: Path) -> wg.EmbeddingTable:
    """Write the texts, the table and its model2vec folder; the vectors' values do not matter."""
    from wordgraft.export.formats import write_model2vec
    from wordgraft.table import Pca

    sentences = list(_sentences())
    short = [*_tweets(), *_reviews()]
    short = [*short, *sentences[-(SHORT - len(short)) :]]
    pairs = range(0, DOCUMENTS * SENTENCES_A_DOCUMENT, SENTENCES_A_DOCUMENT)
    documents = [" ".join(sentences[at : at + SENTENCES_A_DOCUMENT]) for at in pairs]
    for name, texts in (("short", short), ("documents", documents)):
        (folder / f"{name}.json").write_text(json.dumps(texts), "utf-8")
    checkpoint = wg.open_checkpoint(ENCODER)
    vocabulary = wg.Vocabulary.from_texts(short, checkpoint, max_words=WORDS - 2)
    table = wg.build_table(checkpoint, vocabulary, source="composed")
    table = table.refine(Pca(DIMS))
    table.save(folder / "table")
    write_model2vec(table, folder / "model2vec")
    return table


def compare(folder: Path, kind: str, cores: int) -> dict[str, Any]:
    """Alternate the runs; the rates are medians."""
    task = {"texts": str(folder / f"{kind}.json"), "cores": cores}
    libraries: dict[str, Callable[[], dict[str, Any]]] = {
        "wordgraft": lambda: run(["encode"], {**task, "table": str(folder / "table")}),
    }
    for name, processes in (("model2vec", True), ("model2vec, one process", False)):
        if processes and cores == 1:
            continue  # it starts none there
        its = {**task, "do": "encode", "model": str(folder / "model2vec"), "processes": processes}
        libraries[name] = lambda its=its: rival("rival_model2vec.py", its)  # type: ignore[misc]
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in libraries}
    for _ in range(REPEATS):
        for name, measure_library in libraries.items():
            runs[name].append(measure_library())
    first = {name: np.array(each[0]["first"]) for name, each in runs.items()}
    for vectors in first.values():
        np.testing.assert_allclose(vectors, first["wordgraft"], atol=1e-5)
    rivals = [name for name in libraries if name != "wordgraft"]
    texts = len(json.loads(Path(task["texts"]).read_text("utf-8")))  # type: ignore[arg-type]

    def median(name: str, value: str) -> float:
        return statistics.median(each[value] for each in runs[name])

    def times(value: str) -> float:
        """By how much the best rival takes longer, in the same turn; the median of the turns."""
        turns = range(REPEATS)
        best = [min(runs[name][turn][value] for name in rivals) for turn in turns]
        ours = [runs["wordgraft"][turn][value] for turn in turns]
        return round(statistics.median(b / o for b, o in zip(best, ours, strict=True)), 2)

    return {
        "texts_per_second": {n: round(texts / median(n, "seconds")) for n in libraries},
        "ids_texts_per_second": {n: round(texts / median(n, "ids_seconds")) for n in libraries},
        "processor_seconds": {n: round(median(n, "processor_seconds"), 2) for n in libraries},
        "peak_mb": {n: round(median(n, "peak_mb")) for n in libraries},
        "times_model2vec": times("seconds"),
        "times_model2vec_ids": times("ids_seconds"),
    }


def run(which: list[str], task: dict[str, Any]) -> dict[str, Any]:
    """One of the two below in a fresh process."""
    command = [sys.executable, __file__, *which]
    done = subprocess.run(
        command, input=json.dumps(task), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def encode(task: dict[str, Any]) -> dict[str, Any]:
    """Mean vectors of all texts; out-of-vocabulary words are left out, as in model2vec."""
    from wordgraft.grafts.mean_vectors import LEAVE_OUT

    table = wg.EmbeddingTable.load(task["table"])
    texts = json.loads(Path(task["texts"]).read_text("utf-8"))
    wg.mean_vectors(table, texts[:1], oov=LEAVE_OUT)
    began, processor = time.perf_counter(), time.process_time()
    vectors = wg.mean_vectors(table, texts, oov=LEAVE_OUT)
    seconds, processor = time.perf_counter() - began, time.process_time() - processor
    peak = _peak_mb()
    first, vectors = vectors[:20].tolist(), None
    fresh = wg.EmbeddingTable.load(task["table"])  # with an empty cache of words
    began = time.perf_counter()
    fresh.vocabulary.ids(texts)
    ids_seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "processor_seconds": processor,
        "ids_seconds": ids_seconds,
        "peak_mb": peak,
        "first": first,
    }


def latency(task: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds of one short text, tokenising included, in ONNX Runtime with one thread."""
    import torch
    import transformers
    from onnxruntime import InferenceSession, SessionOptions

    folder = Path(task["folder"])
    checkpoint = wg.open_checkpoint(ENCODER)
    model = transformers.AutoModel.from_pretrained(
        checkpoint.folder, add_pooling_layer=False, attn_implementation="eager"
    ).eval()
    ids = torch.tensor([[101, 2003, 102], [101, 2003, 102]])
    sizes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    names = ["input_ids", "attention_mask"]
    torch.onnx.export(
        model,
        (),
        str(folder / "minilm.onnx"),
        kwargs={"input_ids": ids, "attention_mask": torch.ones_like(ids)},
        input_names=names,
        dynamic_shapes=dict.fromkeys(names, sizes),
        dynamo=True,
        verbose=False,
    )
    options = SessionOptions()
    options.intra_op_num_threads = 1
    session = InferenceSession(str(folder / "minilm.onnx"), options)
    tokenizer = checkpoint.tokenizer.tokenizer

    def encoder() -> Any:
        read = tokenizer.encode(TEXT)
        inputs = {"input_ids": [read.ids], "attention_mask": [read.attention_mask]}
        return session.run(None, {n: np.array(each, np.int64) for n, each in inputs.items()})[0]

    inputs = {
        name: torch.tensor([getattr(tokenizer.encode(TEXT), name.removeprefix("input_"))])
        for name in names
    }
    np.testing.assert_allclose(encoder(), model(**inputs)[0].detach().numpy(), atol=1e-3)
    found = {"encoder": _milliseconds(encoder, 200)}
    texts, labels = zip(*islice(_labelled_tweets(), 500), strict=True)
    table = wg.EmbeddingTable.load(folder / "table")
    for network in ("bag", "cnn", "bilstm"):
        classifier = wg.TextClassifier(
            table, network=network, training=wg.TrainingSettings(epochs=2), random_state=0
        )
        classifier.fit(texts, labels)
        for int8 in (False, True):
            wg.export_onnx(classifier, folder / "m.onnx", int8=int8, force=True)
            written = wg.OnnxModel.load(folder / "m.onnx")
            name = f"{network}, int8" if int8 else network
            found[name] = _milliseconds(lambda: written.predict([TEXT]), 2_000)  # noqa: B023
    times = {name: round(found["encoder"] / each, 1) for name, each in found.items()}
    return {"milliseconds": {n: round(v, 4) for n, v in found.items()}, "times_encoder": times}


def _peak_mb() -> float:
    """Peak memory of this process alone; `resource` would also count its parent."""
    status = Path("/proc/self/status").read_text("utf-8")
    kilobytes = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes.split()[1]) * 1024 / 1e6


def _milliseconds(work: Callable[[], Any], times: int) -> float:
    """The median of this many runs after the first ones."""
    spent = []
    for _ in range(times + 20):
        began = time.perf_counter()
        work()
        spent.append(time.perf_counter() - began)
    return 1000 * statistics.median(spent[20:])


def _labelled_tweets() -> Any:
    for name in ("train", "valid"):
        path = DATA / "twitter_financial_sentiment" / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield row["text"], row["label"]


def _tweets() -> list[str]:
    return list(dict.fromkeys(text for text, _ in _labelled_tweets()))


def _reviews() -> list[str]:
    files = sorted((DATA / "rt_polarity").glob("rt-polarity.*"))
    lines = [line for file in files for line in file.read_text("latin-1").splitlines()]
    return list(dict.fromkeys(lines))


def _sentences() -> Any:
    # Imported here so that it does not count in the memory of the runs.
    from words import WIKI_SENTENCES

    with gzip.open(WIKI_SENTENCES, "rt", encoding="utf-8") as file:
        yield from dict.fromkeys(line.rstrip("\n") for line in file)


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["one-text"]):
        asked = json.load(sys.stdin)
        os.sched_setaffinity(0, range(asked.get("cores", 1)))
        print(json.dumps({"encode": encode, "latency": latency}[sys.argv[1]](asked)))
    else:
        main(sys.argv[1:])
