"""Word similarity: does a table rank word pairs as people do?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.errors import DataError
from wordgraft.table.table import EmbeddingTable

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

    VectorOf = Callable[[str], Float32[ndarray, " dims"] | None]

Pair = tuple[str, str, float]


@dataclass(frozen=True)
class Similarity:
    """Spearman's rank correlation with human scores over the pairs that have vectors.

    Attributes:
        spearman: -1 to 1; NaN when fewer than two pairs are covered.
        covered: pairs whose two words have vectors.
        pairs: all pairs.
    """

    spearman: float
    covered: int
    pairs: int


def read_pairs(path: str | Path) -> list[Pair]:
    """Read lines of `word1 TAB word2 TAB score`; `#` comments and a header line are skipped.

    >>> _ = Path("pairs.tsv").write_text("sun\\train\\t2.5\\n")
    >>> read_pairs("pairs.tsv")
    [('sun', 'rain', 2.5)]

    Raises `DataError` for a file that cannot be read, naming the line at fault.
    """
    path = Path(path)
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except FileNotFoundError as error:
        raise DataError(f"there is no file {path}") from error
    except (UnicodeDecodeError, OSError) as error:
        raise DataError(f"{path} cannot be read as UTF-8 text ({error})") from error
    pairs: list[Pair] = []
    started = False
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        try:
            first, second, score = cells[0].strip(), cells[1].strip(), float(cells[2])
        except (IndexError, ValueError):
            if not started:  # the first line after comments may be a header
                started = True
                continue
            raise DataError(
                f"{path}, line {number}: expected word1 TAB word2 TAB score, found {line!r:.60}"
            ) from None
        started = True
        pairs.append((first, second, score))
    if not pairs:
        raise DataError(f"{path} holds no word pairs; expected word1 TAB word2 TAB score")
    return pairs


def word_similarity(
    table: EmbeddingTable, pairs: Sequence[Pair], *, vector_of: VectorOf | None = None
) -> Similarity:
    """Rank `pairs` by cosine and correlate the ranks with human scores.

    `vector_of` returns the vector of a word, or None to leave out its pairs; by default only words
    with a row have one. The correlation is NaN when fewer than two pairs are covered.

    >>> pairs = [("sun", "rain", 5.0), ("sun", "sun", 10.0), ("sun", "snow", 1.0)]
    >>> word_similarity(table, pairs).covered
    2
    """
    return similarity_of(pairs, vector_of or table.get)


def similarity_of(pairs: Sequence[Pair], vector_of: VectorOf) -> Similarity:
    """As `word_similarity`, for vectors that are not in a table."""
    vectors = {word: vector_of(word) for pair in pairs for word in pair[:2]}
    cosines, scores = [], []
    for first, second, score in pairs:
        a, b = vectors[first], vectors[second]
        if a is not None and b is not None:
            norm = float(np.linalg.norm(a) * np.linalg.norm(b))
            cosines.append(float(a @ b) / norm if norm else 0.0)
            scores.append(score)
    return Similarity(_spearman(cosines, scores), len(scores), len(pairs))


def _spearman(a: Sequence[float], b: Sequence[float]) -> float:
    from scipy.stats import spearmanr

    if len(a) < 2 or len(set(a)) < 2 or len(set(b)) < 2:
        return float("nan")
    return float(spearmanr(a, b).statistic)
