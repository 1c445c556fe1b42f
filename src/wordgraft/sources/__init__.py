"""Where the vector of a word comes from.

To add a source: one file here, one entry below, and its name in `ROW_ORIGINS` of
`table/provenance.py`.
"""

from __future__ import annotations

from wordgraft.errors import TableError
from wordgraft.sources.composed import Composed
from wordgraft.sources.contextual import Contextual, Corpus
from wordgraft.sources.isolated import POOLINGS, TEMPLATE, Isolated
from wordgraft.sources.lookup import Lookup
from wordgraft.sources.protocol import Source

SOURCES: dict[str, type[Source]] = {
    source.name: source for source in (Lookup, Composed, Isolated, Contextual)
}

__all__ = [
    "POOLINGS",
    "SOURCES",
    "TEMPLATE",
    "Composed",
    "Contextual",
    "Corpus",
    "Isolated",
    "Lookup",
    "Source",
    "source_of",
]


def source_of(source: Source | str) -> Source:
    """The source itself, or the one of that name with its defaults.

    Raises `TableError` for an unknown name, and for `contextual`, which needs a corpus.

    >>> source_of("composed")
    Composed()
    """
    if not isinstance(source, str):
        return source
    if source == Contextual.name:
        raise TableError(
            "source 'contextual' needs a corpus: pass source=wordgraft.Contextual(corpus)"
        )
    if source not in SOURCES:
        raise TableError(f"unknown source {source!r}; choose one of {', '.join(SOURCES)}")
    return SOURCES[source]()
