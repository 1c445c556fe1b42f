"""The networks of estimators."""

from __future__ import annotations

import pytest
import torch
from tables import random_table

import wordgraft as wg
from wordgraft.estimators.building import build_network, context_of, spelling_of
from wordgraft.estimators.resolved import resolve
from wordgraft.networks.heads import ClassHead

TABLE = random_table(5, 4)


@pytest.mark.parametrize(("network", "width"), [("bag", 24), ("linear", 4), ("bilstm", 48)])
def test_the_width_is_the_one_given_and_a_seed_draws_the_same_weights(
    network: str, width: int
) -> None:
    hidden = "auto" if network == "linear" else 24
    resolved = resolve(wg.TextClassifier(TABLE, network=network, hidden=hidden))
    layer = resolved.first_layer.fitted(context_of(resolved, seed=0))
    read = layer.begin(["w1 w2"])

    def built(seed: int) -> torch.Tensor:
        made = build_network(
            resolved, layer, read.rows, lambda size, g: ClassHead(size, 3, generator=g), seed=seed
        )
        return made.last_layer.weight

    assert built(0).shape == (3, width)
    assert torch.equal(built(0), built(0))
    assert not torch.equal(built(0), built(1))


def test_only_a_tagger_reads_the_spelling() -> None:
    sentences = [["Anna", "saw"], ["IT"]]
    assert spelling_of(resolve(wg.TextClassifier(TABLE)), sentences) == {}
    spelling = spelling_of(resolve(wg.SequenceTagger(TABLE, letters=True)), sentences)
    assert {*spelling} == {"casing", "letters"}
    assert spelling["casing"].lengths.tolist() == [2, 1]
    assert len({*spelling["casing"].ids.tolist()}) == 3
