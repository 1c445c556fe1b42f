"""Contextual vectors: their quality, the work they take, their speed and memory.

    python bench/contextual.py quality|work|speed|memory|gpu ...

Each part writes bench/results/contextual-PART.json; without a name, all of them run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from common import CACHE, ENCODER, summary, write_result
from mpnet import mpnet
from words import pair_sets, wiki_sentences, words_of, write_articles

import wordgraft as wg
from wordgraft.checkpoint.encoder import EncoderModel
from wordgraft.sources import Contextual, Corpus, Isolated
from wordgraft.sources.contextual import Sampler, sample_corpus
from wordgraft.sources.contextual.accumulate import Aligner, Sums
from wordgraft.sources.contextual.selection import select_sentences
from wordgraft.table import EmbeddingTable, word_similarity

LIBRARIES = ("wordgraft", "torch", "transformers", "tokenizers", "numpy")


def quality() -> dict[str, Any]:
    """MiniLM: Spearman with human scores, by contexts per word and by shrinkage; 3 seeds."""
    return _quality_of(ENCODER, contexts=(1, 2, 5, 10), seeds=3, all_contexts=False)


def quality_all() -> dict[str, Any]:
    """MiniLM with the whole corpus encoded (half an hour on 2 free cores), and with one context."""
    return _quality_of(ENCODER, contexts=(1,), seeds=1, all_contexts=True)


def quality_large() -> dict[str, Any]:
    """The same for a 12-layer, 768-wide encoder, with one seed, without the whole corpus."""
    CACHE.mkdir(exist_ok=True)
    return _quality_of(mpnet(CACHE), contexts=(1, 10), seeds=1, all_contexts=False)


def _quality_of(
    name: str | Path, *, contexts: tuple[int, ...], seeds: int, all_contexts: bool
) -> dict[str, Any]:
    sets = pair_sets()
    checkpoint = wg.open_checkpoint(name)
    vocabulary = wg.Vocabulary.from_words(words_of(sets), checkpoint)
    CACHE.mkdir(exist_ok=True)
    articles = write_articles(CACHE / "articles.txt")
    corpus = Corpus.of([wiki_sentences(), articles])

    def scores(tables: list[EmbeddingTable]) -> dict[str, Any]:
        results = {
            kind: [word_similarity(table, pairs) for table in tables]
            for kind, pairs in sets.items()
        }
        covered = all(score.covered == score.pairs for row in results.values() for score in row)
        spearman = {kind: [score.spearman for score in row] for kind, row in results.items()}
        spearman["mean of the two"] = np.mean(list(spearman.values()), axis=0).tolist()
        return {kind: summary(row) for kind, row in spearman.items()} | {"covered": covered}

    isolated = Isolated().table(checkpoint, vocabulary)
    results: dict[str, Any] = {"isolated": scores([isolated])}
    tables: dict[int, list[EmbeddingTable]] = {}
    for number in contexts:
        tables[number] = [
            Contextual(corpus, contexts=number, seed=seed).table(checkpoint, vocabulary)
            for seed in range(seeds)
        ]
        results[f"{number} contexts"] = scores(tables[number])
        print(number, results[f"{number} contexts"], flush=True)
    for number in tables:
        for strength in (0, 1, 2, 5):
            shrunk = [_shrunk(table, isolated, strength) for table in tables[number]]
            results[f"{number} contexts, shrinkage {strength}"] = scores(shrunk)
    if all_contexts:
        # This takes long, so its progress is saved, and resumed.
        source = Contextual(corpus, contexts=None, progress_folder=CACHE / "all")
        whole = source.table(checkpoint, vocabulary, progress=True)
        results["all contexts"] = scores([whole])
        results["all contexts"]["median"] = float(np.median(whole.provenance.contexts[2:]))
    return results


def _shrunk(table: EmbeddingTable, isolated: EmbeddingTable, strength: float) -> EmbeddingTable:
    """The table with another strength of shrinkage towards `isolated`."""
    counts = table.provenance.contexts[:, None]
    weight = table.provenance.shrinkage[:, None]
    means = (table.vectors - weight * isolated.vectors) / np.maximum(1 - weight, 1e-9)
    pull = np.where(counts > 0, strength / np.maximum(counts + strength, 1), 1)
    shrunk = pull * isolated.vectors + (1 - pull) * means
    vectors = np.where(counts > 0, shrunk, isolated.vectors)
    return replace(table, vectors=vectors.astype(np.float32))


def work() -> dict[str, Any]:
    """Share of a corpus's tokens that 10 contexts per word encode, also for growing corpora."""
    checkpoint = wg.open_checkpoint(ENCODER)
    corpus = Corpus.of(wiki_sentences())
    sentences = [text for block in corpus.blocks() for text in block.sentences]
    counter = Sampler(checkpoint, None, size=1, seed=0)
    counter.add(sentences)
    counts = counter.sample()

    def share(words: int, texts: list[str]) -> dict[str, Any]:
        vocabulary = counts.vocabulary(checkpoint, max_words=words)
        began = time.perf_counter()
        sampler = Sampler(checkpoint, vocabulary, size=40, seed=0)
        sample = sample_corpus(Corpus.of_texts(texts), sampler)
        sampled = time.perf_counter()
        selection = select_sentences(sample, checkpoint, vocabulary, contexts=10)
        selected = time.perf_counter()
        tokens, specials = int(selection.tokens.sum()), 2 * sample.seen
        return {
            "words": words,
            "corpus_tokens": sample.tokens + specials,
            "encoded_tokens": tokens,
            "share": round(tokens / (sample.tokens + specials), 4),
            "tokens_sampled_per_second": round(sample.tokens / (sampled - began)),
            "words_chosen_for_per_second": round(words / (selected - sampled)),
        }

    order = np.random.default_rng(0).permutation(len(sentences))
    corpora = [order[: len(order) // part] for part in (16, 8, 4, 2, 1)]
    return {
        "whole": [share(words, sentences) for words in (5_000, 10_000, 20_000)],
        "growing": [share(5_000, [sentences[i] for i in places]) for places in corpora],
    }


def speed(parts: int = 24) -> dict[str, Any]:
    """Tokens/s from sentences to sums, and of the forward pass alone on the same batches.

    The two alternate, part by part, so that other load on the machine affects both.
    """
    import torch

    checkpoint = wg.open_checkpoint(ENCODER)
    block = next(Corpus.of(wiki_sentences()).blocks(size=40_000))
    vocabulary = wg.Vocabulary.from_texts(block.sentences, checkpoint, max_words=10_000)
    sampler = Sampler(checkpoint, vocabulary, size=40, seed=0)
    sampler.add(block.sentences)
    selection = select_sentences(sampler.sample(), checkpoint, vocabulary, contexts=10)
    encoder = EncoderModel(checkpoint, layers=(checkpoint.layers,))
    aligner, sums = Aligner(checkpoint, vocabulary), Sums(len(vocabulary), 384, encoder.device)
    aligner.align(selection.sentences)  # its chunks are cached, as in a long run
    size = len(selection.sentences) // parts
    seconds = {"sentences to sums": 0.0, "bare forward": 0.0}
    tokens = 0
    for part in range(parts):
        sentences = selection.sentences[part * size : (part + 1) * size]
        began = time.perf_counter()
        inputs = aligner.align(sentences)
        sums.add_sentences(encoder, inputs)
        summed = time.perf_counter()
        with torch.inference_mode():
            for _, ids in encoder.batches(inputs.sequences):
                encoder.model(input_ids=ids)
        seconds["sentences to sums"] += summed - began
        seconds["bare forward"] += time.perf_counter() - summed
        tokens += len(inputs.sequences.ids)
    return {
        "tokens": tokens,
        "tokens_per_second": {name: round(tokens / took) for name, took in seconds.items()},
        "share_of_bare": round(seconds["bare forward"] / seconds["sentences to sums"], 4),
        "threads": torch.get_num_threads(),
    }


_MEMORY = """
import json, resource, sys, time
import wordgraft as wg
from wordgraft.sources import Contextual, Corpus
began = time.perf_counter()
checkpoint = wg.open_checkpoint({encoder!r})
source = Contextual(Corpus.of({path!r}), max_words=100_000, contexts=10, layers=1)
table = wg.build_table(checkpoint, source=source, oov="unk")
table.save({output!r})
print(json.dumps({{
    "words": len(table),
    "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    "seconds": time.perf_counter() - began,
}}))
"""


def memory(gigabytes: float = 2.0, words: int = 100_000) -> dict[str, Any]:
    """Peak memory of one process: 2 GB of generated text, 100,000 words, 10 contexts each.

    Only one layer of MiniLM runs, to save hours; it does not change the size of any array.
    """
    CACHE.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=CACHE) as scratch:
        path = Path(scratch) / "generated.txt"
        size = _write_generated(path, gigabytes, words)
        code = _MEMORY.format(encoder=ENCODER, path=str(path), output=str(Path(scratch) / "t"))
        process = subprocess.run(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
        )
    return {"corpus_gb": round(size / 1e9, 3), **json.loads(process.stdout)}


def _write_generated(path: Path, gigabytes: float, words: int) -> int:
    """Write sentences of 5 to 25 invented words, drawn by Zipf's law; return their bytes."""
    rng = np.random.default_rng(0)
    pieces = wg.open_checkpoint(ENCODER).tokenizer.pieces
    starts = [piece for piece in pieces if piece.isascii() and piece.isalpha() and len(piece) < 6]
    ends = [piece[2:] for piece in pieces if piece.startswith("##") and piece[2:].isalpha()]
    pairs = zip(rng.choice(starts, 4 * words), rng.choice(ends, 4 * words), strict=True)
    invented = sorted({start + end for start, end in pairs})
    vocabulary = np.array(rng.permutation(invented)[:words], object)
    weights = 1 / np.arange(10, 10 + words)
    edges = np.cumsum(weights / weights.sum())
    size = 0
    with path.open("w", encoding="utf-8") as file:
        while size < gigabytes * 1e9:
            lengths = rng.integers(5, 26, 50_000)
            drawn = vocabulary[np.searchsorted(edges, rng.random(int(lengths.sum())) * edges[-1])]
            ends_at = np.cumsum(lengths)
            lines = (" ".join(part) for part in np.split(drawn, ends_at[:-1]))
            size += file.write("\n".join(lines) + "\n")
    return size


def gpu(words: int = 50_000) -> dict[str, Any]:
    """Tokens/s from a text file to a table with BERT-base's dimensions in bfloat16, beside a simple
    loop (float32, padded batches of 32, lists of vectors by word)."""
    import torch

    if not torch.cuda.is_available():
        return {"skipped": "no GPU here"}
    import transformers

    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / "bert-base"
        minilm = wg.open_checkpoint(ENCODER)
        config = transformers.BertConfig(vocab_size=minilm.tokenizer.size)
        transformers.BertModel(config).save_pretrained(folder)
        for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
            (folder / name).write_bytes((minilm.folder / name).read_bytes())
        checkpoint = wg.open_checkpoint(folder)
        sampler = Sampler(checkpoint, None, size=1, seed=0)
        sample = sample_corpus(Corpus.of(wiki_sentences()), sampler)
        vocabulary = sample.vocabulary(checkpoint, max_words=words)
        tokens = sample.tokens + 2 * sample.seen
        source = Contextual(Corpus.of(wiki_sentences()), contexts=None, layers=12)
        replace(source, contexts=1).table(checkpoint, vocabulary)  # warm
        began = time.perf_counter()
        source.table(checkpoint, vocabulary).save(Path(scratch) / "table")
        rate = tokens / (time.perf_counter() - began)
        naive = _naive(checkpoint, sample.sentences.texts[:20_000].to_pylist())
    return {
        "device": torch.cuda.get_device_name(),
        "tokens": tokens,
        "tokens_per_second": round(rate),
        "naive_tokens_per_second": round(naive),
        "times_naive": round(rate / naive, 1),
    }


def _naive(checkpoint: Any, sentences: list[str]) -> float:
    import torch
    import transformers

    model = transformers.AutoModel.from_pretrained(checkpoint.folder).cuda().eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(checkpoint.folder)
    states_of: dict[str, list[torch.Tensor]] = {}
    tokens, began = 0, time.perf_counter()
    for start in range(0, len(sentences), 32):
        batch = tokenizer(
            [sentence.split() for sentence in sentences[start : start + 32]],
            is_split_into_words=True,
            padding=True,
            return_tensors="pt",
        )
        with torch.inference_mode():
            states = model(**batch.to("cuda")).last_hidden_state
        for row, sentence in enumerate(sentences[start : start + 32]):
            split = sentence.split()
            for place, word in enumerate(batch.word_ids(row)):
                if word is not None:
                    states_of.setdefault(split[word], []).append(states[row, place].cpu())
        tokens += int(batch["attention_mask"].sum())
    return tokens / (time.perf_counter() - began)


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "work": work,
    "speed": speed,
    "quality": quality,
    "quality-all": quality_all,
    "quality-large": quality_large,
    "memory": memory,
    "gpu": gpu,
}


def main() -> None:
    for name in sys.argv[1:] or PARTS:
        write_result(f"contextual-{name}", PARTS[name](), LIBRARIES)


if __name__ == "__main__":
    main()
