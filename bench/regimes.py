"""Fine-tuning the whole encoder: quality by size, and speed.

    python bench/regimes.py [PART ...]     # all parts by default

- quality: macro-F1 on the 2,388 validation tweets, which were used for no choice.
- label-words: the same, with a head that starts from eight words per class.
- ner: strict entity F1 on the test sentences of WNUT-17.
- throughput: texts per second beside `transformers.Trainer` with the same model, texts, batch size
  and precision; on a CPU, per second of CPU time.
- large: `quality` with an encoder of 12 layers and 768 dimensions; it needs a GPU.

Every run is stored in bench/results/runs-regimes.jsonl when it ends, and an interrupted bench
continues. Writes bench/results/regimes.json; `tables` does only that, from the stored runs.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from common import CACHE, ENCODER, summary, write_result
from data import data_file
from fine_tuned import (
    draw_tweets,
    fine_tuned_classifier,
    fine_tuned_tagger,
    training_notes,
    tweets,
)
from mpnet import mpnet
from runs import finished_runs, run_once

import wordgraft as wg

SEEDS = (0, 1, 2)
SIZES = (100, 500, 2_000, 9_543)
GPU = torch.cuda.is_available()
# Texts and epochs beside `transformers.Trainer`.
TRAINER, GPU_TRAINER, TRAINER_BATCH = (320, 4), (3_200, 1), 16
ENCODERS: dict[str, Callable[[], str]] = {
    "MiniLM": lambda: ENCODER,
    "mpnet": lambda: str(mpnet(CACHE)),
}
LIBRARIES = ("wordgraft", "torch", "transformers", "accelerate", "peft", "numpy")


def main() -> None:
    logging.getLogger("wordgraft").setLevel(logging.ERROR)
    parts = {
        "quality": quality,
        "label-words": label_words,
        "ner": ner,
        "throughput": throughput,
        "large": large,
    }
    for name in sys.argv[1:] or parts:
        if name != "tables":
            parts[name]()
    write_result("regimes", {"seeds": list(SEEDS), **tables(stored_runs())}, LIBRARIES)


def quality() -> None:
    _by_size("quality", partial(_quality, label_words=False))


def label_words() -> None:
    _by_size("label-words", partial(_quality, label_words=True))


def large() -> None:
    if GPU:
        _by_size("large", _large)
    else:
        print("large: no GPU here")


def _by_size(part: str, run: Callable[[int, int], dict[str, Any]]) -> None:
    for size in SIZES:
        for seed in SEEDS:
            once(f"{part} {size} {seed}", partial(run, size, seed))


def _quality(size: int, seed: int, *, label_words: bool) -> dict[str, Any]:
    test, truth = tweets("valid")
    folder, notes = fine_tuned_classifier(size, seed, label_words=label_words)
    scores = wg.TextClassifier.load(folder).evaluate(test.tolist(), truth)
    return {"macro_f1": scores.macro_f1, **notes}


def _large(size: int, seed: int) -> dict[str, Any]:
    (texts, labels), (test, truth) = draw_tweets(size, seed), tweets("valid")
    model = wg.TextClassifier(
        wg.Encoder(ENCODERS["mpnet"]()),
        training=wg.TrainingSettings(precision="float32"),
        random_state=seed,
    ).fit(texts.tolist(), labels)
    return {"macro_f1": model.evaluate(test.tolist(), truth).macro_f1, **training_notes(model)}


def ner() -> None:
    for seed in SEEDS:
        once(f"ner {seed}", partial(_ner, seed))


def _ner(seed: int) -> dict[str, Any]:
    test = wg.read_tagged(str(data_file("wnut17", "test.conll")))
    folder, notes = fine_tuned_tagger(seed)
    scores = wg.SequenceTagger.load(folder).evaluate(test.sentences, test.tags)
    return {"f1": scores.f1, **notes}


def throughput() -> None:
    """On a GPU, also with the larger encoder and in bfloat16."""
    for encoder in ENCODERS if GPU else ("MiniLM",):
        for precision in ("float32", "bfloat16") if GPU else ("float32",):
            name = f"throughput {'GPU' if GPU else 'CPU'} {encoder} {precision}"
            once(name, partial(_throughput, encoder, precision))


def _throughput(encoder: str, precision: str) -> dict[str, Any]:
    """Both train on the same texts, twice, alternating; each library's better time counts.

    Only training is timed, not reading weights and texts: on a CPU in CPU time, which other work
    on the machine does not lengthen, on a GPU in elapsed time.
    """
    count, epochs = GPU_TRAINER if GPU else TRAINER
    texts, labels = tweets("train")
    texts, classes = texts[:count].tolist(), labels[:count].astype(int)
    seconds: dict[str, list[float]] = {"wordgraft": [], "Trainer": []}
    padding = 0.0
    for _ in range(2):
        classifier = wg.TextClassifier(
            wg.Encoder(ENCODERS[encoder]()),
            training=wg.TrainingSettings(
                batch_size=TRAINER_BATCH, epochs=epochs, precision=precision
            ),
            class_weight=None,
            random_state=0,
        )
        with _training_timed(seconds["wordgraft"]):
            classifier.fit(texts, classes)
        padding = float(classifier.record_.padding or 0)
        _trainer(texts, classes, encoder, precision, epochs, seconds["Trainer"])
    return {
        "texts": count,
        "batch": TRAINER_BATCH,
        "precision": precision,
        "threads": torch.get_num_threads(),
        f"texts_per_{'' if GPU else 'processor_'}second": {
            name: round(epochs * count / min(times), 2) for name, times in seconds.items()
        },
        "padding": padding,
    }


@contextmanager
def _training_timed(seconds: list[float]) -> Iterator[None]:
    """Append the time of our training loop within the block to `seconds`."""
    from wordgraft.training import loop

    train = loop.train

    def timed(*arguments: Any, **options: Any) -> Any:
        began = _clock()
        record = train(*arguments, **options)
        seconds.append(_clock() - began)
        return record

    loop.train = timed
    try:
        yield
    finally:
        loop.train = train


def _clock() -> float:
    if not GPU:
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def _trainer(
    texts: Sequence[str],
    classes: np.ndarray,
    encoder: str,
    precision: str,
    epochs: int,
    seconds: list[float],
) -> None:
    import transformers
    from datasets import Dataset

    from wordgraft.checkpoint.locate import locate

    folder = locate(ENCODERS[encoder]()).folder
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3)
    rows = [
        {**tokenizer(text, truncation=True), "labels": int(label)}
        for text, label in zip(texts, classes, strict=True)
    ]
    with TemporaryDirectory() as scratch:
        settings = transformers.TrainingArguments(
            output_dir=scratch,
            per_device_train_batch_size=TRAINER_BATCH,
            num_train_epochs=epochs,
            learning_rate=1e-4,
            use_cpu=not GPU,
            bf16=precision == "bfloat16",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            # With its own grouping by length, so that padding does not decide.
            train_sampling_strategy="group_by_length",
        )
        trainer = transformers.Trainer(
            model=model,
            args=settings,
            train_dataset=Dataset.from_list(rows),
            data_collator=transformers.DataCollatorWithPadding(tokenizer),
        )
        began = _clock()
        trainer.train()
        seconds.append(_clock() - began)


def tables(runs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Summarize the runs."""

    def values(prefix: str, key: str) -> list[float]:
        return [run[key] for name, run in runs.items() if name.startswith(f"{prefix} ")]

    def by_size(part: str) -> dict[str, Any]:
        return {
            str(size): {**summary(scores), "runs": len(scores)}
            for size in SIZES
            if (scores := values(f"{part} {size}", "macro_f1"))
        }

    figures: dict[str, Any] = {
        "tweets_macro_f1": by_size("quality"),
        "tweets_macro_f1_head_from_label_words": by_size("label-words"),
        "tweets_macro_f1_mpnet": by_size("large"),
        "padding": max(
            [run["padding"] for run in runs.values() if run.get("padding") is not None], default=0
        ),
    }
    if scores := values("ner", "f1"):
        figures["wnut17_f1"] = {**summary(scores), "runs": len(scores)}
    figures["throughput"] = {
        name.removeprefix("throughput "): run
        for name, run in runs.items()
        if name.startswith("throughput ")
    }
    return figures


def once(name: str, run: Callable[[], dict[str, Any]]) -> None:
    """Run, and store the result, unless one is stored under this name."""

    def timed() -> dict[str, Any]:
        began = time.process_time()
        return {**run(), "cpu_seconds": time.process_time() - began}

    run_once("regimes", {"name": name}, timed)


def stored_runs() -> dict[str, dict[str, Any]]:
    return {description["name"]: result for description, result in finished_runs("regimes")}


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main()
