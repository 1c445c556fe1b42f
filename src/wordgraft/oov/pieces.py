"""`pieces`: the mean of the word's sub-word rows, brought into the table's space."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.tokenizer import PieceTokenizer
from wordgraft.core.linear_algebra import regression
from wordgraft.errors import TableError
from wordgraft.oov.table_rows import learnable_rows, moved, never_counted
from wordgraft.sources.composed import mean_rows
from wordgraft.sources.word_pieces import pieces_of
from wordgraft.table import EmbeddingTable, UnknownWords

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


class Pieces:
    """A word is the mean of its pieces' rows.

    Where the table's rows are encoder states, a linear map from the word-embedding rows to them
    is fitted by ridge regression on the table's own words. A linear map of a mean is the mean of
    the mapped rows, so only those are kept, as float16.
    """

    name: ClassVar[str] = "pieces"
    learns: ClassVar[bool] = True
    reads_pieces: ClassVar[bool] = True

    @classmethod
    def fit(
        cls,
        table: EmbeddingTable,
        checkpoint: Checkpoint | None,
        *,
        seed: int = 0,
        progress: bool = False,
        **options: Any,
    ) -> UnknownWords:
        if checkpoint is None:
            raise TableError(
                "oov pieces needs the checkpoint whose pieces they are, and this table names none; "
                "pass checkpoint=..., or use neighbours, ngrams or characters"
            )
        tokenizer = checkpoint.tokenizer
        matrix = checkpoint.word_embeddings()[: tokenizer.size]
        settings = {"tokenizer": json.loads(tokenizer.to_json())}
        if table.recipe.get("source") in ("lookup", "composed"):
            # The rows themselves, and what has been done to the table's since.
            rows = np.asarray(matrix, np.float16)
            return UnknownWords(cls.name, {"rows": rows}, settings, table.move)
        words = learnable_rows(table, seed=seed)
        composed = mean_rows(matrix, pieces_of(checkpoint, table.vocabulary).take(words))
        weights, intercept = regression(composed, never_counted(table, words))
        rows = (np.asarray(matrix, np.float32) @ weights + intercept).astype(np.float16)
        return UnknownWords(cls.name, {"rows": rows}, settings)

    def __init__(self, table: EmbeddingTable, state: UnknownWords) -> None:
        self._state = state
        self._rows = state.arrays["rows"]
        self._tokenizer = PieceTokenizer.from_json(json.dumps(state.settings["tokenizer"]))

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        if not words:
            return moved(self._state, np.zeros((0, self._rows.shape[1]), np.float32))
        return moved(self._state, mean_rows(self._rows, self._tokenizer.word_pieces(words)))
