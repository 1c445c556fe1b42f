"""A network whose first layer is exchanged."""

from __future__ import annotations

import torch
from small_networks import TABLE, bag, inputs

from wordgraft.grafts.torch import embedding
from wordgraft.networks.rows import EmbeddingRows


def test_the_first_layer_can_be_exchanged_and_the_head_is_shared() -> None:
    network = bag().eval()
    bare = network.without_rows()
    assert not any(name.startswith("rows") for name in bare.state_dict())
    again = bare.regrafted(EmbeddingRows(embedding(TABLE, trainable=False)))
    assert again.head is network.head
    batch = inputs([[3, 9]])
    with torch.inference_mode():
        assert torch.equal(again(batch), network(batch))
