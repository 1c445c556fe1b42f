"""Which scale of the rows, and which refinements, train best? Writes bench/results/scale.json.

Film snippets, macro-F1 on a validation part of the demo's training pool, not on its test texts.
"""

from __future__ import annotations

import json
import runpy
from importlib.metadata import version
from pathlib import Path

import numpy as np

import wordgraft as wg
from wordgraft.table import Center, Scale, Sif

HERE = Path(__file__).resolve().parent
SIZES, SEEDS = (200, 1_000), range(3)
SCALES = (0.05, 0.1, 0.3, 1.0)


def main() -> None:
    demo = runpy.run_path(str(HERE.parent / "examples" / "demo.py"))
    texts, labels = demo["film_snippets"]()
    pool, validation = slice(demo["TEST_TEXTS"], 6_000), slice(6_000, 8_000)
    checkpoint = wg.open_checkpoint(demo["ENCODER"])
    results = []
    for size in SIZES:
        train_texts, train_labels = texts[pool][:size], labels[pool][:size]
        vocabulary = wg.Vocabulary.from_texts(train_texts, checkpoint)
        raw = wg.build_table(checkpoint, vocabulary, refinements=())
        for name, first in (("center", (Center(),)), ("center,sif", (Center(), Sif()))):
            for rms in SCALES:
                table = raw.refine(*first, Scale(rms))
                scores = [
                    wg.TextClassifier(table, random_state=seed)
                    .fit(train_texts, train_labels)
                    .evaluate(texts[validation], labels[validation])
                    .macro_f1
                    for seed in SEEDS
                ]
                results.append(
                    {
                        "texts": size,
                        "refinements": f"{name},scale:{rms}",
                        "macro_f1": round(float(np.mean(scores)), 4),
                        "spread": round(float(np.std(scores, ddof=1)), 4),
                    }
                )
                print(results[-1], flush=True)
    versions = {name: version(name) for name in ("wordgraft", "torch", "numpy")}
    found = {"seeds": len(SEEDS), "results": results, "versions": versions}
    path = HERE / "results" / "scale.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
