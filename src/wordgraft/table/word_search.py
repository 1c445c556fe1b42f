"""Search by word: the neighbours of a word or of a sum of words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.errors import TableError
from wordgraft.table.search import nearest_rows
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray

_TINY = float(np.finfo(np.float32).tiny)


class WordSearch:
    """What `EmbeddingTable` offers to find words; it has the rows and the vocabulary."""

    if TYPE_CHECKING:
        vocabulary: Vocabulary

        @property
        def dims(self) -> int: ...
        @property
        def norms(self) -> Float32[ndarray, " words"]: ...
        def __getitem__(self, word: str) -> Float32[ndarray, " dims"]: ...
        def row_of(self, word: str) -> int: ...
        def rows(
            self, ids: Sequence[int] | Int64[ndarray, " rows"] | slice = slice(None)
        ) -> Float32[ndarray, "rows dims"]: ...

    def neighbours(self, word: str, *, top: int = 10) -> list[tuple[str, float]]:
        """The `top` words with the largest cosine to a word's vector, without the word itself."""
        return self.neighbours_of(self[word], top=top, without=self.vocabulary.row(word))

    def neighbours_of(
        self, vector: Float32[ndarray, " dims"], *, top: int = 10, without: int | None = None
    ) -> list[tuple[str, float]]:
        """The `top` words with the largest cosine to `vector`; roles are left out."""
        return self._nearest(np.asarray(vector), top, set() if without is None else {without})

    def most_similar(
        self,
        positive: str | Sequence[str | Float32[ndarray, " dims"]],
        negative: Sequence[str | Float32[ndarray, " dims"]] = (),
        *,
        topn: int = 10,
    ) -> list[tuple[str, float]]:
        """The words nearest to the mean of `positive` minus `negative`, as gensim's `most_similar`.

        All are words or vectors, counted with the same length; the words themselves are left out.
        Raises `MissingWordError`, and `TableError` if there is nothing to search for.

        >>> table.most_similar(["sun", "rain"], topn=1)
        [('moon', 0.5773503184318542)]
        """
        wanted = [positive] if isinstance(positive, str) else list(positive)
        terms = [(term, 1.0) for term in wanted] + [(term, -1.0) for term in negative]
        if not terms:
            raise TableError("positive and negative are empty; give at least one word")
        query = np.zeros(self.dims, np.float32)
        for term, sign in terms:
            vector = self[term] if isinstance(term, str) else np.asarray(term, np.float32)
            query += sign / max(float(np.linalg.norm(vector)), _TINY) * vector
        return self._nearest(query, topn, {self.row_of(t) for t, _ in terms if isinstance(t, str)})

    def _nearest(
        self, query: Float32[ndarray, " dims"], top: int, without: set[int]
    ) -> list[tuple[str, float]]:
        leave_out = without | set(self.vocabulary.roles.values())
        rows, cosines = nearest_rows(
            self.rows, self.norms, query[None], top=top, leave_out=leave_out
        )
        words = (self.vocabulary.words[row] for row in rows[0])
        return list(zip(words, cosines[0].tolist(), strict=True))

    def similarity(self, first: str, second: str) -> float:
        """The cosine of two words. Raises `MissingWordError`.

        >>> round(table.similarity("sun", "rain"), 3)
        0.5
        """
        a, b = self[first], self[second]
        lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
        return float(a @ b) / lengths if lengths else 0.0
