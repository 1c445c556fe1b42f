"""Text to mean vector beside model2vec, on one core and on two; and one text through ONNX on one.

Both hold the same table, which model2vec reads from its own format, and their vectors must agree.
The texts are 60,000 short ones (tweets, film reviews, Wikipedia sentences, none twice) and 20,000
documents of nine sentences. Each run is a process of its own, bound to its cores; the libraries
alternate. Reading the texts and the table is not timed; peak memory is of the whole process,
texts included. Text to ids is timed separately. model2vec runs with its defaults, which start
several processes for many texts if there are several cores, and in one process. Writes
bench/results/encode.json; `python bench/encode.py one-text` measures only the text through ONNX
again.
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
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from common import ENCODER, HERE, rival, write_result
from data import data_file

import wordgraft as wg

SHORT, DOCUMENTS, SENTENCES_A_DOCUMENT = 60_000, 20_000, 9
WORDS, DIMS, REPEATS = 29_528, 256, 3  # the shape of model2vec's own MiniLM
TEXT = "Shares of the company fell 12% on Friday"


def main(parts: list[str]) -> None:
    earlier = HERE / "results" / "encode.json"
    figures: dict[str, Any] = json.loads(earlier.read_text("utf-8")) if parts else {}
    with TemporaryDirectory(prefix="wordgraft-bench-") as scratch:
        folder = Path(scratch)
        table = prepare(folder)
        print(f"{len(table):,} rows of {table.dims}", flush=True)
        for kind in () if parts else ("short", "documents"):
            for cores in (1, 2):
                name = f"{kind}, {cores} core{'s' if cores > 1 else ''}"
                figures[name] = compare(folder, kind, cores)
                print(name, figures[name], flush=True)
        figures["one_text_on_one_core"] = run(["latency"], {"folder": scratch})
    write_result(
        "encode",
        figures
        | {
            "texts": {"short": SHORT, "documents": DOCUMENTS},
            "table": {"rows": len(table), "dims": table.dims},
            "repeats": REPEATS,
        },
        ("wordgraft", "numpy", "scipy", "tokenizers", "onnxruntime", "torch"),
    )


def prepare(folder: Path) -> wg.EmbeddingTable:
    """Write the texts, the table and its model2vec folder; their values do not matter."""
    from wordgraft.export.formats import write_model2vec
    from wordgraft.table import Pca

    sentences = list(_sentences())
    short = [*_tweets(), *_reviews()]
    short = [*short, *sentences[-(SHORT - len(short)) :]]
    starts = range(0, DOCUMENTS * SENTENCES_A_DOCUMENT, SENTENCES_A_DOCUMENT)
    documents = [" ".join(sentences[at : at + SENTENCES_A_DOCUMENT]) for at in starts]
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
        "wordgraft": partial(run, ["encode"], {**task, "table": str(folder / "table")}),
    }
    for name, processes in (("model2vec", True), ("model2vec, one process", False)):
        if processes and cores == 1:
            continue  # it starts none on one core
        theirs = {**task, "do": "encode", "model": str(folder / "model2vec")}
        theirs["processes"] = processes
        libraries[name] = partial(rival, "rival_model2vec.py", theirs)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in libraries}
    for _ in range(REPEATS):
        for name, measure_library in libraries.items():
            runs[name].append(measure_library())
    first = {name: np.array(repeats[0]["first"]) for name, repeats in runs.items()}
    for vectors in first.values():
        np.testing.assert_allclose(vectors, first["wordgraft"], atol=1e-5)
    rivals = [name for name in libraries if name != "wordgraft"]
    texts = len(json.loads(Path(task["texts"]).read_text("utf-8")))  # type: ignore[arg-type]

    def median(name: str, value: str) -> float:
        return float(statistics.median(repeat[value] for repeat in runs[name]))

    def times(value: str) -> float:
        """How many times as long the faster rival takes in a round; the median of the rounds."""
        rounds = range(REPEATS)
        theirs = [min(runs[name][i][value] for name in rivals) for i in rounds]
        ours = [runs["wordgraft"][i][value] for i in rounds]
        return round(float(np.median(np.divide(theirs, ours))), 2)

    return {
        "texts_per_second": {n: round(texts / median(n, "seconds")) for n in libraries},
        "ids_texts_per_second": {n: round(texts / median(n, "ids_seconds")) for n in libraries},
        "processor_seconds": {n: round(median(n, "processor_seconds"), 2) for n in libraries},
        "peak_mb": {n: round(median(n, "peak_mb")) for n in libraries},
        "times_model2vec": times("seconds"),
        "times_model2vec_ids": times("ids_seconds"),
    }


def run(arguments: list[str], task: dict[str, Any]) -> dict[str, Any]:
    """Run this file's `encode` or `latency` in a fresh process."""
    command = [sys.executable, __file__, *arguments]
    process = subprocess.run(
        command, input=json.dumps(task), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(process.stdout.splitlines()[-1])  # type: ignore[no-any-return]


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
    first = vectors[:20].tolist()
    del vectors
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
    """Milliseconds of one short text, tokenizing included, in ONNX Runtime with one thread."""
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
        encoding = tokenizer.encode(TEXT)
        inputs = {
            "input_ids": np.array([encoding.ids], np.int64),
            "attention_mask": np.array([encoding.attention_mask], np.int64),
        }
        return session.run(None, inputs)[0]

    inputs = {
        name: torch.tensor([getattr(tokenizer.encode(TEXT), name.removeprefix("input_"))])
        for name in names
    }
    np.testing.assert_allclose(encoder(), model(**inputs)[0].detach().numpy(), atol=1e-3)
    milliseconds = {"encoder": _milliseconds(encoder, 200)}
    texts, labels = zip(*islice(_labelled_tweets(), 500), strict=True)
    table = wg.EmbeddingTable.load(folder / "table")
    for network in ("bag", "cnn", "bilstm"):
        classifier = wg.TextClassifier(
            table, network=network, training=wg.TrainingSettings(epochs=2), random_state=0
        )
        classifier.fit(texts, labels)
        for int8 in (False, True):
            wg.export_onnx(classifier, folder / "m.onnx", int8=int8, force=True)
            onnx_model = wg.OnnxModel.load(folder / "m.onnx")
            name = f"{network}, int8" if int8 else network
            milliseconds[name] = _milliseconds(partial(onnx_model.predict, [TEXT]), 2_000)
    return {
        "milliseconds": {name: round(value, 4) for name, value in milliseconds.items()},
        "times_encoder": {
            name: round(milliseconds["encoder"] / value, 1) for name, value in milliseconds.items()
        },
    }


def _peak_mb() -> float:
    """Peak memory of this process alone; `resource` would also count its parent."""
    status = Path("/proc/self/status").read_text("utf-8")
    kilobytes = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes.split()[1]) * 1024 / 1e6


def _milliseconds(work: Callable[[], Any], times: int) -> float:
    """The median of `times` runs, after 20 runs that do not count."""
    seconds = []
    for _ in range(times + 20):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return 1000 * statistics.median(seconds[20:])


def _labelled_tweets() -> Any:
    for name in ("train", "valid"):
        path = data_file("twitter_financial_sentiment", f"{name}.csv")
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield row["text"], row["label"]


def _tweets() -> list[str]:
    return list(dict.fromkeys(text for text, _ in _labelled_tweets()))


def _reviews() -> list[str]:
    files = [data_file("rt_polarity", f"rt-polarity.{name}") for name in ("neg", "pos")]
    lines = [line for file in files for line in file.read_text("latin-1").splitlines()]
    return list(dict.fromkeys(lines))


def _sentences() -> Any:
    # Imported here, so that it does not count in the memory of the runs.
    from words import wiki_sentences

    with gzip.open(wiki_sentences(), "rt", encoding="utf-8") as file:
        yield from dict.fromkeys(line.rstrip("\n") for line in file)


if __name__ == "__main__":
    if sys.argv[1:] not in ([], ["one-text"]):
        requested = json.load(sys.stdin)
        os.sched_setaffinity(0, range(requested.get("cores", 1)))
        print(json.dumps({"encode": encode, "latency": latency}[sys.argv[1]](requested)))
    else:
        main(sys.argv[1:])
