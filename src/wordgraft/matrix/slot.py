"""`Slot`: an embedding layer inside a model of any framework."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from wordgraft.errors import TableError

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


class Slot(Protocol):
    """An embedding layer that a model holds under a name.

    Attributes:
        padding: the id that the layer treats as padding; None if there is none.
    """

    @property
    def padding(self) -> int | None: ...

    @property
    def weights(self) -> Float32[ndarray, "rows dims"]:
        """The layer's rows, copied."""
        ...

    def write(self, vectors: Float32[ndarray, "rows dims"], *, trainable: bool) -> list[str]:
        """Put vectors in place of the rows; dtype, device and ties to other layers stay.

        Returns what the caller should know, a sentence each.
        """
        ...


def no_such_layer(name: str, layers: Sequence[str], kind: str) -> TableError:
    """The error for a name that no embedding layer of a model has: it lists the nearest names."""
    near = difflib.get_close_matches(name, layers, n=3, cutoff=0.3) or list(layers[:3])
    what = f"its embedding layers: {', '.join(map(repr, near))}" if near else "it has none"
    return TableError(f"the model has no embedding layer {name!r} ({kind}); {what}")
