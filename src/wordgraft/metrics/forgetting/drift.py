"""How far an encoder's layers moved: linear CKA and cosine of the same tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.core.ragged import Ragged
from wordgraft.metrics.forgetting.encoding import LayeredEncoder

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


@dataclass(frozen=True)
class Drift:
    """How far one layer moved, on one kind of texts: 1 means that it did not move.

    Attributes:
        texts: `task` or `general`.
        layer: 0 is the output of the embeddings.
        cka: linear centered kernel alignment, invariant to rotation and scale.
        cosine: of the states before and after, mean over tokens.
    """

    texts: str
    layer: int
    cka: float
    cosine: float


def drift(
    before: LayeredEncoder, after: LayeredEncoder, sequences: Ragged, *, texts: str
) -> tuple[Drift, ...]:
    """The drift of every layer on the tokens of `sequences`."""
    old, new = before.tokens(sequences), after.tokens(sequences)
    return tuple(
        Drift(texts, layer, linear_cka(old[layer], new[layer]), mean_cosine(old[layer], new[layer]))
        for layer in old
    )


def linear_cka(a: Float32[ndarray, "n a"], b: Float32[ndarray, "n b"]) -> float:
    """Linear CKA of two sets of features of the same `n` items (Kornblith et al. 2019, eq. 1).

    >>> a = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], np.float32)
    >>> round(linear_cka(a, 3 * a[:, ::-1]), 6)
    1.0
    """
    a = (a - a.mean(axis=0)).astype(np.float64)
    b = (b - b.mean(axis=0)).astype(np.float64)
    scale = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    return float(np.linalg.norm(b.T @ a) ** 2 / scale) if scale else float("nan")


def mean_cosine(a: Float32[ndarray, "n dims"], b: Float32[ndarray, "n dims"]) -> float:
    """The mean cosine of corresponding rows; rows of zeros are left out."""
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    there = norms > 0
    return float(np.mean(np.einsum("nd,nd->n", a[there], b[there]) / norms[there]))
