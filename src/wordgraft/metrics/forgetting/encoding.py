"""An encoder before and after fine-tuning, on the same texts."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.encoder import EncoderModel
from wordgraft.core.ragged import Ragged
from wordgraft.sources.isolated import TEMPLATE, encode_pieces

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


class LayeredEncoder(EncoderModel):
    """An encoder that gives any of its layers, and whose weights can be replaced."""

    def __init__(self, checkpoint: Checkpoint, *, device: str = "auto") -> None:
        layers = range(checkpoint.layers + 1)
        super().__init__(checkpoint, layers=list(layers), device=device, dtype="float32")

    def holding(self, model: Any) -> LayeredEncoder:
        """The same encoder with another model of the same shape: transformers' own, as trained."""
        other = copy(self)
        other.model = model.eval()
        other.device = next(model.parameters()).device
        return other

    def at(self, *layers: int) -> LayeredEncoder:
        """The same encoder, giving only some layers."""
        other = copy(self)
        other.layers = layers
        return other

    def _hidden_states(self, ids: torch.Tensor) -> dict[int, torch.Tensor]:
        states = self.model(input_ids=ids, output_hidden_states=True).hidden_states
        return {layer: states[layer] for layer in self.layers}

    def tokens(self, sequences: Ragged) -> dict[int, Float32[ndarray, "tokens dims"]]:
        """Each layer's states of every token, in the same order for equal sequences."""
        parts: dict[int, list[ndarray]] = {layer: [] for layer in self.layers}
        for _, hidden in self.encode(sequences):
            for layer, states in hidden.items():
                parts[layer].append(states.flatten(0, 1).cpu().numpy())
        return {layer: np.concatenate(arrays) for layer, arrays in parts.items()}

    def means(self, sequences: Ragged) -> Float32[ndarray, "texts dims"]:
        """The mean of each text's states in the last layer."""
        top = self.checkpoint.layers
        vectors = np.empty((len(sequences), self.dims), np.float32)
        for batch, hidden in self.at(top).encode(sequences):
            vectors[batch] = hidden[top].mean(dim=1).cpu().numpy()
        return vectors

    def words(self, words: Sequence[str]) -> dict[str, Float32[ndarray, " dims"]]:
        """Isolated vectors of words, from the layer that is best for this kind of checkpoint."""
        chosen = self.at(self.checkpoint.isolated_layer())
        pieces = self.checkpoint.tokenizer.word_pieces(words)
        vectors = encode_pieces(chosen, pieces, pooling="own", template=TEMPLATE)
        return dict(zip(words, vectors, strict=True))
