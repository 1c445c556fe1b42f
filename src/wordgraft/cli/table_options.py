"""What the options of `wordgraft table` mean in Python; options without effect are refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from wordgraft.cli.shared import counted

if TYPE_CHECKING:
    from wordgraft.checkpoint import Checkpoint
    from wordgraft.vocabulary import Vocabulary


def used_options(source: str, options: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the options that were given, by their Python names; the source must use them all.

    Args:
        options: values by name, under the names of the sources that use them, separated by spaces.

    >>> used_options("isolated", {"isolated": {"layer": 3}, "contextual": {"contexts": None}})
    {'layer': 3}
    """
    used: dict[str, Any] = {}
    for sources, values in options.items():
        given = {name: value for name, value in values.items() if value is not None}
        if given and source not in sources.split():
            raise typer.BadParameter(
                f"{_names(given)}: no effect with --source {source}, "
                f"only with {' and '.join(sources.split())}"
            )
        used |= given
    return used


def refuse_with_file(*options: Mapping[str, Any]) -> None:
    """Refuse options that make vectors, since --from-file reads them."""
    given = [name for values in options for name, value in values.items() if value is not None]
    if given:
        raise typer.BadParameter(f"{_names(given)}: no effect with --from-file")


def vocabulary_of(
    checkpoint: Checkpoint,
    texts: list[str] | None,
    words: Path | None,
    min_count: int,
    max_words: int | None,
    *,
    quiet: bool,
) -> Vocabulary:
    """Return the words of texts, of a list, or of the tokenizer if neither is given."""
    from wordgraft.data.text_files import read_words
    from wordgraft.vocabulary import Vocabulary

    if texts:
        every_text = chain.from_iterable(texts_of(spec) for spec in texts)
        stream = counted(every_text, "reading texts", quiet=quiet)
        return Vocabulary.from_texts(stream, checkpoint, min_count=min_count, max_words=max_words)
    if words is not None:
        return Vocabulary.from_words(read_words(words), checkpoint)
    return Vocabulary.from_tokenizer(checkpoint)


def texts_of(spec: str) -> Iterator[str]:
    """Yield the texts of FILE or FILE:COLUMN."""
    from wordgraft.data.rows import read_texts
    from wordgraft.data.text_files import split_column

    yield from read_texts(*split_column(spec))


def _names(options: Any) -> str:
    names = ", ".join(f"--{name.replace('_', '-')}" for name in options)
    return names.replace("--resume", "--no-resume")
