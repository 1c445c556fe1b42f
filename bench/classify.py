"""`TextClassifier` and model2vec's classifier: 2,000 financial tweets, the same encoder.

Each seed draws another 2,000 training texts; all 2,388 validation texts are for testing alone.
model2vec runs twice, with its defaults and with balanced class weights as in wordgraft. Only `fit`
is timed; the tables are made before. Writes bench/results/classify.json.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from common import ENCODER, rival, summary, write_result
from fine_tuned import tweets
from sklearn.metrics import f1_score

import wordgraft as wg
from wordgraft.checkpoint.locate import locate

TEXTS, SEEDS = 2_000, 5
RIVALS = {"model2vec": None, "model2vec, balanced": "balanced"}


def main() -> None:
    (texts, labels), (test, truth) = tweets("train"), tweets("valid")
    checkpoint = wg.open_checkpoint(ENCODER)
    libraries = ("wordgraft", *RIVALS)
    seconds: dict[str, list[float]] = {library: [] for library in libraries}
    scores: dict[str, list[float]] = {library: [] for library in libraries}
    with TemporaryDirectory() as scratch:
        model = str(Path(scratch) / "static")
        task = {"do": "distil", "encoder": str(locate(ENCODER).folder), "save": model}
        rival("rival_model2vec.py", task)
        for seed in range(SEEDS):
            chosen = np.random.default_rng(seed).choice(len(texts), TEXTS, replace=False)
            vocabulary = wg.Vocabulary.from_texts(texts[chosen], checkpoint)
            table = wg.build_table(checkpoint, vocabulary)
            began = time.perf_counter()
            classifier = wg.TextClassifier(table, random_state=seed)
            classifier.fit(texts[chosen], labels[chosen])
            seconds["wordgraft"].append(time.perf_counter() - began)
            predicted = classifier.predict(test)
            scores["wordgraft"].append(f1_score(truth, predicted, average="macro"))
            for library, weight in RIVALS.items():
                theirs = rival(
                    "rival_model2vec.py",
                    {
                        "do": "classify",
                        "model": model,
                        "texts": texts[chosen].tolist(),
                        "labels": labels[chosen].tolist(),
                        "test": test.tolist(),
                        "seed": seed,
                        "class_weight": weight,
                    },
                )
                seconds[library].append(theirs["seconds"])
                scores[library].append(f1_score(truth, theirs["predicted"], average="macro"))
    write_result(
        "classify",
        {
            "texts": TEXTS,
            "seeds": SEEDS,
            "macro_f1": {library: summary(values) for library, values in scores.items()},
            "fit_seconds": {library: summary(values) for library, values in seconds.items()},
            "times_faster": {
                library: round(
                    float(np.median(np.divide(seconds[library], seconds["wordgraft"]))), 2
                )
                for library in RIVALS
            },
            "model2vec": theirs["version"],
        },
        ("wordgraft", "torch", "accelerate", "scikit-learn", "numpy"),
    )


if __name__ == "__main__":
    main()
