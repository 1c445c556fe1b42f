"""From sums of true, said and right to the scores of each label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray


def scores_by_label(
    names: Sequence[object], sums: Float[ndarray, " three_labels"]
) -> list[tuple[str, float, float, float, int]]:
    """Per label its name, precision, recall, F1 and how often it is true.

    `sums` holds how often each label is true, then how often said, then how often both.
    """
    true, said, right = sums.reshape(3, -1)
    return [
        (
            str(name),
            float(right[i] / max(said[i], 1)),
            float(right[i] / max(true[i], 1)),
            float(2 * right[i] / max(true[i] + said[i], 1)),
            int(true[i]),
        )
        for i, name in enumerate(names)
    ]
