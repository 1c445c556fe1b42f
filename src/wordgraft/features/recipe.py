"""What frozen vectors depend on, and so the key under which they are cached."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from wordgraft.checkpoint import Checkpoint
from wordgraft.errors import CheckpointError

# One vector per word, or one per text: the mean over its positions, special ones included.
POOLINGS = ("words", "text")
# A learned mix of the last four layers tags nearly as well as fine-tuning does (Devlin et al. 2019,
# table 7).
_LAST_LAYERS = 4


@dataclass(frozen=True)
class FeatureRecipe:
    """How frozen vectors are made.

    Attributes:
        weights, tokenizer: hashes of the checkpoint's weights and tokenizer.
        layers: one vector from each; layer 0 is the output of the embeddings.
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
        """The recipe for a checkpoint. `auto` layers are the last four, or for `text` the last.

        Raises `CheckpointError` for an unknown pooling, and for layers that the encoder lacks.
        """
        if pooling not in POOLINGS:
            raise CheckpointError(
                f"unknown pooling {pooling!r}; choose one of {', '.join(POOLINGS)}"
            )
        top = checkpoint.layers
        if isinstance(layers, str):
            if layers != "auto":
                raise CheckpointError(
                    f"layers is {layers!r}; expected 'auto' or a list of numbers from 0 to {top}"
                )
            number = _LAST_LAYERS if pooling == "words" else 1
            layers = range(max(0, top - number + 1), top + 1)
        outside = [layer for layer in layers if not 0 <= layer <= top]
        if outside or not len(layers):
            raise CheckpointError(
                f"{checkpoint.name} has layers 0 to {top}; asked for {list(layers)}"
            )
        tokenizer = hashlib.sha256(checkpoint.tokenizer.to_json().encode()).hexdigest()
        return cls(checkpoint.sha256, tokenizer, tuple(layers), pooling)

    @property
    def key(self) -> str:
        """A name for a folder, which differs between recipes."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]
