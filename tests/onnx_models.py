"""Small settings, labelled texts and tags, and models written as ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wordgraft import TrainingSettings
from wordgraft.export.onnx import OnnxModel, export_onnx

# Another case, a word and a shape never seen, nothing at all, and a text far longer than others.
NEW = ["The RIVER was unheard-of, qwerty 1999!", "", "a bank", "rain " * 70]
TINY = {"hidden": 24, "training": TrainingSettings(epochs=3), "random_state": 0}


def classes(sentences: list[str]) -> list[str]:
    return ["water" if "river" in s or "boat" in s else "land" for s in sentences]


def tagged(sentences: list[str]) -> tuple[list[list[str]], list[list[str]]]:
    words = [text[:-1].split() for text in sentences]
    return words, [["B-LOC" if w in ("river", "bank") else "O" for w in each] for each in words]


def written(model: Any, path: Path, **options: Any) -> OnnxModel:
    export_onnx(model, path, **options)
    return OnnxModel.load(path)
