"""Which sentences hold which word: a sample that any number of readers can take and merge.

Each word keeps the sentences with the smallest 64-bit hashes (a bottom-k sample, Cohen and Kaplan
2007). A hash depends only on the seed and the sentence. So the sample does not depend on the order
or the number of parts in which a corpus is read, a repeated sentence counts once, and two samples
merge exactly. Words share the sentences with small hashes, so few sentences are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.progress import progress_bar
from wordgraft.core.run_state import pack_texts, unpack_texts
from wordgraft.errors import DataError
from wordgraft.sources.contextual.alignment import KnownWords, OpenWords
from wordgraft.sources.contextual.corpus import Corpus, Position
from wordgraft.sources.contextual.sentence_store import StoredSentences
from wordgraft.vocabulary import Vocabulary
from wordgraft.vocabulary.ids import ChunkCache

if TYPE_CHECKING:
    from jaxtyping import Int64, UInt64
    from numpy import ndarray

# New pairs of word and sentence that are collected before the sample is cut down to its size.
_PENDING = 2_000_000
_LARGEST_HASH = np.uint64(2**64 - 1)


@dataclass(frozen=True, eq=False)
class Sample:
    """Up to `size` sentences for each word of a corpus, and how often each word occurs in it.

    Attributes:
        size: the most sentences per word.
        seed: seed of the hashes.
        words: by number.
        counts: occurrences of each word in the corpus, repeated sentences included.
        numbers: the word of each pair of word and sentence, ascending.
        hashes: the sentence of each pair, ascending for each word.
        sentences: those of the pairs.
        seen: the number of sentences read, repeated ones included.
        tokens: the number of pieces read, without special ones.
    """

    size: int
    seed: int
    words: tuple[str, ...]
    counts: Int64[ndarray, " words"]
    numbers: Int64[ndarray, " pairs"]
    hashes: UInt64[ndarray, " pairs"]
    sentences: StoredSentences
    seen: int
    tokens: int

    def arrays(self) -> tuple[dict[str, ndarray], dict[str, int]]:
        """Everything `of_arrays` needs: arrays and plain numbers."""
        arrays = {
            "words": pack_texts(list(self.words)),
            "counts": self.counts,
            "numbers": self.numbers,
            "hashes": self.hashes,
            **self.sentences.arrays(),
        }
        names = ("size", "seed", "seen", "tokens")
        return arrays, {name: getattr(self, name) for name in names}

    @classmethod
    def of_arrays(cls, arrays: dict[str, ndarray], numbers: dict[str, int]) -> Sample:
        """The inverse of `arrays`."""
        return cls(
            words=tuple(unpack_texts(arrays["words"])),
            counts=np.array(arrays["counts"]),
            numbers=np.array(arrays["numbers"]),
            hashes=np.array(arrays["hashes"]),
            sentences=StoredSentences.of_arrays(arrays),
            **{name: numbers[name] for name in ("size", "seed", "seen", "tokens")},
        )

    def only(self, words: Container[str]) -> Sample:
        """The sample restricted to some of its words, which keep their numbers."""
        wanted = np.array([word in words for word in self.words], bool)[self.numbers]
        hashes = self.hashes[wanted]
        return replace(
            self,
            numbers=self.numbers[wanted],
            hashes=hashes,
            sentences=self.sentences.only(np.unique(hashes)),
        )

    def merge(self, other: Sample) -> Sample:
        """The sample of both corpora together: exactly what one reader of both would get.

        Raises `DataError` if size or seed differ.
        """
        if (self.size, self.seed) != (other.size, other.seed):
            raise DataError(
                f"samples of size {self.size} and {other.size}, with seed {self.seed} and "
                f"{other.seed}: to be merged, both must be equal"
            )
        number = {word: i for i, word in enumerate(self.words)}
        for word in other.words:
            number.setdefault(word, len(number))
        theirs = np.array([number[word] for word in other.words], np.int64)
        counts = np.zeros(len(number), np.int64)
        counts[: len(self.words)] = self.counts
        np.add.at(counts, theirs, other.counts)
        numbers, hashes = smallest_hashes(
            np.concatenate([self.numbers, theirs[other.numbers]]),
            np.concatenate([self.hashes, other.hashes]),
            self.size,
        )
        both = self.sentences.with_others(other.sentences)
        return Sample(
            self.size,
            self.seed,
            tuple(number),
            counts,
            numbers,
            hashes,
            both.only(np.unique(hashes)),
            self.seen + other.seen,
            self.tokens + other.tokens,
        )

    def vocabulary(
        self, checkpoint: Checkpoint, *, min_count: int = 1, max_words: int | None = None
    ) -> Vocabulary:
        """The words of the corpus and their counts, as `Vocabulary.from_texts` gives them."""
        count_of = dict(zip(self.words, self.counts.tolist(), strict=True))
        return Vocabulary.from_counts(
            count_of, checkpoint, min_count=min_count, max_words=max_words
        )


def sample_corpus(
    corpus: Corpus,
    sampler: Sampler,
    *,
    start: Position | None = None,
    after_each_block: Callable[[Sampler, Position], None] | None = None,
    progress: bool = False,
) -> Sample:
    """Read a corpus once, from `start` on, and return the sample that `sampler` has taken.

    Memory grows with the vocabulary, or without one, with the number of distinct words.
    """
    with progress_bar("reading sentences", None, show=progress) as advance:
        for block in corpus.blocks(start):
            sampler.add(block.sentences)
            advance(len(block.sentences))
            if after_each_block is not None:
                after_each_block(sampler, block.position)
    return sampler.sample()


class Sampler:
    """Takes sentences in batches, and returns their `Sample`."""

    def __init__(
        self, checkpoint: Checkpoint, vocabulary: Vocabulary | None, *, size: int, seed: int
    ) -> None:
        if size < 1:
            raise DataError(f"contexts per word is {size}, expected at least 1")
        rule: KnownWords | OpenWords
        rule = OpenWords(checkpoint) if vocabulary is None else KnownWords(checkpoint, vocabulary)
        self._words = rule
        # Padding and unk, which have no contexts, are the numbers below this.
        self._first = 0 if vocabulary is None else len(vocabulary.roles)
        self._chunks = ChunkCache(rule)
        self._size, self._seed = size, seed
        self._counts = np.zeros(0, np.int64)
        # For each word, the largest hash that still enters the sample.
        self._limits = np.zeros(0, np.uint64)
        self._pairs = [(np.zeros(0, np.int64), np.zeros(0, np.uint64))]
        self._pending = 0
        self._sentences = StoredSentences.joined([])
        self._fresh: list[StoredSentences] = []
        self._seen = self._tokens = 0

    def add(self, sentences: Sequence[str]) -> None:
        """Count and sample the words of some sentences."""
        numbers, pieces = self._chunks.columns(sentences)
        self._grow(len(self._words))
        self._counts += np.bincount(numbers.ids, minlength=len(self._counts))
        self._seen += len(sentences)
        self._tokens += int(pieces.ids.sum())
        hashes = _hashes(sentences, self._seed)
        sentence_of = np.repeat(np.arange(len(sentences)), numbers.lengths)
        enters = hashes[sentence_of] <= self._limits[numbers.ids]
        enters &= numbers.ids >= self._first
        places = np.unique(sentence_of[enters])
        texts = [sentences[place] for place in places]
        self._fresh.append(StoredSentences.of(hashes[places], texts))
        self._pairs.append((numbers.ids[enters], hashes[sentence_of[enters]]))
        self._pending += int(enters.sum())
        if self._pending > _PENDING:
            self._compact()

    def sample(self) -> Sample:
        """The sample of the sentences so far."""
        self._compact()
        numbers, hashes = self._pairs[0]
        return Sample(
            self._size,
            self._seed,
            self._words.words,
            self._counts.copy(),
            numbers,
            hashes,
            self._sentences,
            self._seen,
            self._tokens,
        )

    def drain(self) -> Sample:
        """The sample of the sentences since the last `drain`, which are then dropped.

        A sentence is left out if earlier ones filled its words with smaller hashes. So the more has
        been read, the less there is to hand over. All drains, of any number of samplers, merge
        into exactly the sample of all their sentences.
        """
        whole = self.sample()
        fresh = np.isin(whole.hashes, whole.sentences.hashes)
        occurring = np.flatnonzero(whole.counts)
        number = np.zeros(len(whole.words), np.int64)
        number[occurring] = np.arange(len(occurring))
        self._sentences, self._seen, self._tokens = StoredSentences.joined([]), 0, 0
        self._counts[:] = 0
        return replace(
            whole,
            words=tuple(whole.words[place] for place in occurring),
            counts=whole.counts[occurring],
            numbers=number[whole.numbers[fresh]],
            hashes=whole.hashes[fresh],
        )

    def resume(self, sample: Sample) -> None:
        """Continue from a sample made before with the same vocabulary, size and seed."""
        self._words.resume(sample.words)
        self._grow(len(sample.words))
        self._counts[: len(sample.counts)] = sample.counts
        self._pairs = [(sample.numbers, sample.hashes)]
        self._sentences = sample.sentences
        self._seen, self._tokens = sample.seen, sample.tokens
        self._compact()

    def _grow(self, words: int) -> None:
        more = words - len(self._counts)
        if more > 0:
            self._counts = np.concatenate([self._counts, np.zeros(more, np.int64)])
            fresh = np.full(more, _LARGEST_HASH)
            self._limits = np.concatenate([self._limits, fresh])

    def _compact(self) -> None:
        words, sentences = zip(*self._pairs, strict=True)
        numbers, hashes = smallest_hashes(
            np.concatenate(words), np.concatenate(sentences), self._size
        )
        self._pairs, self._pending = [(numbers, hashes)], 0
        last = np.flatnonzero(np.diff(numbers, append=-1))
        full = last[np.bincount(numbers, minlength=1)[numbers[last]] == self._size]
        self._limits[numbers[full]] = hashes[full]
        # Sentences that a drain handed over are missing here. Step by step, to hold few copies.
        wanted = np.unique(hashes)
        self._sentences = self._sentences.only(wanted)
        fresh, self._fresh = StoredSentences.joined(self._fresh), []
        fresh = fresh.only(wanted)
        self._sentences = self._sentences.with_others(fresh)


def smallest_hashes(
    numbers: Int64[ndarray, " pairs"], hashes: UInt64[ndarray, " pairs"], size: int
) -> tuple[Int64[ndarray, " smallest"], UInt64[ndarray, " smallest"]]:
    """Each word's `size` smallest distinct hashes, sorted by word and hash."""
    order = np.lexsort((hashes, numbers))
    numbers, hashes = numbers[order], hashes[order]
    first = np.ones(len(numbers), bool)
    first[1:] = (numbers[1:] != numbers[:-1]) | (hashes[1:] != hashes[:-1])
    numbers, hashes = numbers[first], hashes[first]
    starts = np.searchsorted(numbers, numbers, side="left")
    smallest = np.arange(len(numbers)) - starts < size
    return numbers[smallest], hashes[smallest]


def _hashes(sentences: Sequence[str], seed: int) -> UInt64[ndarray, " sentences"]:
    from xxhash import xxh3_64_intdigest

    return np.fromiter(
        (xxh3_64_intdigest(text.encode(), seed) for text in sentences), np.uint64, len(sentences)
    )
