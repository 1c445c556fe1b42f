"""The model card."""

from __future__ import annotations

from dataclasses import replace

from tables import RECIPE, random_table

from wordgraft.export.formats.card import model_card
from wordgraft.table import Similarity


def test_the_card_states_recipe_and_quality() -> None:
    table = replace(random_table(100, 8), recipe={**RECIPE, "template": "a | {}"})
    measured = [("simlex", Similarity(0.4567, 900, 999))]
    card = model_card(table, repo="me/words", kind="hub", measured=measured)
    assert card.startswith("---\nlibrary_name: wordgraft\nbase_model: org/encoder\ntags:\n")
    assert "# words\n" in card
    assert "102 rows of 8 numbers" in card
    assert 'EmbeddingTable.load("me/words")' in card
    assert "| layer | 6 |" in card
    assert "| template | a \\| {} |" in card
    assert '| refinements | [{"name": "scale", "rms": 0.3}] |' in card
    assert "| rows by source | 1 padding, 1 unk, 100 file |" in card
    assert "| simlex | 0.457 | 900 of 999 |" in card
    assert "Not measured" in model_card(table, repo="me/words", kind="hub", measured=())
    local = replace(table, recipe={"checkpoint": "/home/me/secret/bert"})
    card = model_card(local, repo="w", kind="hub", measured=())
    assert "base_model" not in card
    assert "from `bert`" in card
    assert "secret" not in card
