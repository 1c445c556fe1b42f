"""Networks above a first layer. To add one: one file here, one entry in `build.NETWORKS`.

A network is rows -> body -> head (`Network`): the rows give each word a vector, the body turns
vectors into features, the head features into logits. `regrafted` exchanges the rows.
"""

from __future__ import annotations

from wordgraft.networks.build import NETWORKS, Kind, build
from wordgraft.networks.network import Network

__all__ = ["NETWORKS", "Kind", "Network", "build"]
