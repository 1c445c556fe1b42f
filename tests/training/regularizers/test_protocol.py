"""The defaults of a regularizer change nothing."""

from __future__ import annotations

from dataclasses import replace

import torch
from noisy_texts import PLAN, train_bag

from wordgraft.training.regularizers import (
    Regularizer,
)


def test_a_regularizer_without_overrides_trains_the_same_network() -> None:
    class Nothing(Regularizer):
        name = "nothing"

    plain, record = train_bag(PLAN)
    regularized, again = train_bag(replace(PLAN, regularizers=(Nothing(),)))
    assert again.losses == record.losses
    for name, tensor in plain.state_dict().items():
        assert torch.equal(regularized.state_dict()[name], tensor), name
    assert again.regularizers == ("nothing",)
