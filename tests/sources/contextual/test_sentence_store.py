"""Stored sentences against a dictionary that does the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wordgraft.errors import ProgressError
from wordgraft.sources.contextual.sentence_store import StoredSentences

TEXTS = ("", "the bank", "naïve café", "日本語", "a" * 500)
# A sentence has one hash, so each number stands for one text.
numbers = st.lists(st.integers(0, 2**64 - 1), max_size=20)


def stored(hashes: list[int]) -> StoredSentences:
    texts = [TEXTS[digest % len(TEXTS)] for digest in hashes]
    return StoredSentences.of(np.array(hashes, np.uint64), texts)


def meaning(hashes: list[int]) -> dict[int, str]:
    return {digest: TEXTS[digest % len(TEXTS)] for digest in hashes}


@given(numbers, st.integers(0, 5))
def test_arrays_and_back(hashes: list[int], skipped: int) -> None:
    whole = stored(hashes)
    part = StoredSentences(whole.hashes[skipped:], whole.texts.slice(skipped))
    store = StoredSentences.of_arrays(part.arrays())
    assert list(store) == list(part) == [TEXTS[digest % len(TEXTS)] for digest in hashes[skipped:]]
    assert store.hashes.tolist() == hashes[skipped:]


@given(numbers, numbers)
def test_only_some(hashes: list[int], wanted: list[int]) -> None:
    wanted_hashes = np.array(sorted({*wanted, *hashes[::2]}), np.uint64)
    store = stored(hashes).only(wanted_hashes)
    assert store.as_dict() == meaning([digest for digest in hashes if digest in wanted_hashes])
    assert len(store) == len(store.as_dict())


@given(numbers, numbers)
def test_with_others(one: list[int], other: list[int]) -> None:
    one = list(dict.fromkeys(one))
    store = stored(one).with_others(stored(other + one[:2]))
    assert store.as_dict() == meaning(one + other)
    assert len(store) == len({*one, *other})


@given(numbers)
def test_ascending(hashes: list[int]) -> None:
    store = stored(hashes).ascending()
    assert store.hashes.tolist() == sorted(hashes)
    assert list(store) == [TEXTS[digest % len(TEXTS)] for digest in sorted(hashes)]


def test_invalid_text_is_refused() -> None:
    arrays = stored([1, 2]).arrays()
    with pytest.raises(ProgressError, match=r"the saved sentences are damaged .* resume=False"):
        StoredSentences.of_arrays({**arrays, "sentences": arrays["sentences"] | 0x80})
