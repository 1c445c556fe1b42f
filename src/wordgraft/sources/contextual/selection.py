"""Which sentences to encode: enough that each word has its contexts, and as few tokens as can be.

The rarest word goes first, since it has the least choice. Of the sentences that hold it, those are
taken that serve the most words still in need, a token. Frequent words are covered on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.ragged import Ragged
from wordgraft.sources.contextual.alignment import AlignedWords
from wordgraft.sources.contextual.sample import Sample
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.chunks import Chunks

if TYPE_CHECKING:
    import pyarrow as pa
    from jaxtyping import Bool, Int32, Int64
    from numpy import ndarray

_SENTENCES_AT_ONCE = 8192


@dataclass(frozen=True, eq=False)
class Choice:
    """Sentences to encode, the longest first so that batches of one length fill up.

    Attributes:
        sentences: in the order they are to be encoded.
        tokens: pieces of each, special ones included.
    """

    sentences: list[str]
    tokens: Int64[ndarray, " sentences"]


def choose(
    sample: Sample, checkpoint: Checkpoint, vocabulary: Vocabulary, *, contexts: int
) -> Choice:
    """Choose sentences of `sample` until each word has `contexts`, or all that there are."""
    texts = sample.sentences.ascending().texts
    rows, pieces = _rows_and_pieces(texts, checkpoint, vocabulary)
    tokens = pieces + sum(map(len, checkpoint.tokenizer.specials))
    chosen = np.flatnonzero(cover(rows, tokens, contexts=contexts, words=len(vocabulary)))
    order = chosen[np.argsort(-tokens[chosen], kind="stable")]
    return Choice(texts.take(order).to_pylist(), tokens[order])


def cover(
    rows: Ragged, costs: Int64[ndarray, " sentences"], *, contexts: int, words: int
) -> Bool[ndarray, " sentences"]:
    """Which sentences to take so that each row occurs in `contexts` of them, if it can.

    `rows` are the different rows of each sentence, `costs` what it costs to encode.
    """
    holders, borders = _holders(rows, words)
    holding = np.diff(borders)
    need = np.minimum(holding, contexts)
    chosen = np.zeros(len(rows), bool)
    for row in np.argsort(holding, kind="stable"):
        while need[row] > 0:
            held = holders[borders[row] : borders[row + 1]]
            left = held[~chosen[held]]
            inside = rows.take(left)
            served = np.add.reduceat(need[inside.ids] > 0, inside.offsets[:-1], dtype=np.int64)
            # Half of what is needed at a time: each one taken changes what the others serve.
            some = max(1, int(need[row]) // 2)
            best = left[np.argsort(-served / costs[left], kind="stable")[:some]]
            chosen[best] = True
            np.subtract.at(need, rows.take(best).ids, 1)
    return chosen


def _holders(rows: Ragged, words: int) -> tuple[Int32[ndarray, " pairs"], Int32[ndarray, " rows"]]:
    """The sentences that hold each row, one row after the other, and where each row's begin."""
    there = np.ones(len(rows.ids), bool)
    by_row = csr_array((there, rows.ids, rows.offsets), shape=(len(rows), words)).tocsc()
    return by_row.indices, by_row.indptr


def _rows_and_pieces(
    sentences: pa.LargeStringArray, checkpoint: Checkpoint, vocabulary: Vocabulary
) -> tuple[Ragged, Int64[ndarray, " sentences"]]:
    """The different words of each sentence that have a row, and its number of pieces."""
    chunks = Chunks(AlignedWords(checkpoint, vocabulary))
    roles = np.array(list(vocabulary.roles.values()))
    nothing = np.zeros(0, np.int64)
    ids, lengths, pieces = [nothing], [nothing], [nothing]
    for start in range(0, len(sentences), _SENTENCES_AT_ONCE):
        part = sentences.slice(start, _SENTENCES_AT_ONCE).to_pylist()
        cut, rows, *_ = chunks.columns(part)
        sentence_of = np.repeat(np.arange(len(rows)), rows.lengths)
        kept = ~np.isin(rows.ids, roles)
        pairs = np.unique(sentence_of[kept] * len(vocabulary) + rows.ids[kept])
        ids.append(pairs % len(vocabulary))
        lengths.append(np.bincount(pairs // len(vocabulary), minlength=len(rows)))
        pieces.append(cut.lengths)
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    return Ragged(np.concatenate(ids), offsets), np.concatenate(pieces)
