"""Which sentences to encode: enough that each word has its contexts, and as few tokens as can be.

The rarest word goes first, since it has the least choice. Of the sentences that hold it, those are
taken that serve the most words still in need, a token. Frequent words are covered on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.tokenizer import Ragged
from wordgraft.sources.contextual.rules import AlignedWords
from wordgraft.sources.contextual.sample import Sample
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.chunks import Chunks

if TYPE_CHECKING:
    from jaxtyping import Bool, Int64
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
    hashes = np.array(sorted(sample.sentences), np.uint64)
    sentences = [sample.sentences[each] for each in hashes.tolist()]
    rows, pieces = _rows_and_pieces(sentences, checkpoint, vocabulary)
    tokens = pieces + sum(map(len, checkpoint.tokenizer.specials))
    chosen = np.flatnonzero(cover(rows, tokens, contexts=contexts, words=len(vocabulary)))
    order = chosen[np.argsort(-tokens[chosen], kind="stable")]
    return Choice([sentences[place] for place in order], tokens[order])


def cover(
    rows: Ragged, costs: Int64[ndarray, " sentences"], *, contexts: int, words: int
) -> Bool[ndarray, " sentences"]:
    """Which sentences to take so that each row occurs in `contexts` of them, if it can.

    `rows` are the different rows of each sentence, `costs` what it costs to encode.
    """
    sentence_of = np.repeat(np.arange(len(rows)), rows.lengths)
    by_row = np.argsort(rows.ids, kind="stable")
    holders = Ragged(sentence_of[by_row], np.searchsorted(rows.ids[by_row], np.arange(words + 1)))
    need = np.minimum(holders.lengths, contexts)
    chosen = np.zeros(len(rows), bool)
    for row in np.argsort(holders.lengths, kind="stable"):
        while need[row] > 0:
            held = holders.ids[holders.offsets[row] : holders.offsets[row + 1]]
            left = held[~chosen[held]]
            inside = rows.take(left)
            served = np.add.reduceat(need[inside.ids] > 0, inside.offsets[:-1], dtype=np.int64)
            # Half of what is needed at a time: each one taken changes what the others serve.
            some = max(1, int(need[row]) // 2)
            best = left[np.argsort(-served / costs[left], kind="stable")[:some]]
            chosen[best] = True
            np.subtract.at(need, rows.take(best).ids, 1)
    return chosen


def _rows_and_pieces(
    sentences: list[str], checkpoint: Checkpoint, vocabulary: Vocabulary
) -> tuple[Ragged, Int64[ndarray, " sentences"]]:
    """The different words of each sentence that have a row, and its number of pieces."""
    chunks = Chunks(AlignedWords(checkpoint, vocabulary))
    found, pieces = [], []
    roles = np.array(list(vocabulary.roles.values()))
    for start in range(0, len(sentences), _SENTENCES_AT_ONCE):
        part, rows, *_ = chunks.columns(sentences[start : start + _SENTENCES_AT_ONCE])
        pieces.append(part.lengths)
        sentence_of = np.repeat(np.arange(len(rows)), rows.lengths)
        kept = ~np.isin(rows.ids, roles)
        pairs = np.unique(sentence_of[kept] * len(vocabulary) + rows.ids[kept])
        borders = np.searchsorted(pairs, np.arange(len(rows) + 1) * len(vocabulary))
        found.append(Ragged(pairs % len(vocabulary), borders))
    every = found[0] if found else Ragged.of([])
    for more in found[1:]:
        every = every.append(more)
    return every, np.concatenate(pieces) if pieces else np.zeros(0, np.int64)
