"""word2vec's text format, which gensim, Flair, spaCy and most older tools read."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from wordgraft.progress import progress_bar
from wordgraft.storage import new_file
from wordgraft.table import EmbeddingTable

_ROWS_AT_ONCE = 1024


def write_word2vec(
    table: EmbeddingTable, path: Path, *, force: bool = False, progress: bool = False
) -> int:
    """Write a line a word: the word, then its values, exact to the last bit of a float32.

    The padding is left out, since other tools bring their own. The format separates by blanks:
    those inside a word are written `_`, and a word that another one is then spelt like is left
    out. Returns how many words this concerned. Raises `OutputError`.
    """
    row_of: dict[str, int] = {}
    respelt = 0
    for row, word in enumerate(table.vocabulary.words[1:], 1):
        plain = re.sub(r"\s", "_", word)
        respelt += plain != word
        if plain == word or plain not in table.vocabulary.words:
            row_of.setdefault(plain, row)
    words, rows = list(row_of), np.fromiter(row_of.values(), np.int64)
    with (
        new_file(path, force=force) as scratch,
        scratch.open("w", encoding="utf-8", newline="\n") as file,
        progress_bar("writing words", len(words), show=progress) as advance,
    ):
        file.write(f"{len(words)} {table.dims}\n")
        line = "%s" + " %.9g" * table.dims + "\n"
        for start in range(0, len(words), _ROWS_AT_ONCE):
            names = words[start : start + _ROWS_AT_ONCE]
            values = table.rows(rows[start : start + _ROWS_AT_ONCE]).tolist()
            pairs = zip(names, values, strict=True)
            file.writelines(line % (name, *vector) for name, vector in pairs)
            advance(len(names))
    return respelt
