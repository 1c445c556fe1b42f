"""model2vec's part of the benches; runs in bench/.venv. One JSON task on standard input."""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any


def distil(task: dict[str, Any]) -> dict[str, Any]:
    """Words per second of `distill`, loading the encoder included, with default options."""
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


def encode(task: dict[str, Any]) -> dict[str, Any]:
    """Mean vectors of all texts, and text to ids alone; on some cores."""
    os.sched_setaffinity(0, range(task["cores"]))
    from model2vec import StaticModel

    model = StaticModel.from_pretrained(task["model"])
    texts = json.loads(Path(task["texts"]).read_text("utf-8"))
    model.encode(texts[:1])
    began, processor = time.perf_counter(), _processor_seconds()
    vectors = model.encode(texts, use_multiprocessing=task["processes"])
    seconds, processor = time.perf_counter() - began, _processor_seconds() - processor
    peak = _peak_mb()
    first = vectors[:20].tolist()
    del vectors
    began = time.perf_counter()
    model.tokenize(texts)
    ids_seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "processor_seconds": processor,
        "ids_seconds": ids_seconds,
        "peak_mb": peak,
        "first": first,
    }


def _peak_mb() -> float:
    """Peak memory of this process alone; `resource` would also count its parent."""
    status = Path("/proc/self/status").read_text("utf-8")
    kilobytes = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes.split()[1]) * 1024 / 1e6


def _processor_seconds() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def main() -> None:
    task = json.load(sys.stdin)
    result = {"distil": distil, "classify": classify, "encode": encode}[task["do"]](task)
    print(json.dumps({**result, "version": version("model2vec")}))


if __name__ == "__main__":
    main()
