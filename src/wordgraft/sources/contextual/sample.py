"""Which sentences hold which word: a sample that any number of readers can share and merge.

Each word keeps the sentences with the smallest 64-bit hashes (a bottom-k sample, Cohen and Kaplan
2007). A hash depends on the seed and the sentence alone, so the sample is the same in whatever
order and in however many parts a corpus is read, a sentence that comes twice counts once, and two
samples merge exactly. Words share the sentences of small hash, so few are kept in all.
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
from wordgraft.vocabulary.chunks import Chunks

if TYPE_CHECKING:
    from jaxtyping import Int64, UInt64
    from numpy import ndarray

# New pairs of word and sentence before the sample is cut down to its size again.
_PENDING = 2_000_000
_LARGEST_HASH = np.uint64(2**64 - 1)


@dataclass(frozen=True, eq=False)
class Sample:
    """Up to `size` sentences for each word of a corpus, and how often each word occurs in it.

    Attributes:
        size: most sentences a word.
        seed: of the hashes.
        words: by number.
        counts: occurrences of each word in the corpus, repeated sentences included.
        numbers: words of the pairs, ascending.
        hashes: sentences of the pairs, ascending for a word.
        sentences: those of the pairs.
        seen: sentences read, repeated ones included.
        tokens: pieces read, special ones apart.
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
        """Everything `of_arrays` needs: arrays, and plain numbers."""
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
        """The reverse of `arrays`."""
        return cls(
            words=tuple(unpack_texts(arrays["words"])),
            counts=np.array(arrays["counts"]),
            numbers=np.array(arrays["numbers"]),
            hashes=np.array(arrays["hashes"]),
            sentences=StoredSentences.of_arrays(arrays),
            **{name: numbers[name] for name in ("size", "seed", "seen", "tokens")},
        )

    def only(self, words: Container[str]) -> Sample:
        """The sample of some of its words, their numbers unchanged."""
        wanted = np.array([word in words for word in self.words], bool)[self.numbers]
        hashes = self.hashes[wanted]
        return replace(
            self,
            numbers=self.numbers[wanted],
            hashes=hashes,
            sentences=self.sentences.only(np.unique(hashes)),
        )

    def merge(self, other: Sample) -> Sample:
        """The sample of both corpora together: exactly what one reader of both would have.

        Raises `DataError` for samples of another size or seed.
        """
        if (self.size, self.seed) != (other.size, other.seed):
            raise DataError(
                f"samples of size {self.size} and {other.size}, seed {self.seed} and {other.seed}: "
                "only equal ones merge"
            )
        number = {word: i for i, word in enumerate(self.words)}
        for word in other.words:
            number.setdefault(word, len(number))
        theirs = np.array([number[word] for word in other.words], np.int64)
        counts = np.zeros(len(number), np.int64)
        counts[: len(self.words)] = self.counts
        np.add.at(counts, theirs, other.counts)
        numbers, hashes = _smallest(
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
        """The corpus's own words and counts, most frequent first, as `Vocabulary.from_texts`."""
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
    """Read a corpus once, from `start` on, and give the sample of what `sampler` has taken.

    Memory grows with the vocabulary; without one, with the number of different words.
    """
    with progress_bar("reading sentences", None, show=progress) as advance:
        for block in corpus.blocks(start):
            sampler.add(block.sentences)
            advance(len(block.sentences))
            if after_each_block is not None:
                after_each_block(sampler, block.position)
    return sampler.sample()


class Sampler:
    """Takes sentences, some at a time, and gives their `Sample`."""

    def __init__(
        self, checkpoint: Checkpoint, vocabulary: Vocabulary | None, *, size: int, seed: int
    ) -> None:
        if size < 1:
            raise DataError(f"{size} contexts a word asked for, expected at least 1")
        rule: KnownWords | OpenWords
        rule = OpenWords(checkpoint) if vocabulary is None else KnownWords(checkpoint, vocabulary)
        self._words = rule
        # Roles have no contexts: padding and unk are numbers below this.
        self._first = 0 if vocabulary is None else len(vocabulary.roles)
        self._chunks = Chunks(rule)
        self._size, self._seed = size, seed
        self._counts = np.zeros(0, np.int64)
        # The largest hash that still gets in, a word each.
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
        gets_in = hashes[sentence_of] <= self._limits[numbers.ids]
        gets_in &= numbers.ids >= self._first
        kept = np.unique(sentence_of[gets_in])
        self._fresh.append(StoredSentences.of(hashes[kept], [sentences[place] for place in kept]))
        self._pairs.append((numbers.ids[gets_in], hashes[sentence_of[gets_in]]))
        self._pending += int(gets_in.sum())
        if self._pending > _PENDING:
            self._compact()

    def sample(self) -> Sample:
        """What the sentences so far come to."""
        self._compact()
        (numbers, hashes) = self._pairs[0]
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
        """The sample of the sentences since the last `drain`, which are then let go.

        A sentence is left out where earlier ones have filled its words with smaller hashes. So the
        less there is to hand over the more has been read, and all drains, of any number of
        samplers, merge into exactly the sample of all their sentences.
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

    def take_up(self, sample: Sample) -> None:
        """Go on from a sample made before with the same vocabulary, size and seed."""
        self._words.take_up(sample.words)
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
        numbers, hashes = _smallest(np.concatenate(words), np.concatenate(sentences), self._size)
        self._pairs, self._pending = [(numbers, hashes)], 0
        last = np.flatnonzero(np.diff(numbers, append=-1))
        full = last[np.bincount(numbers, minlength=1)[numbers[last]] == self._size]
        self._limits[numbers[full]] = hashes[full]
        # Those handed over by a drain are gone. One step after another, to hold few copies at once.
        kept = np.unique(hashes)
        self._sentences = self._sentences.only(kept)
        fresh, self._fresh = StoredSentences.joined(self._fresh), []
        fresh = fresh.only(kept)
        self._sentences = self._sentences.with_others(fresh)


def _smallest(
    numbers: Int64[ndarray, " pairs"], hashes: UInt64[ndarray, " pairs"], size: int
) -> tuple[Int64[ndarray, " kept"], UInt64[ndarray, " kept"]]:
    """Each word's `size` smallest different hashes, sorted by word and hash."""
    order = np.lexsort((hashes, numbers))
    numbers, hashes = numbers[order], hashes[order]
    fresh = np.ones(len(numbers), bool)
    fresh[1:] = (numbers[1:] != numbers[:-1]) | (hashes[1:] != hashes[:-1])
    numbers, hashes = numbers[fresh], hashes[fresh]
    starts = np.searchsorted(numbers, numbers, side="left")
    kept = np.arange(len(numbers)) - starts < size
    return numbers[kept], hashes[kept]


def _hashes(sentences: Sequence[str], seed: int) -> UInt64[ndarray, " sentences"]:
    from xxhash import xxh3_64_intdigest

    return np.fromiter(
        (xxh3_64_intdigest(each.encode(), seed) for each in sentences), np.uint64, len(sentences)
    )
