"""Character n-grams as numbers."""

from __future__ import annotations

from wordgraft.oov.character_ngrams import characters_of, grams_of, shortened


def test_each_different_n_gram_counts_once_per_word() -> None:
    grams, owners = grams_of(["aaa", "aa"], (2,))
    # <a, aa, a> of both words.
    assert owners.tolist() == [0, 0, 0, 1, 1, 1]
    assert grams[:3].tolist() == grams[3:].tolist()


def test_long_words_keep_their_ends_and_surrogates_are_characters() -> None:
    assert shortened("abcdefgh", 4) == "abgh"
    codes, lengths = characters_of(["a\ud800", "b"])
    assert (codes.tolist(), lengths.tolist()) == ([97, 0xD800, 98], [2, 1])
