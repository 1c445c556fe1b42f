"""Which sentences to encode: enough contexts for each word, in as few tokens as possible.

The rarest word goes first, since it has the fewest sentences to select from. Of these, the greedy
rule takes those that serve the most words still in need per token. Frequent words are covered on
the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.ragged import Ragged
from wordgraft.sources.contextual.alignment import AlignedWords
from wordgraft.sources.contextual.sample import Sample
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.ids import ChunkCache

if TYPE_CHECKING:
    import pyarrow as pa
    from jaxtyping import Bool, Int64
    from numpy import ndarray

_SENTENCES_AT_ONCE = 8192


@dataclass(frozen=True, eq=False)
class Selection:
    """Sentences to encode, the longest first, so that batches of equal length are full.

    Attributes:
        sentences: in the order in which they are encoded.
        tokens: pieces of each, special ones included.
    """

    sentences: list[str]
    tokens: Int64[ndarray, " sentences"]


def select_sentences(
    sample: Sample, checkpoint: Checkpoint, vocabulary: Vocabulary, *, contexts: int
) -> Selection:
    """Select sentences of `sample` until each word has `contexts`, or all that there are."""
    texts = sample.sentences.ascending().texts
    rows, pieces = _rows_and_pieces(texts, checkpoint, vocabulary)
    tokens = pieces + sum(map(len, checkpoint.tokenizer.specials))
    selected = np.flatnonzero(cover(rows, tokens, contexts=contexts, words=len(vocabulary)))
    order = selected[np.argsort(-tokens[selected], kind="stable")]
    return Selection(texts.take(order).to_pylist(), tokens[order])


def cover(
    rows: Ragged, costs: Int64[ndarray, " sentences"], *, contexts: int, words: int
) -> Bool[ndarray, " sentences"]:
    """Which sentences to take so that each row occurs in `contexts` of them, if possible.

    Args:
        rows: the distinct rows of each sentence.
        costs: what each sentence costs to encode.
        words: the number of rows.

    >>> rows = Ragged.of([[0], [0, 1], [1]])
    >>> cover(rows, np.array([3, 4, 3]), contexts=1, words=2).tolist()
    [False, True, False]
    """
    holders, borders = _holders(rows, words)
    holding = np.diff(borders)
    need = np.minimum(holding, contexts)
    taken = np.zeros(len(rows), bool)
    for row in np.argsort(holding, kind="stable"):
        while need[row] > 0:
            candidates = holders[borders[row] : borders[row + 1]]
            left = candidates[~taken[candidates]]
            their_rows = rows.take(left)
            served = np.add.reduceat(
                need[their_rows.ids] > 0, their_rows.offsets[:-1], dtype=np.int64
            )
            # Half of what is needed at a time, since each sentence taken changes what others serve.
            number = max(1, int(need[row]) // 2)
            best = left[np.argsort(-served / costs[left], kind="stable")[:number]]
            taken[best] = True
            np.subtract.at(need, rows.take(best).ids, 1)
    return taken


def _holders(rows: Ragged, words: int) -> tuple[Int64[ndarray, " pairs"], Int64[ndarray, " rows"]]:
    """The sentences that hold each row, row by row, and the offset at which each row's begin."""
    ones = np.ones(len(rows.ids), bool)
    from scipy.sparse import csr_array

    by_row = csr_array((ones, rows.ids, rows.offsets), shape=(len(rows), words)).tocsc()
    return by_row.indices, by_row.indptr


def _rows_and_pieces(
    sentences: pa.LargeStringArray, checkpoint: Checkpoint, vocabulary: Vocabulary
) -> tuple[Ragged, Int64[ndarray, " sentences"]]:
    """The distinct rows of each sentence's words, roles excluded, and its number of pieces."""
    chunks = ChunkCache(AlignedWords(checkpoint, vocabulary))
    roles = np.array(list(vocabulary.roles.values()))
    none = np.zeros(0, np.int64)
    ids, lengths, pieces = [none], [none], [none]
    for start in range(0, len(sentences), _SENTENCES_AT_ONCE):
        part = sentences.slice(start, _SENTENCES_AT_ONCE).to_pylist()
        piece_ids, rows, *_ = chunks.columns(part)
        sentence_of = np.repeat(np.arange(len(rows)), rows.lengths)
        is_word = ~np.isin(rows.ids, roles)
        pairs = np.unique(sentence_of[is_word] * len(vocabulary) + rows.ids[is_word])
        ids.append(pairs % len(vocabulary))
        lengths.append(np.bincount(pairs // len(vocabulary), minlength=len(rows)))
        pieces.append(piece_ids.lengths)
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    return Ragged(np.concatenate(ids), offsets), np.concatenate(pieces)
