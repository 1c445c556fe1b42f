"""Which vector an entry gets: its own row, a piece's, or one by the out-of-vocabulary method."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tables import table_of
from tokenizers import Tokenizer

import wordgraft as wg
from wordgraft.matrix.entries import Entries
from wordgraft.matrix.rows import rows_from_checkpoint, rows_from_table
from wordgraft.matrix.special_entries import roles_of
from wordgraft.oov import TextReader

TABLE = table_of(["sun", "rain", "new york"], [[1, 0], [0, 2], [5, 5]], unk=9.0)


def _rows(words: list[str]) -> dict[str, tuple[list[float], str]]:
    made = rows_from_table(TABLE, TextReader(TABLE), Entries.of(words), roles_of(words))
    return {
        word: (vector.tolist(), origin)
        for word, vector, origin in zip(words, made.vectors, made.origins, strict=True)
    }


def test_words_have_their_rows_in_every_spelling() -> None:
    rows = _rows(["Sun", "sun", "new_york", "New York", "<pad>", "<unk>", "[SEP]"])
    assert rows == {
        "Sun": ([1, 0], "file"),
        "sun": ([1, 0], "file"),
        "new_york": ([5, 5], "file"),
        "New York": ([5, 5], "file"),
        "<pad>": ([0, 0], "padding"),
        "<unk>": ([9, 9], "unk"),
        "[SEP]": ([9, 9], "unk"),
    }


def test_phrases_without_a_row_are_the_mean_of_their_words() -> None:
    rows = _rows(["rain sun", "sun_rain", "unheard", " "])
    assert rows["rain sun"] == rows["sun_rain"] == ([0.5, 1], "hyphenated")
    assert rows["unheard"] == ([9, 9], "unk")
    assert rows[" "] == ([0, 0], "zero")


@pytest.fixture(scope="module")
def bert(tiny_checkpoint: Callable[[str], Path]) -> wg.Checkpoint:
    """A tiny BERT."""
    return wg.open_checkpoint(str(tiny_checkpoint("bert")))


@pytest.mark.parametrize("source", ["lookup", "composed"])
def test_a_tokenizer_of_the_checkpoint_gives_back_its_matrix(
    bert: wg.Checkpoint, source: str
) -> None:
    """Every piece, also those that only continue a word, has exactly its own row."""
    entries = Entries.of(bert.tokenizer.tokenizer)
    roles = roles_of(entries.words)
    made = rows_from_checkpoint(
        bert, entries, roles, source=source, oov="pieces", refinements=(), progress=False
    )
    expected = np.array(bert.word_embeddings(), np.float32)[entries.ids]
    expected[entries.words.index("[PAD]")] = 0
    assert (made.vectors == expected).all()


def test_pieces_of_another_tokenizer_are_matched_by_what_they_spell(
    bert: wg.Checkpoint, tiny_checkpoint: Callable[[str], Path]
) -> None:
    other = Tokenizer.from_file(str(tiny_checkpoint("xlm_roberta") / "tokenizer.json"))
    entries = Entries.of(other)
    roles = roles_of(entries.words)
    made = rows_from_checkpoint(
        bert, entries, roles, source="composed", oov="pieces", refinements=(), progress=False
    )
    own = bert.tokenizer.tokenizer.get_vocab()
    same = {}
    for place, word in enumerate(entries.words):
        text = word.removeprefix("\u2581")
        piece = text if word != text else f"##{text}"
        if text.isalpha() and text.isascii() and piece in own:
            same[place] = own[piece]
    assert len(same) > 20
    assert (made.vectors[list(same)] == bert.word_embeddings()[list(same.values())]).all()


def test_special_entries_are_the_checkpoint_s_own(bert: wg.Checkpoint) -> None:
    words = ["<s>", "sun", "<mask>"]
    made = rows_from_checkpoint(
        bert,
        Entries.of(words),
        roles_of(words),
        source="composed",
        oov="pieces",
        refinements=(),
        progress=False,
    )
    cls, mask = (bert.tokenizer.tokenizer.token_to_id(piece) for piece in ("[CLS]", "[MASK]"))
    assert (made.vectors[[0, 2]] == bert.word_embeddings()[[cls, mask]]).all()
    assert made.special == {"<s>": "[CLS] of the checkpoint", "<mask>": "[MASK] of the checkpoint"}


def test_a_table_of_pieces_composes_words(bert: wg.Checkpoint) -> None:
    pieces = wg.build_table(
        bert, wg.Vocabulary.from_tokenizer(bert), source="lookup", refinements=()
    )
    words = ["sunrain", "sun"]
    made = rows_from_table(pieces, TextReader(pieces), Entries.of(words), {})
    expected = wg.build_table(
        bert, wg.Vocabulary.from_words(words, bert), source="composed", refinements=()
    )
    np.testing.assert_allclose(made.vectors, [expected[word] for word in words], rtol=1e-4)
