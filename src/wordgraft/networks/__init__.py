"""Bodies and heads that a graft can carry. To add one: one file here, one entry below.

A network is rows -> body -> head (`Network`): the rows give each word a vector, the body reads
them, the head gives logits. Its rows can be changed for others with `regrafted`.
"""

from __future__ import annotations

from wordgraft.networks.build import NETWORKS, Kind, build
from wordgraft.networks.network import Network

__all__ = ["NETWORKS", "Kind", "Network", "build"]
