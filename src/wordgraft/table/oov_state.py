"""`OovState`: what an out-of-vocabulary method needs, as stored in a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wordgraft.table.affine import Affine

if TYPE_CHECKING:
    from numpy import ndarray


@dataclass(frozen=True, eq=False)
class OovState:
    """The fitted state of an out-of-vocabulary method; `wordgraft.oov` makes and uses it.

    Attributes:
        method: name of the method.
        arrays: the method's own arrays by name; they are saved bit for bit.
        settings: anything else it needs, as JSON can hold it.
        move: what refinements since the fit did to an unseen word; None before the
            first refinement.

    >>> OovState("neighbours", settings={"k": 5}).method
    'neighbours'
    """

    method: str
    arrays: Mapping[str, ndarray] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    move: Affine | None = None
