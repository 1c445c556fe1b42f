"""Word pairs with human scores, and the corpus of the benches of contextual vectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from data import data_file
from gensim.corpora.wikicorpus import extract_pages, filter_wiki
from gensim.test.utils import datapath
from smart_open import open as open_packed

_DUMP = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"

Pairs = list[tuple[str, str, float]]


def wiki_sentences() -> Path:
    """Sentences of Wikipedia, one per line."""
    return data_file("wiki_sentences", "wiki_sentences.txt.gz")


def pair_sets() -> dict[str, Pairs]:
    """SimLex-999 and WordSim-353, as gensim carries them."""
    return {
        "simlex": list(_pairs(Path(datapath("simlex999.txt")))),
        "wordsim": list(_pairs(Path(datapath("wordsim353.tsv")))),
    }


def words_of(sets: dict[str, Pairs]) -> list[str]:
    return sorted({word for pairs in sets.values() for a, b, _ in pairs for word in (a, b)})


def write_articles(path: Path) -> Path:
    """gensim's 106 Wikipedia articles as plain text, one paragraph per line."""
    with open_packed(datapath(_DUMP), "rb") as dump, path.open("w", encoding="utf-8") as file:
        for _, text, _ in extract_pages(dump, ("0",)):
            lines = (line.strip() for line in filter_wiki(text).splitlines())
            file.writelines(f"{line}\n" for line in lines if len(line.split()) > 5)
    return path


def _pairs(path: Path) -> Iterator[tuple[str, str, float]]:
    for line in path.read_text("utf-8").splitlines():
        cells = line.split("\t")
        if not line.startswith("#") and len(cells) > 2:
            yield cells[0], cells[1], float(cells[2])
