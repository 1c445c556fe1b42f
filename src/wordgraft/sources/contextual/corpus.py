"""`Corpus`: any number of files or datasets as one stream of sentences, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from wordgraft.core.compressed import DAMAGED, open_bytes
from wordgraft.data.rows import is_plain_text, read_column
from wordgraft.data.text_files import TEXT_COLUMN, text_sources
from wordgraft.errors import DataError, first_line
from wordgraft.sources.contextual.sentences import sentences_of

_READ_BYTES = 1 << 20
# A line is cut at a blank before this many bytes: a file without line ends is read like any other.
_LONGEST_LINE = 1 << 16
# Sentences handed on together.
_BLOCK = 8192


@dataclass(frozen=True)
class Position:
    """Where a stream has got to: texts read from its source number `source`, in order."""

    source: int = 0
    texts: int = 0


@dataclass(frozen=True)
class Block:
    """Some sentences, and the position behind them."""

    sentences: list[str]
    position: Position


@dataclass
class Skipped:
    """What `skip_bad` left out; filled in while a corpus is read."""

    texts: int = 0
    sources: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        broken = f", and what lies behind the damage in {', '.join(self.sources)}"
        return f"{self.texts:,} unreadable texts" + (broken if self.sources else "")


@dataclass(frozen=True)
class Corpus:
    """Running text to find words in.

    Attributes:
        sources: a file and its column, or texts that can be iterated again; in reading order.
        names: what to call each in a message and in a recipe.
        window: words in a window; None for sentences.
        skip_bad: leave out what cannot be read, counted in `skipped`, instead of raising.
    """

    sources: tuple[tuple[str, str] | Iterable[str], ...]
    names: tuple[str, ...]
    window: int | None = None
    skip_bad: bool = False
    skipped: Skipped = field(default_factory=Skipped, compare=False)

    @classmethod
    def of(cls, places: Any, *, window: int | None = None, skip_bad: bool = False) -> Corpus:
        """From one place or several: `FILE`, `FILE:COLUMN`, a glob of them, `dataset:NAME:COLUMN`
        (`datasets` finds and streams it), or a `datasets` dataset with a column `text`.

        A file of an unknown kind is read as a text a line. Raises `DataError` when one is not
        there.
        """
        if window is not None and window < 1:
            raise DataError(f"window is {window}, expected at least 1 word")
        one = isinstance(places, str | Path) or _is_dataset(places)
        sources: list[tuple[str, str] | Iterable[str]] = []
        names: list[str] = []
        for place in [places] if one else places:
            if _is_dataset(place):
                sources.append(_Rows.of(place))
                names.append(f"dataset {len(names) + 1}")
            else:
                found = text_sources(str(place))
                sources += found
                names += [path for path, _ in found]
        if not sources:
            raise DataError("the corpus names no file and no dataset; expected at least one")
        return cls(tuple(sources), tuple(names), window, skip_bad)

    @classmethod
    def of_texts(cls, texts: Iterable[str], *, window: int | None = None) -> Corpus:
        """From texts in memory."""
        if isinstance(texts, str):
            raise DataError("texts is one string, expected an iterable of them")
        kept = texts if isinstance(texts, Sequence) else list(texts)
        return cls((kept,), ("texts",), window)

    def blocks(self, start: Position | None = None, *, size: int = _BLOCK) -> Iterator[Block]:
        """Stream sentences from `start` on, in blocks of `size` or more that end with a text.

        Raises `DataError` for what cannot be read, unless `skip_bad`.
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
                                "or leave such lines out with --skip-bad"
                            ) from error
        except FileNotFoundError as error:
            raise DataError(f"there is no file {path}") from error
        except DAMAGED as error:
            raise DataError(
                f"{path} is damaged: {first_line(error)}; fetch it again, or keep the part before "
                "the damage with --skip-bad"
            ) from error


def _is_dataset(value: object) -> bool:
    return hasattr(value, "column_names") and hasattr(value, "iter")


@dataclass(frozen=True)
class _Rows:
    """The texts of a dataset, from the start at each iteration."""

    dataset: Any

    @classmethod
    def of(cls, dataset: Any) -> _Rows:
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
            cut = _place_to_cut(rest)
            yield rest[:cut]
            rest = rest[cut:]
    yield from _bounded(rest)


def _bounded(line: bytes) -> Iterator[bytes]:
    while len(line) > _LONGEST_LINE:
        cut = _place_to_cut(line)
        yield line[:cut]
        line = line[cut:]
    if line.strip():
        yield line


def _place_to_cut(line: bytes) -> int:
    """Behind the last blank that keeps the part short; or, without one, between characters."""
    cut = line.rfind(b" ", 0, _LONGEST_LINE) + 1 or _LONGEST_LINE
    while 0 < cut < len(line) and line[cut] & 0xC0 == 0x80:
        cut -= 1
    return cut or _LONGEST_LINE  # no character begins anywhere: not UTF-8, which decoding will say


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
            raise DataError(f"text {number:,} of the corpus has half a character: {text!r:.40}")
        if len(text) <= _LONGEST_LINE // 4:
            yield text
        else:
            yield from (part.decode() for part in _bounded(text.encode()))


def _is_utf8(text: str) -> bool:
    """Whether a file could hold it: Python also takes half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
