"""Bodies and heads that a graft can carry. To add one: one file here, one entry below.

A network takes a layer of rows and the number of classes, and maps flat ids and offsets to logits.
Its layer can be changed for another with `regrafted`.
"""

from __future__ import annotations

from wordgraft.networks.bag import Bag

NETWORKS: dict[str, type[Bag]] = {"bag": Bag}

__all__ = ["NETWORKS", "Bag"]
