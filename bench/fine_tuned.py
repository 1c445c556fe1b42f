"""Encoders fine-tuned on tweets or WNUT-17, trained once and shared by the benches."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from common import CACHE, ENCODER
from data import data_file

import wordgraft as wg

# Words that a user might give for each label; 0 is bearish, 1 bullish, 2 neither.
LABEL_WORDS = {
    "0": ["bearish", "fall", "drop", "loss", "miss", "cut", "downgrade", "weak"],
    "1": ["bullish", "gain", "rise", "beat", "jump", "profit", "upgrade", "strong"],
    "2": ["neutral", "announces", "report", "says", "meeting", "conference", "results", "news"],
}
# Epochs by the number of texts, for a head that starts from label words: five for all texts, chosen
# on 1,500 other training tweets (2 seeds: 0.815 with five, 0.806 with three, 0.801 with three and a
# head that does not start from words).
EPOCHS_WITH_LABEL_WORDS = {9_543: 5}
FOLDS = 4
# The same precision on every device.
_PRECISION = "float32"
_MODELS = CACHE / "fine_tuned"


@cache
def tweets_file(name: str) -> Path:
    """The CSV file of `train` or `valid`."""
    return data_file("twitter_financial_sentiment", f"{name}.csv")


def tweets(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Texts and labels of `train` or `valid`."""
    with tweets_file(name).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return np.array([row["text"] for row in rows], object), np.array([row["label"] for row in rows])


def draw_tweets(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Texts and labels of `size` random training tweets."""
    texts, labels = tweets("train")
    chosen = np.random.default_rng(seed).permutation(len(texts))[:size]
    return texts[chosen], labels[chosen]


def fine_tuned_classifier(
    size: int, seed: int, *, label_words: bool = False
) -> tuple[Path, dict[str, Any]]:
    """Return the folder of a model fine-tuned on `draw_tweets(size, seed)`, and its training notes.

    Args:
        label_words: the head starts from `LABEL_WORDS`.
    """
    texts, labels = draw_tweets(size, seed)
    epochs = EPOCHS_WITH_LABEL_WORDS.get(size, "auto") if label_words else "auto"
    model = wg.TextClassifier(
        wg.Encoder(ENCODER),
        head_init=LABEL_WORDS if label_words else "xavier",
        training=wg.TrainingSettings(epochs=epochs, precision=_PRECISION),
        random_state=seed,
    )
    name = f"{size}-{seed}{'-label-words' if label_words else ''}"
    return _trained_once(name, model, texts.tolist(), labels)


def fine_tuned_tagger(seed: int) -> tuple[Path, dict[str, Any]]:
    """The same for a tagger and the training sentences of WNUT-17."""
    train = wg.read_tagged(str(data_file("wnut17", "train.conll")))
    model = wg.SequenceTagger(
        wg.Encoder(ENCODER),
        training=wg.TrainingSettings(precision=_PRECISION),
        random_state=seed,
    )
    return _trained_once(f"wnut17-{seed}", model, train.sentences, train.tags)


def soft_labels(size: int, seed: int) -> np.ndarray:
    """Probabilities of `draw_tweets(size, seed)`: of each fold, by an encoder fine-tuned on the
    other folds."""
    places, probabilities = zip(
        *(soft_labels_of_fold(size, seed, fold) for fold in range(FOLDS)), strict=True
    )
    in_order: np.ndarray = np.concatenate(probabilities)[np.argsort(np.concatenate(places))]
    return in_order


def soft_labels_of_fold(size: int, seed: int, fold: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of a fold's texts in `draw_tweets(size, seed)`, and their probabilities."""
    texts, labels = draw_tweets(size, seed)
    in_fold = np.arange(size) % FOLDS == fold
    path = _MODELS / f"{size}-{seed}-fold{fold}.npy"
    if not path.is_file():
        model = wg.TextClassifier(
            wg.Encoder(ENCODER),
            training=wg.TrainingSettings(precision=_PRECISION),
            random_state=seed,
        )
        model.fit(texts[~in_fold].tolist(), labels[~in_fold])
        _MODELS.mkdir(parents=True, exist_ok=True)
        np.save(path, model.predict_proba(texts[in_fold].tolist()))
    return np.flatnonzero(in_fold), np.load(path)


def training_notes(model: Any) -> dict[str, Any]:
    """Epochs, padding and seconds of a model's training."""
    return {name: getattr(model.record_, name) for name in ("epochs", "padding", "seconds")}


def _trained_once(name: str, model: Any, texts: Any, labels: Any) -> tuple[Path, dict[str, Any]]:
    folder, notes = _MODELS / name, _MODELS / f"{name}.json"
    if not notes.is_file():
        _MODELS.mkdir(parents=True, exist_ok=True)
        model.fit(texts, labels).save(folder, force=True)
        notes.write_text(json.dumps(training_notes(model)) + "\n", "utf-8")
    return folder, json.loads(notes.read_text("utf-8"))
