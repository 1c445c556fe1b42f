"""Vectors of out-of-vocabulary words: every method, beside baselines and the encoder itself.

Writes bench/results/oov.json, in two parts that can run separately: `words` (a MiniLM table of
about 37,000 words, and others as out-of-vocabulary words) and `texts` (financial tweets, and tables
of few words).

The words are the most frequent ones of Wikipedia sentences stored beside the repository, or else
the tokenizer's whole words and those of gensim's corpora. A lemma family is all words with the same
Porter stem. A tenth of the families is the test part and a twentieth the validation part; all words
of WordSim-353 and SimLex-999, and single words of other families, are in the test part too.
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
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from common import ENCODER, HERE
from data import data_file
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

RESULTS = HERE / "results" / "oov.json"
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
    """Every word with its true vector, minus the table's mean, and the part it is in."""

    words: list[str]
    vectors: np.ndarray
    part: np.ndarray
    split: np.ndarray
    table: EmbeddingTable
    mean: np.ndarray

    def rows(self, *parts: str) -> np.ndarray:
        return np.flatnonzero(np.isin(self.part, parts))


def frequent_words(checkpoint: wg.Checkpoint) -> tuple[list[str], str]:
    """Words of lowercase Latin letters, the most frequent first, and their source."""
    sentences = data_file("wiki_sentences", "wiki_sentences.txt.gz")
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
    frequent = plain[:WORDS]
    pair_words = {word for pairs in scored_pairs().values() for pair in pairs for word in pair[:2]}
    return frequent + sorted(pair_words - set(frequent)), source


def scored_pairs() -> dict[str, list[tuple[str, str, float]]]:
    return {
        name: [(a.lower(), b.lower(), score) for a, b, score in wg.read_pairs(datapath(file))]
        for name, file in PAIRS.items()
    }


def parts_of(words: Sequence[str]) -> np.ndarray:
    stems = [PorterStemmer().stem(word) for word in words]
    rng = np.random.default_rng(SEED)
    families = rng.permutation(sorted(set(stems)))
    tenth = len(families) // 10
    test, validation = set(families[:tenth]), set(families[tenth : tenth + tenth // 2])
    pair_words = {word for pairs in scored_pairs().values() for pair in pairs for word in pair[:2]}
    chance = rng.random(len(words))
    part = np.full(len(words), "table", object)
    for place, word in enumerate(words):
        if stems[place] in test:
            part[place] = "test family"
        elif word in pair_words:
            part[place] = "test single"
        elif stems[place] in validation:
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
        everything = wg.EmbeddingTable.load(cache)
    else:
        vocabulary = wg.Vocabulary.from_words(words, checkpoint)
        everything = wg.build_table(
            checkpoint, vocabulary, oov="unk", refinements=(), progress=True
        )
        if cache is not None:
            everything.save(cache)
    vectors, part = np.stack([everything[word] for word in words]), parts_of(words)
    in_table = np.flatnonzero(part == "table")
    rows = [everything.vocabulary.row(words[place]) for place in in_table]
    table = everything.select(np.array([0, 1, *rows]))
    mean = table.rows()[2:].mean(axis=0)
    split = checkpoint.tokenizer.word_pieces(words).lengths > 1
    return Words(words, vectors - mean, part, split, table, mean), source


def unit(vectors: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    normalized: np.ndarray = vectors / np.maximum(norms, 1e-9)
    return normalized


def ranks(vectors: np.ndarray, true_vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The rank of each word's true vector among all by cosine, from 1; ties count against it."""
    candidates = unit(true_vectors)
    blocks = []
    for start in range(0, len(rows), 2_000):
        cosines = unit(vectors[start : start + 2_000]) @ candidates.T
        true_cosines = cosines[np.arange(len(cosines)), rows[start : start + 2_000]]
        blocks.append((cosines >= true_cosines[:, None]).sum(axis=1))
    return np.concatenate(blocks)


def typos(data: Words, rows: np.ndarray, rng: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """Misspelled words that are not words themselves, and the rows of the words meant."""
    typist = Typist.of([data.words[row] for row in data.rows("table")])
    rows = np.array([row for row in rng.permutation(rows) if len(data.words[row]) >= 4])
    rows = rows[: 2 * TYPOS]
    misspelled = typist.misspell([data.words[row] for row in rows], rng)
    words = set(data.words)
    places = [place for place, word in enumerate(misspelled) if word not in words][:TYPOS]
    return [misspelled[place] for place in places], rows[places]


def quality(data: Words, method: FittedOov) -> dict[str, Any]:
    """Every measure of one method on the test words."""
    rng = np.random.default_rng(SEED + 1)
    rows = data.rows("test family", "test single")
    vectors = method.vectors([data.words[row] for row in rows]) - data.mean
    cosine = (unit(vectors) * unit(data.vectors[rows])).sum(axis=1)
    rank = ranks(vectors, data.vectors, rows)
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
        "top_10": {name: float((rank[group] <= 10).mean()) for name, group in groups.items()},
        "top_1": float((rank == 1).mean()),
    }
    for name, meant in (("known", data.rows("table")), ("held out", rows)):
        words, true_rows = typos(data, meant, rng)
        of_typos = method.vectors(words) - data.mean
        typo_cosine = (unit(of_typos) * unit(data.vectors[true_rows])).sum(axis=1)
        measures[f"typo_cosine_{name.replace(' ', '_')}"] = float(typo_cosine.mean())
    vector_of = dict(zip([data.words[row] for row in rows], vectors, strict=True))
    for name, pairs in scored_pairs().items():
        measures[name] = spearman(data, pairs, vector_of.__getitem__)
    return measures


def spearman(data: Words, pairs: Any, vector_of: Callable[[str], np.ndarray]) -> float | None:
    """None if all words have the same vector."""
    result = wg.word_similarity(data.table, pairs, vector_of=vector_of)
    assert result.covered == result.pairs
    return None if np.isnan(result.spearman) else round(result.spearman, 4)


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    seconds = time.perf_counter() - wall, time.process_time() - processor
    return result, {"seconds": round(seconds[0], 2), "cpu_seconds": round(seconds[1], 2)}


def words_part(cache: Path | None, names: Sequence[str], figures: dict[str, Any]) -> None:
    checkpoint = wg.open_checkpoint(ENCODER)
    data, source = read_words(checkpoint, cache)
    rng = np.random.default_rng(SEED + 2)
    table_words = [data.words[row] for row in data.rows("table")]
    drawn = rng.choice(len(table_words), MANY)
    many = Typist.of(table_words).misspell([table_words[place] for place in drawn], rng)
    figures |= {
        "words": source,
        "parts": dict(Counter(data.part.tolist())),
        "split_share": float(data.split.mean()),
        "pairs": {name: len(pairs) for name, pairs in scored_pairs().items()},
    }
    index = {word: row for row, word in enumerate(data.words)}
    figures["true vectors"] = {
        name: spearman(data, pairs, lambda word: data.vectors[index[word]])
        for name, pairs in scored_pairs().items()
    }
    methods = figures.setdefault("methods", {})
    for label in names:
        method = METHODS[label]
        fitted, fit_time = timed(partial(wg.with_oov, data.table, method, checkpoint, seed=SEED))
        ready = wg.method_of(fitted)
        ready.vectors(["unheard"])  # builds what is built once: an index, an encoder
        measures = quality(data, ready)
        if method.name != "encoder":  # it takes minutes, and is meant for building tables
            measures["many"] = timed(partial(ready.vectors, many))[1]
        state = fitted.oov
        sizes = {key: array.size for key, array in state.arrays.items()}
        pieces = sum(n for key, n in sizes.items() if key.split(".")[-1] in ("pieces", "rows"))
        measures |= {
            "fit": fit_time,
            "parameters": {"pieces": pieces, "added": sum(sizes.values()) - pieces},
        }
        methods[label] = measures
        write("held_out_words", figures)
        print(label, json.dumps(_rounded(measures)), flush=True)


def tweets(name: str) -> tuple[list[str], list[str]]:
    path = data_file("twitter_financial_sentiment", f"{name}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["text"] for row in rows], [row["label"] for row in rows]


def noisy(
    texts: Sequence[str], share: float, vocabulary: wg.Vocabulary, rng: np.random.Generator
) -> list[str]:
    """The texts, with a typo in a share of their running words of four letters or more."""
    segmented = [vocabulary.segment(text) for text in texts]
    typist = Typist.of([word for words in segmented for word in words])
    return [
        " ".join(
            typo if rng.random() < share else word
            for word, typo in zip(words, typist.misspell(words, rng), strict=True)
        )
        for words in segmented
    ]


def texts_part(names: Sequence[str], sizes: Sequence[int], figures: dict[str, Any]) -> None:
    checkpoint = wg.open_checkpoint(ENCODER)
    texts, labels = tweets("train")
    test_texts, test_labels = tweets("valid")
    figures |= {
        "training_texts": TRAINING_TEXTS,
        "test_texts": len(test_texts),
        "seeds": len(SEEDS),
    }
    figures_of_size = figures.setdefault("tables", {})
    for size in sizes:
        vocabulary = wg.Vocabulary.from_texts(texts, checkpoint, max_words=size)
        plain = wg.build_table(checkpoint, vocabulary, oov="unk")
        coverage = wg.coverage(plain, test_texts)
        scores = figures_of_size.setdefault(str(size), {})
        scores["running_words_without_a_row"] = round(1 - coverage.token_share, 4)
        noisy_texts = {
            share: noisy(test_texts, share, vocabulary, np.random.default_rng(SEED))
            for share in NOISE
        }
        for label in names:
            table, fit_time = timed(
                partial(wg.with_oov, plain, METHODS[label], checkpoint, seed=SEED)
            )
            macro_f1: dict[float, list[float]] = {share: [] for share in NOISE}
            for seed in SEEDS:
                rng = np.random.default_rng(seed)
                chosen = rng.choice(len(texts), TRAINING_TEXTS, replace=False)
                classifier = wg.TextClassifier(table, random_state=seed)
                classifier.fit([texts[i] for i in chosen], [labels[i] for i in chosen])
                for share, tested in noisy_texts.items():
                    macro_f1[share].append(classifier.evaluate(tested, test_labels).macro_f1)
            scores[label] = {
                "fit": fit_time,
                **{
                    f"typos {share:.0%}": {
                        "macro_f1": round(float(np.mean(scores_of_seeds)), 4),
                        "spread": round(float(np.std(scores_of_seeds, ddof=1)), 4),
                    }
                    for share, scores_of_seeds in macro_f1.items()
                },
            }
            write("tweets", figures)
            print(size, label, json.dumps(scores[label]), flush=True)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=["words", "texts"], help="words, texts")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="words of a table")
    parser.add_argument("--cache", type=Path, help="folder where the encoded words are stored")
    options = parser.parse_args()
    # A run of some methods replaces only their figures.
    if "words" in options.parts:
        words_part(options.cache, options.methods, read("held_out_words"))
    if "texts" in options.parts:
        texts_part(options.methods, options.sizes, read("tweets"))


def read(part: str) -> dict[str, Any]:
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    figures: dict[str, Any] = results.get(part, {})
    return figures


def write(part: str, figures: dict[str, Any]) -> None:
    """Write the figures of one part; called after each method, so that none are lost."""
    results = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() else {}
    libraries = ("wordgraft", "torch", "numpy", "scipy", "tokenizers", "rapidfuzz")
    results |= {part: figures, "versions": {name: version(name) for name in libraries}}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(_rounded(results), indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
