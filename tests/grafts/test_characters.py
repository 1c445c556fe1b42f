"""`CharacterEmbedding`: the same vectors as the method, inside a network that learns."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from tables import table_of

from wordgraft import TextReader, method_of, with_oov
from wordgraft.errors import TableError
from wordgraft.grafts.torch import CharacterEmbedding, embedding
from wordgraft.oov import Blend
from wordgraft.table import Center, EmbeddingTable, Pca

WORDS = ["sun", "rain", "warm", "cold", "tree", "garden", "gardens", "warmer", "rains"]
ASKED = ["unheard", "gardener", "raining", "sunn"]


@cache
def _table() -> EmbeddingTable:
    rows = np.random.default_rng(0).normal(size=(len(WORDS), 6))
    return with_oov(table_of(WORDS, rows), Blend(epochs=2)).refine(Center(), Pca(4))


def test_it_gives_what_the_method_gives() -> None:
    table = _table()
    layer = CharacterEmbedding(table, trainable=False)
    expected = method_of(table).characters.both(ASKED)[0]  # type: ignore[attr-defined]
    assert_allclose(layer(ASKED).numpy(), expected, atol=1e-5)
    assert_allclose(layer(layer.prepare(ASKED)).numpy(), expected, atol=1e-5)
    assert not [value for value in layer.parameters() if value.requires_grad]


def test_it_is_tuned_and_written_back() -> None:
    table = _table()
    layer = CharacterEmbedding(table, trainable=True)
    wanted = torch.ones(len(ASKED), 4)
    optimizer = torch.optim.Adam(layer.parameters(), lr=1e-3)
    losses = []
    for _ in range(60):
        loss = (layer(ASKED) - wanted).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]
    tuned = layer.write_back(table)
    again = CharacterEmbedding(tuned, trainable=False)
    assert_array_equal(again(ASKED).numpy(), layer(ASKED).detach().numpy())
    assert np.abs(method_of(tuned).vectors(ASKED) - method_of(table).vectors(ASKED)).max() > 1e-2


def test_with_the_rows_it_answers_the_ids_of_a_text() -> None:
    table = _table()
    reading = TextReader(table).read(["sun unheard rain", "gardener"])
    rows = embedding(table, trainable=False)
    layer = CharacterEmbedding(table, trainable=False)
    every = torch.cat([rows.weight, layer(reading.words)])
    found = every[torch.from_numpy(reading.ids.ids)].numpy()
    by_network = method_of(table).characters.both(reading.words)[0]  # type: ignore[attr-defined]
    expected = np.concatenate([table.rows(), by_network])[reading.ids.ids]
    assert_allclose(found, expected, atol=1e-5)


def test_a_table_without_blend_is_refused() -> None:
    with pytest.raises(TableError, match=r"carries oov 'unk', .*with_oov\(table, 'blend'\)"):
        CharacterEmbedding(table_of(WORDS, np.ones((len(WORDS), 2))), trainable=False)
