"""A network whose first layer is exchanged."""

from __future__ import annotations

import torch
from small_networks import TABLE, inputs

from wordgraft.grafts.torch import embedding
from wordgraft.networks.build import Shape, build
from wordgraft.networks.heads import ClassHead
from wordgraft.networks.network import Network
from wordgraft.networks.rows import EmbeddingRows


def bag(*, seed: int = 0, dropout: float = 0.0, hidden: int = 5) -> Network:
    shape = Shape("bag", 6, 1, hidden, dropout, False, False, False, seed)
    rows = EmbeddingRows(embedding(TABLE, trainable=True))
    return build(rows, shape, lambda width, rng: ClassHead(width, 3, generator=rng))


def test_the_first_layer_can_be_exchanged_and_the_head_is_shared() -> None:
    network = bag().eval()
    bare = network.without_rows()
    assert not any(name.startswith("rows") for name in bare.state_dict())
    again = bare.regrafted(EmbeddingRows(embedding(TABLE, trainable=False)))
    assert again.head is network.head
    batch = inputs([[3, 9]])
    with torch.inference_mode():
        assert torch.equal(again(batch), network(batch))
