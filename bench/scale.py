"""Which scale of the rows, and which refinements, train best? Writes bench/results/scale.json.

Film snippets, macro-F1 on a validation part of the demo's training pool, not on its test texts.
"""

from __future__ import annotations

import runpy

from common import HERE, summary, write_result

import wordgraft as wg
from wordgraft.table import Center, Scale, Sif

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
        unrefined = wg.build_table(checkpoint, vocabulary, refinements=())
        for name, refinements in (("center", (Center(),)), ("center,sif", (Center(), Sif()))):
            for rms in SCALES:
                table = unrefined.refine(*refinements, Scale(rms))
                macro_f1 = [
                    wg.TextClassifier(table, random_state=seed)
                    .fit(train_texts, train_labels)
                    .evaluate(texts[validation], labels[validation])
                    .macro_f1
                    for seed in SEEDS
                ]
                scores = summary(macro_f1)
                results.append(
                    {
                        "texts": size,
                        "refinements": f"{name},scale:{rms}",
                        "macro_f1": scores["mean"],
                        "spread": scores["spread"],
                    }
                )
                print(results[-1], flush=True)
    figures = {"seeds": len(SEEDS), "results": results}
    write_result("scale", figures, ("wordgraft", "torch", "numpy"))


if __name__ == "__main__":
    main()
