"""The character network: a CNN over letters with a highway layer, alongside the pieces.

After Kim et al. 2016. Its task is to correct a linear map from the pieces.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.core.optional import require

if TYPE_CHECKING:
    import torch
    from numpy import ndarray
    from numpy.random import Generator
    from torch import Tensor, nn
else:
    torch = require("torch", purpose="oov blend")
    nn = torch.nn

# Filters by the number of letters they see.
FILTERS = {1: 32, 2: 64, 3: 96, 4: 96}
LETTER_DIMS = 32
HIDDEN = 1024
DROPOUT = 0.1
# Alongside the pieces, letters are scaled down and often dropped. At full scale they are learned
# first, and overfit: cosine with validation words 0.832; at a tenth 0.847, without letters 0.860.
LETTERS_SCALE, LETTERS_DROPOUT = 0.03, 0.5


# Letters of an n-gram in one number: an alphabet has at most 1,004 ids.
_BITS, _ID = 12, (1 << 12) - 1


class CharacterNetwork(nn.Module):
    """Maps letters and features of the pieces to a correction of the vector by pieces alone.

    Args:
        letters: size of the alphabet, with the ids for padding, other letters and word borders.
        inputs: features of the pieces per word; 0 for a network of letters alone.
        dims: width of the vectors.
        rng: generator of the initial weights; None if weights will be loaded.
    """

    def __init__(
        self, letters: int, inputs: int, dims: int, *, rng: Generator | None = None
    ) -> None:
        super().__init__()
        self.alone = inputs == 0
        filters = sum(FILTERS.values())
        # torch's own initialization would change the caller's random state.
        with torch.random.fork_rng(devices=[]):
            self.letters = nn.Embedding(letters, LETTER_DIMS, padding_idx=0)
            self.filters = nn.ModuleList(
                nn.Conv1d(LETTER_DIMS, count, size, padding=size // 2)
                for size, count in FILTERS.items()
            )
            self.highway = nn.Linear(filters, 2 * filters)
            self.hidden = nn.Linear(filters + inputs, HIDDEN)
            self.out = nn.Linear(HIDDEN, dims)
        if rng is not None:
            self._initialize(rng, correcting=inputs > 0)

    def forward(self, letters: Tensor, inputs: Tensor, base: Tensor) -> Tensor:
        """(words, length) ids, (words, inputs) and (words, dims) to (words, dims)."""
        encoded = self.encode_letters(letters)
        if not self.alone:
            encoded = LETTERS_SCALE * nn.functional.dropout(encoded, LETTERS_DROPOUT, self.training)
        hidden = nn.functional.gelu(self.hidden(torch.cat([encoded, inputs], dim=1)))
        hidden = nn.functional.dropout(hidden, DROPOUT, self.training)
        vectors: Tensor = self.out(hidden) + base
        return vectors

    def from_inner(self, letters: Tensor, inner: Tensor, base: Tensor) -> Tensor:
        """As `forward` in evaluation, with the inputs already through the hidden layer."""
        encoded = LETTERS_SCALE * self.encode_letters(letters)
        # The letters come first.
        letter_weights = self.hidden.weight[:, : encoded.shape[1]]
        hidden = nn.functional.gelu(
            nn.functional.linear(encoded, letter_weights, self.hidden.bias) + inner
        )
        vectors: Tensor = self.out(hidden) + base
        return vectors

    @property
    def inner(self) -> Tensor:
        """(hidden, inputs): the hidden layer's weights for the features of the pieces."""
        return self.hidden.weight[:, sum(FILTERS.values()) :]

    def encode_letters(self, letters: Tensor) -> Tensor:
        """(words, length) ids of letters to (words, filters)."""
        if torch.is_grad_enabled():
            present = letters.ne(0)[:, None]
            embedded = self.letters(letters).transpose(1, 2)
            # After the ReLU a maximum is at least 0, so padding can be 0 too.
            maxima = [
                (torch.relu(filter(embedded)[..., : letters.shape[1]]) * present).amax(dim=2)
                for filter in self.filters
            ]
        else:
            maxima = [self._maxima(filter, letters) for filter in self.filters]  # type: ignore[arg-type]
        encoded = torch.cat(maxima, dim=1)
        changed, gate = self.highway(encoded).chunk(2, dim=1)
        gate = torch.sigmoid(gate)
        highway: Tensor = gate * torch.relu(changed) + (1 - gate) * encoded
        return highway

    def _maxima(self, filter: nn.Conv1d, letters: Tensor) -> Tensor:
        """The same maxima, with each different n-gram computed once: words share most of them."""
        there, size = letters.ne(0), filter.kernel_size[0]
        padded = nn.functional.pad(letters, (size // 2, size - 1 - size // 2))
        windows = [padded[:, place : place + letters.shape[1]][there] for place in range(size)]
        code = sum(window << _BITS * place for place, window in enumerate(windows))
        different, places = torch.unique(code, return_inverse=True)
        grams = torch.stack([different >> _BITS * place & _ID for place in range(size)], dim=1)
        weights = filter.weight.permute(2, 1, 0).flatten(0, 1)
        values = torch.relu(self.letters(grams).flatten(1) @ weights + filter.bias)
        ends = there.sum(dim=1).cumsum(dim=0)
        starts = nn.functional.pad(ends[:-1], (1, 0))
        return nn.functional.embedding_bag(places, values, starts, mode="max")

    def arrays(self) -> dict[str, ndarray]:
        """The weights by name."""
        return {
            f"network.{name}": value.detach().cpu().numpy().copy()
            for name, value in self.state_dict().items()
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, ndarray]) -> CharacterNetwork:
        """The inverse of `arrays`, for evaluation: no dropout, no gradient."""
        weights = {
            name.removeprefix("network."): torch.from_numpy(np.array(value))
            for name, value in arrays.items()
            if name.startswith("network.")
        }
        inputs = weights["hidden.weight"].shape[1] - sum(FILTERS.values())
        network = cls(len(weights["letters.weight"]), inputs, len(weights["out.bias"]))
        network.load_state_dict(weights)
        return network.eval().requires_grad_(False)

    def _initialize(self, rng: Generator, *, correcting: bool) -> None:
        """Initial weights from `rng`: before a ReLU or GELU after He et al. 2015.

        The inputs have variance 1, and the hidden layer must be nonlinear on them: with initial
        weights ten times smaller it stayed linear and learned nothing. A correction starts at 0.
        """
        for name, values in self.named_parameters():
            if values.ndim == 1:
                start = np.zeros(values.shape)
            else:
                spread = (2 / np.prod(values.shape[1:])) ** 0.5
                start = rng.normal(0, 1 if name == "letters.weight" else spread, values.shape)
            if name == "letters.weight":
                start[0] = 0
            if name == "highway.bias":  # lets the letters pass at first
                start[len(start) // 2 :] = -1
            if name == "out.weight" and correcting:
                start = np.zeros(values.shape)
            values.data.copy_(torch.from_numpy(start))
