"""`Pieces`: the mean of a word's sub-word rows, mapped into the table's space."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.tokenizer import PieceTokenizer
from wordgraft.core.linear_algebra import regression
from wordgraft.errors import TableError
from wordgraft.oov.table_rows import learnable_rows, moved, never_counted
from wordgraft.sources.composed import mean_rows
from wordgraft.sources.word_pieces import pieces_of
from wordgraft.table import EmbeddingTable, OovState

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


@dataclass(frozen=True)
class Pieces:
    """A word is the mean of its pieces' rows.

    When the table's rows are encoder states, a linear map from the word-embedding rows to them is
    fitted by ridge regression on the table's own words. A linear map of a mean is the mean of the
    mapped rows, so only those are stored, as float16. Fitting takes seconds.

    >>> made = wg.build_table(checkpoint, wg.Vocabulary.from_texts(texts, checkpoint), oov=Pieces())
    >>> wg.method_of(made).vectors(["sunmoon"]).shape
    (1, 32)
    """

    name: ClassVar[str] = "pieces"
    learns: ClassVar[bool] = True
    reads_pieces = True

    def fit(
        self,
        table: EmbeddingTable,
        checkpoint: Checkpoint | None,
        *,
        seed: int = 0,
        progress: bool = False,
    ) -> OovState:
        if checkpoint is None:
            raise TableError(
                "oov pieces needs the checkpoint whose pieces they are, and this table names none; "
                "pass checkpoint=..., or use neighbours or blend"
            )
        tokenizer = checkpoint.tokenizer
        matrix = checkpoint.word_embeddings()[: tokenizer.size]
        settings = {"tokenizer": json.loads(tokenizer.to_json())}
        if table.recipe.get("source") in ("lookup", "composed"):
            # The rows themselves, then what refinements have done to the table's rows since.
            rows = np.asarray(matrix, np.float16)
            return OovState(self.name, {"rows": rows}, settings, table.move)
        word_rows = learnable_rows(table, seed=seed)
        composed = mean_rows(matrix, pieces_of(checkpoint, table.vocabulary).take(word_rows))
        weights, intercept = regression(composed, never_counted(table, word_rows))
        rows = (np.asarray(matrix, np.float32) @ weights + intercept).astype(np.float16)
        return OovState(self.name, {"rows": rows}, settings)

    @staticmethod
    def load(table: EmbeddingTable, state: OovState) -> PieceMeans:  # noqa: ARG004
        tokenizer = PieceTokenizer.from_json(json.dumps(state.settings["tokenizer"]))
        return PieceMeans(state, tokenizer)


@dataclass(frozen=True, eq=False)
class PieceMeans:
    """The fitted `Pieces`."""

    state: OovState
    tokenizer: PieceTokenizer
    name: ClassVar[str] = Pieces.name

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        rows = self.state.arrays["rows"]
        if not words:
            return moved(self.state, np.zeros((0, rows.shape[1]), np.float32))
        return moved(self.state, mean_rows(rows, self.tokenizer.word_pieces(words)))
