"""A tiny fine-tuned classifier that remembers little of its start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tiny import SENTENCES

import wordgraft as wg

LABELS = ["money" if "bank" in text or "market" in text else "other" for text in SENTENCES]


def shaken_classifier(folder: Path) -> wg.TextClassifier:
    """Trained for one epoch; then noise is added to the weights of the encoder."""
    training = wg.TrainingSettings(epochs=1, device="cpu")
    model = wg.TextClassifier(wg.Encoder(folder), training=training, random_state=0)
    model.fit(SENTENCES, LABELS)
    random = torch.Generator().manual_seed(0)
    layer: Any = model.layer_
    with torch.no_grad():
        for parameter in layer.rows.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=random))
    return model
