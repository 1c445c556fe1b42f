"""`Corpus`: any number of files or datasets as one stream of sentences, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

from wordgraft.core.compressed import DAMAGED, open_bytes
from wordgraft.data.rows import is_plain_text, read_column
from wordgraft.data.text_files import TEXT_COLUMN, text_sources
from wordgraft.errors import DataError, first_line
from wordgraft.sources.contextual.sentences import sentences_of

_READ_BYTES = 1 << 20
# Longer lines are cut at whitespace, so that a file without line breaks is read like any other.
_LONGEST_LINE = 1 << 16
# Sentences in a block.
_BLOCK = 8192


@dataclass(frozen=True)
class Position:
    """How far a stream was read: `texts` texts of its source number `source`."""

    source: int = 0
    texts: int = 0


@dataclass(frozen=True)
class Block:
    """Some sentences, and the position after them."""

    sentences: list[str]
    position: Position


@dataclass
class Skipped:
    """What `skip_bad` has left out; filled in while a corpus is read.

    Attributes:
        texts: unreadable texts.
        sources: names of the damaged sources, which were read up to the damage.
    """

    texts: int = 0
    sources: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        broken = f", and everything after the damage in {', '.join(self.sources)}"
        return f"{self.texts:,} unreadable texts" + (broken if self.sources else "")


@dataclass(frozen=True)
class Corpus:
    """Running text to find words in.

    Attributes:
        sources: in reading order, each a file and its column, or texts that can be iterated again.
        names: what messages and recipes call each source.
        window: words in a window; None for sentences.
        skip_bad: leave out and count in `skipped` what cannot be read, instead of raising.

    >>> corpus = Corpus.of_texts(["It rains. It pours.", "The sun shines."])
    >>> [block.sentences for block in corpus.blocks()]
    [['It rains.', 'It pours.', 'The sun shines.']]
    """

    sources: tuple[tuple[str, str] | Iterable[str], ...]
    names: tuple[str, ...]
    window: int | None = None
    skip_bad: bool = False
    skipped: Skipped = field(default_factory=Skipped, compare=False)

    @classmethod
    def of(cls, places: Any, *, window: int | None = None, skip_bad: bool = False) -> Corpus:
        """A corpus from one or several places.

        Args:
            places: `FILE`, `FILE:COLUMN`, a glob of them, `dataset:NAME:COLUMN` (which `datasets`
                finds and streams), or a dataset of `datasets` with a column `text`. A file of an
                unknown kind is read as one text per line.
            window: words in a window; None for sentences.
            skip_bad: leave out what cannot be read, instead of raising.

        Raises `DataError` if a place does not exist.
        """
        if window is not None and window < 1:
            raise DataError(f"window is {window}, expected at least 1 word")
        one = isinstance(places, str | Path) or _is_dataset(places)
        sources: list[tuple[str, str] | Iterable[str]] = []
        names: list[str] = []
        for place in [places] if one else places:
            if _is_dataset(place):
                sources.append(_DatasetTexts.of(place))
                names.append(f"dataset {len(names) + 1}")
            else:
                files = text_sources(str(place))
                sources += files
                names += [path for path, _ in files]
        if not sources:
            raise DataError("the corpus names no files or datasets; expected at least one")
        return cls(tuple(sources), tuple(names), window, skip_bad)

    @classmethod
    def of_texts(cls, texts: Iterable[str], *, window: int | None = None) -> Corpus:
        """A corpus of texts in memory."""
        if isinstance(texts, str):
            raise DataError("texts is one string, expected an iterable of strings")
        source = texts if isinstance(texts, Sequence) else list(texts)
        return cls((source,), ("texts",), window)

    def sizes(self) -> list[tuple[str, int]]:
        """Each source's name, and the size of its file in bytes; 0 for anything else."""
        files = (Path(source[0]) if isinstance(source, tuple) else None for source in self.sources)
        sizes = (file.stat().st_size if file and file.is_file() else 0 for file in files)
        return list(zip(self.names, sizes, strict=True))

    def split(self, most: int) -> list[Corpus]:
        """At most `most` corpora, each with some of the sources, for readers run in other folders.

        Paths of files become absolute, and each part counts by itself what it leaves out.
        """
        sources = [_absolute(source) for source in self.sources]
        number = min(len(sources), most)
        borders = [len(sources) * part // number for part in range(number + 1)]
        return [
            replace(
                self,
                sources=tuple(sources[start:end]),
                names=self.names[start:end],
                skipped=Skipped(),
            )
            for start, end in pairwise(borders)
        ]

    def blocks(self, start: Position | None = None, *, size: int = _BLOCK) -> Iterator[Block]:
        """Stream sentences from `start` on, in blocks of `size` or more that end with a text.

        Raises `DataError` for what cannot be read, unless `skip_bad` is set.
        """
        start = start or Position()
        sentences: list[str] = []
        for number in range(start.source, len(self.sources)):
            done = 0
            for text in self._texts(number):
                done += 1
                if number == start.source and done <= start.texts:
                    continue
                sentences.extend(sentences_of(text, self.window))
                if len(sentences) >= size:
                    yield Block(sentences, Position(number, done))
                    sentences = []
        if sentences:
            yield Block(sentences, Position(len(self.sources)))

    def _texts(self, number: int) -> Iterator[str]:
        source, name = self.sources[number], self.names[number]
        try:
            if not isinstance(source, tuple):
                yield from _bounded_texts(source)
            elif is_plain_text(source[0]):
                yield from self._lines(Path(source[0]))
            else:
                yield from _bounded_texts(read_column(*source))
        except DataError:
            if not self.skip_bad:
                raise
            self.skipped.sources.append(name)

    def _lines(self, path: Path) -> Iterator[str]:
        try:
            with open_bytes(path) as stream:
                for number, line in enumerate(_lines(stream), 1):
                    try:
                        yield line.decode("utf-8")
                    except UnicodeDecodeError as error:
                        self.skipped.texts += 1
                        if not self.skip_bad:
                            raise DataError(
                                f"{path}, line {number:,} is not UTF-8 (byte "
                                f"0x{error.object[error.start]:02x}); convert the file with iconv, "
                                "or leave such lines out with skip_bad=True"
                            ) from error
        except FileNotFoundError as error:
            raise DataError(f"there is no file {path}") from error
        except DAMAGED as error:
            raise DataError(
                f"{path} is damaged: {first_line(error)}; fetch it again, or keep the part before "
                "the damage with skip_bad=True"
            ) from error


def _absolute(source: tuple[str, str] | Iterable[str]) -> tuple[str, str] | Iterable[str]:
    if isinstance(source, tuple) and Path(source[0]).is_file():
        return str(Path(source[0]).resolve()), source[1]
    return source


def _is_dataset(value: object) -> bool:
    return hasattr(value, "column_names") and hasattr(value, "iter")


@dataclass(frozen=True)
class _DatasetTexts:
    """The texts of a dataset; each iteration starts from the first."""

    dataset: Any

    @classmethod
    def of(cls, dataset: Any) -> _DatasetTexts:
        names = dataset.column_names
        if names is not None and TEXT_COLUMN not in names:
            raise DataError(
                f"the dataset has no column {TEXT_COLUMN!r}; its columns are {', '.join(names)}: "
                f"rename one with dataset.rename_column(..., {TEXT_COLUMN!r})"
            )
        return cls(dataset)

    def __iter__(self) -> Iterator[str]:
        for batch in self.dataset.iter(batch_size=1000):
            yield from batch[TEXT_COLUMN]


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while block := stream.read(_READ_BYTES):
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield from _bounded(line)
        while len(rest) > _LONGEST_LINE:
            cut = _cut_of(rest)
            yield rest[:cut]
            rest = rest[cut:]
    yield from _bounded(rest)


def _bounded(line: bytes) -> Iterator[bytes]:
    while len(line) > _LONGEST_LINE:
        cut = _cut_of(line)
        yield line[:cut]
        line = line[cut:]
    if line.strip():
        yield line


def _cut_of(line: bytes) -> int:
    """After the last space that keeps the part short; without one, between two characters."""
    cut = line.rfind(b" ", 0, _LONGEST_LINE) + 1 or _LONGEST_LINE
    while 0 < cut < len(line) and line[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut or _LONGEST_LINE  # no character begins here: not UTF-8, which decoding will report


def _bounded_texts(texts: Iterable[Any]) -> Iterator[str]:
    for number, text in enumerate(texts):
        if text is None:
            continue
        if not isinstance(text, str):
            raise DataError(
                f"text {number:,} of the corpus is a {type(text).__name__} ({text!r:.40}), "
                "expected a string"
            )
        if not _is_utf8(text):
            raise DataError(f"text {number:,} of the corpus has a lone surrogate: {text!r:.40}")
        if len(text) <= _LONGEST_LINE // 4:
            yield text
        else:
            yield from (part.decode() for part in _bounded(text.encode()))


def _is_utf8(text: str) -> bool:
    """Whether UTF-8 can encode it: a Python string may hold a lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
