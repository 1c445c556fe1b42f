"""Encoders fine-tuned on tweets or WNUT-17: made once, by whichever bench asks first, and kept."""

from __future__ import annotations

import csv
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from common import DATA, ENCODER, HERE

import wordgraft as wg

TWEETS = DATA / "twitter_financial_sentiment"
# What a user who knows the labels might say of them; 0 is bearish, 1 bullish, 2 neither.
LABEL_WORDS = {
    "0": ["bearish", "fall", "drop", "loss", "miss", "cut", "downgrade", "weak"],
    "1": ["bullish", "gain", "rise", "beat", "jump", "profit", "upgrade", "strong"],
    "2": ["neutral", "announces", "report", "says", "meeting", "conference", "results", "news"],
}
# Passes over the texts where the head starts from words: over all texts five, chosen on 1,500 other
# training tweets (2 seeds: 0.815 with five, 0.806 with three, 0.801 with three and without words).
PASSES_AFTER_WORDS = {9_543: 5}
FOLDS = 4
# One precision, whichever device there is.
_PRECISION = "float32"
_KEPT = HERE / ".kept" / "tuned"


@cache
def tweets(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Texts and labels of `train` or `valid`."""
    with (TWEETS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return np.array([row["text"] for row in rows], object), np.array([row["label"] for row in rows])


def drawn(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Texts and labels of some training tweets."""
    texts, labels = tweets("train")
    chosen = np.random.default_rng(seed).permutation(len(texts))[:size]
    return texts[chosen], labels[chosen]


def tuned(size: int, seed: int, *, words: bool = False) -> tuple[Path, dict[str, Any]]:
    """A model folder, with the encoder fine-tuned on `drawn(size, seed)`, and how that went.

    Args:
        words: the head starts from words of the labels.
    """
    texts, labels = drawn(size, seed)
    epochs = PASSES_AFTER_WORDS.get(size, "auto") if words else "auto"
    model = wg.TextClassifier(
        wg.Encoder(ENCODER),
        head_init=LABEL_WORDS if words else "xavier",
        training=wg.TrainingSettings(epochs=epochs, precision=_PRECISION),
        random_state=seed,
    )
    return _kept(f"{size}-{seed}{'-words' if words else ''}", model, texts.tolist(), labels)


def soft_labels(size: int, seed: int) -> np.ndarray:
    """Probabilities of `drawn(size, seed)`, each by an encoder fine-tuned on the other folds."""
    places, answers = zip(*(of_fold(size, seed, fold) for fold in range(FOLDS)), strict=True)
    together: np.ndarray = np.concatenate(answers)[np.argsort(np.concatenate(places))]
    return together


def of_fold(size: int, seed: int, fold: int) -> tuple[np.ndarray, np.ndarray]:
    """Which texts of `drawn(size, seed)` a fold has, and what the others' encoder says of them."""
    texts, labels = drawn(size, seed)
    own = np.arange(size) % FOLDS == fold
    kept = _KEPT / f"{size}-{seed}-fold{fold}.npy"
    if not kept.is_file():
        model = wg.TextClassifier(
            wg.Encoder(ENCODER),
            training=wg.TrainingSettings(precision=_PRECISION),
            random_state=seed,
        )
        model.fit(texts[~own].tolist(), labels[~own])
        _KEPT.mkdir(parents=True, exist_ok=True)
        np.save(kept, model.predict_proba(texts[own].tolist()))
    return np.flatnonzero(own), np.load(kept)


def tuned_tagger(seed: int) -> tuple[Path, dict[str, Any]]:
    """The same, with the encoder fine-tuned on the training sentences of WNUT-17."""
    train = wg.read_tagged(str(DATA / "wnut17" / "train.conll"))
    model = wg.SequenceTagger(
        wg.Encoder(ENCODER),
        training=wg.TrainingSettings(precision=_PRECISION),
        random_state=seed,
    )
    return _kept(f"wnut17-{seed}", model, train.sentences, train.tags)


def how_it_went(model: Any) -> dict[str, Any]:
    """What a fine-tuned model's record says of its training."""
    return {each: getattr(model.record_, each) for each in ("epochs", "padding", "seconds")}


def _kept(name: str, model: Any, texts: Any, labels: Any) -> tuple[Path, dict[str, Any]]:
    folder, notes = _KEPT / name, _KEPT / f"{name}.json"
    if not notes.is_file():
        _KEPT.mkdir(parents=True, exist_ok=True)
        model.fit(texts, labels).save(folder, force=True)
        notes.write_text(json.dumps(how_it_went(model)) + "\n", "utf-8")
    return folder, json.loads(notes.read_text("utf-8"))
