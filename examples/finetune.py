"""Full fine-tuning in PyTorch: transformers' own classifier, with all weights trained.

    python examples/finetune.py

The learning-rate schedule is from Mosbach et al. 2021. The rate suits MiniLM; larger encoders need
2e-5.
"""

from collections.abc import Sequence

import numpy as np
import torch
from demo import ENCODER, TEST_TEXTS, film_snippets
from transformers import AutoModelForSequenceClassification as Classifier
from transformers import get_linear_schedule_with_warmup as linear_decay

import wordgraft as wg
from wordgraft.grafts import encoder_inputs


def finetune(
    checkpoint: wg.Checkpoint,
    texts: Sequence[str],
    classes: np.ndarray,
    epochs: int = 5,
    rate: float = 1e-4,
) -> torch.nn.Module:
    torch.manual_seed(0)
    model = Classifier.from_pretrained(checkpoint.folder, num_labels=int(classes.max()) + 1).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    steps = torch.cat([torch.randperm(len(texts)) for _ in range(epochs)]).split(16)
    schedule = linear_decay(optimizer, len(steps) // 10, len(steps))
    for step in steps:
        inputs = tensors(checkpoint, [texts[i] for i in step])
        optimizer.zero_grad()
        model(**inputs, labels=torch.from_numpy(classes)[step]).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model.eval()


def predict(model: torch.nn.Module, checkpoint: wg.Checkpoint, texts: Sequence[str]) -> np.ndarray:
    batches = (tensors(checkpoint, texts[start : start + 64]) for start in range(0, len(texts), 64))
    with torch.inference_mode():
        return np.concatenate([model(**batch).logits.argmax(1).numpy() for batch in batches])


def tensors(checkpoint: wg.Checkpoint, texts: Sequence[str]) -> dict[str, torch.Tensor]:
    inputs = encoder_inputs(checkpoint, texts)
    return {name: torch.from_numpy(values).long() for name, values in inputs.items()}


if __name__ == "__main__":
    (texts, labels), checkpoint = film_snippets(), wg.open_checkpoint(ENCODER)
    test, chosen = slice(0, TEST_TEXTS), slice(TEST_TEXTS, TEST_TEXTS + 500)
    fresh = (labels == "fresh").astype(np.int64)
    model = finetune(checkpoint, texts[chosen], fresh[chosen])
    print(f"accuracy {np.mean(predict(model, checkpoint, texts[test]) == fresh[test]):.3f}")
