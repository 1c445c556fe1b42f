"""Isolated vectors against transformers run by hand, a word at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from numpy.testing import assert_allclose
from transformers import AutoModel

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.errors import CheckpointError
from wordgraft.sources import POOLINGS, TEMPLATE, Isolated

WORDS = ["sun", "gardening", "unheardof", "a"]


def by_hand(folder: Path, word: str, template: str | None, layer: int, pooling: str) -> np.ndarray:
    checkpoint = open_checkpoint(folder)
    tokenizer = checkpoint.tokenizer.tokenizer
    own = tokenizer.encode(f" {word}", add_special_tokens=False).ids
    before, after = checkpoint.tokenizer.specials
    if template is not None:
        left, right = template.split("{}")
        before = [*before, *tokenizer.encode(left.rstrip(), add_special_tokens=False).ids]
        after = [
            *tokenizer.encode(" " + right.strip(), add_special_tokens=False).ids,
            *after,
        ]
    model = AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        states = model(torch.tensor([[*before, *own, *after]]), output_hidden_states=True)
    hidden = states.hidden_states[layer][0]
    inside = hidden[len(before) : len(before) + len(own)]
    return {
        "own": inside.mean(0),
        "first": inside[0],
        "last": inside[-1],
        "cls": hidden[0],
        "all": hidden.mean(0),
    }[pooling].numpy()


@pytest.mark.parametrize("name", tiny.ARCHITECTURES)
@pytest.mark.parametrize("template", [None, TEMPLATE], ids=["alone", "template"])
def test_every_architecture(
    tiny_checkpoint: Callable[[str], Path], name: str, template: str | None
) -> None:
    folder = tiny_checkpoint(name)
    checkpoint = open_checkpoint(folder)
    vocabulary = Vocabulary.from_words(WORDS, checkpoint)
    table = Isolated(layer=2, template=template).table(checkpoint, vocabulary)
    for word in WORDS:
        expected = by_hand(folder, word, template, 2, "own")
        assert_allclose(table[word], expected, atol=1e-5, err_msg=word)
    assert not table.vectors[0].any()
    assert table.recipe["layer"] == 2
    assert table.provenance.counts() == {"padding": 1, "isolated": len(table) - 1}


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("layer", [0, 3])
def test_every_pooling(tiny_checkpoint: Callable[[str], Path], pooling: str, layer: int) -> None:
    folder = tiny_checkpoint("bert")
    checkpoint = open_checkpoint(folder)
    vocabulary = Vocabulary.from_words(WORDS, checkpoint)
    table = Isolated(layer=layer, pooling=pooling).table(checkpoint, vocabulary)
    expected = by_hand(folder, "gardening", TEMPLATE, layer, pooling)
    assert_allclose(table["gardening"], expected, atol=1e-5)


def test_the_layer_follows_the_kind_of_checkpoint(tiny_checkpoint: Callable[[str], Path]) -> None:
    layers = {}
    for name in ("bert", "bert_sentence"):
        checkpoint = open_checkpoint(tiny_checkpoint(name))
        table = Isolated().table(checkpoint, Vocabulary.from_words(WORDS, checkpoint))
        layers[name] = table.recipe["layer"]
    assert layers == {"bert": 1, "bert_sentence": 3}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": 9}, r"has layers 0 to 3; asked for \[9\]"),
        ({"layer": "top"}, "layer 'top': expected 'auto' or a number from 0 to 3"),
        ({"pooling": "max"}, "unknown pooling 'max'; choose one of own, first"),
        ({"template": "no place"}, "expected one '{}' with a space on each side"),
    ],
)
def test_impossible_options_are_refused(
    tiny_checkpoint: Callable[[str], Path], options: dict, message: str
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    with pytest.raises(CheckpointError, match=message):
        Isolated(**options).table(checkpoint, Vocabulary.from_words(WORDS, checkpoint))
