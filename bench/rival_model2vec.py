"""model2vec's part of the benches; runs in bench/.venv. One JSON task on standard input."""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from typing import Any


def distil(task: dict[str, Any]) -> dict[str, Any]:
    """Words per second of `distill`, loading the encoder included, its options as they come."""
    from model2vec.distill import distill

    began = time.perf_counter()
    model = distill(task["encoder"])
    seconds = time.perf_counter() - began
    if "save" in task:
        model.save_pretrained(task["save"])
    return {"words": len(model.tokens), "seconds": seconds}


def classify(task: dict[str, Any]) -> dict[str, Any]:
    """Fit a classifier on the distilled model, and predict the test texts."""
    from model2vec import StaticModel
    from model2vec.train import StaticModelForClassification

    static = StaticModel.from_pretrained(task["model"])
    classifier = StaticModelForClassification.from_static_model(model=static)
    began = time.perf_counter()
    classifier.fit(
        task["texts"], task["labels"], random_seed=task["seed"], class_weight=task["class_weight"]
    )
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "predicted": classifier.predict(task["test"]).tolist()}


def main() -> None:
    task = json.load(sys.stdin)
    found = {"distil": distil, "classify": classify}[task["do"]](task)
    print(json.dumps({**found, "version": version("model2vec")}))


if __name__ == "__main__":
    main()
