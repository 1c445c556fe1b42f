"""What frozen vectors depend on, and so what they are kept under."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from wordgraft.checkpoint import Checkpoint
from wordgraft.errors import CheckpointError

# Per word, or one vector a text: the mean over its positions, special ones included.
POOLINGS = ("words", "text")
# Of the last four layers, a learned mix tags nearly as well as fine-tuning (Devlin et al. 2019,
# table 7).
_LAST_LAYERS = 4


@dataclass(frozen=True)
class FeatureRecipe:
    """How frozen vectors are made.

    Attributes:
        weights, tokenizer: hashes of the checkpoint's.
        layers: hidden states, 0 the output of the embeddings; a vector of each.
        pooling: one of `POOLINGS`.
    """

    weights: str
    tokenizer: str
    layers: tuple[int, ...]
    pooling: str

    @classmethod
    def of(
        cls, checkpoint: Checkpoint, *, layers: Sequence[int] | str = "auto", pooling: str = "words"
    ) -> FeatureRecipe:
        """`auto` layers are the last four, or the last alone for one vector a text.

        Raises `CheckpointError` for layers or a pooling there is not.
        """
        if pooling not in POOLINGS:
            raise CheckpointError(f"pooling {pooling!r} is none of {', '.join(POOLINGS)}")
        top = checkpoint.layers
        if isinstance(layers, str):
            if layers != "auto":
                raise CheckpointError(f"layers is {layers!r}; expected auto or some of 0 to {top}")
            last = _LAST_LAYERS if pooling == "words" else 1
            layers = range(max(0, top - last + 1), top + 1)
        outside = [layer for layer in layers if not 0 <= layer <= top]
        if outside or not len(layers):
            raise CheckpointError(
                f"{checkpoint.name} has layers 0 to {top}; asked for {list(layers)}"
            )
        tokenizer = hashlib.sha256(checkpoint.tokenizer.to_json().encode()).hexdigest()
        return cls(checkpoint.sha256, tokenizer, tuple(layers), pooling)

    @property
    def key(self) -> str:
        """A name for a folder: other vectors have another."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]
