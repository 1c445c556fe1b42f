"""`EncoderOov`: the checkpoint encodes each out-of-vocabulary word. Slow, and poor on typos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.checkpoint.encoder import EncoderModel
from wordgraft.core.optional import require
from wordgraft.errors import CheckpointError, TableError
from wordgraft.oov.table_rows import moved
from wordgraft.sources.isolated import encode_pieces
from wordgraft.table import EmbeddingTable, OovState

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

_INSTEAD = "use another method: wordgraft.with_oov(table, 'neighbours') needs no checkpoint"


@dataclass(frozen=True)
class EncoderOov:
    """The checkpoint encodes out-of-vocabulary words as the table's source encoded its words.

    Nothing is learned and no weights are saved, so the checkpoint must be available wherever the
    table is used.
    """

    name: ClassVar[str] = "encoder"
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
        recipe = table.recipe
        if checkpoint is None:
            raise TableError(f"oov encoder needs the checkpoint that made the table; {_INSTEAD}")
        if "template" not in recipe:
            raise TableError(
                "oov encoder returns isolated vectors, and this table's are "
                f"{recipe.get('source')}; use pieces"
            )
        settings = {
            "checkpoint": checkpoint.name,
            "checkpoint_sha256": recipe["checkpoint_sha256"],
            "layers": recipe["layers"] if "layers" in recipe else [recipe["layer"]],
            "pooling": recipe.get("pooling", "own"),
            "template": recipe["template"],
            "encoder_dtype": recipe.get("encoder_dtype", "auto"),
        }
        # Raw vectors, then what refinements have done to the table's rows since.
        return OovState(self.name, {}, settings, table.move)

    @staticmethod
    def load(table: EmbeddingTable, state: OovState) -> EncodedWords:
        return EncodedWords(table, state)


class EncodedWords:
    """The fitted `EncoderOov`; the encoder is loaded for the first word."""

    name: ClassVar[str] = EncoderOov.name

    def __init__(self, table: EmbeddingTable, state: OovState) -> None:
        require("torch", purpose="oov encoder")
        self._state = state
        self._dims = table.dims

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        checkpoint = self._checkpoint
        if not words:
            return np.zeros((0, self._dims), np.float32)
        vectors = encode_pieces(
            self._encoder,
            checkpoint.tokenizer.word_pieces(words),
            pooling=str(self._state.settings["pooling"]),
            template=self._state.settings["template"],
        )
        if not np.isfinite(vectors).all():
            raise CheckpointError(f"{checkpoint.name} gave vectors that are not finite")
        return moved(self._state, vectors)

    @cached_property
    def _checkpoint(self) -> Checkpoint:
        return same_checkpoint(self._state.settings, why="the table's oov is encoder")

    @cached_property
    def _encoder(self) -> EncoderModel:
        settings = self._state.settings
        return EncoderModel(
            self._checkpoint,
            layers=[int(layer) for layer in settings["layers"]],
            dtype=str(settings["encoder_dtype"]),
        )


def same_checkpoint(recipe: Any, *, why: str) -> Checkpoint:
    """The checkpoint that made a table, opened again.

    Raises `TableError` when it is missing or its hash differs, and says what to do.
    """
    name = recipe.get("checkpoint")
    try:
        checkpoint = open_checkpoint(name)
        digest = checkpoint.sha256
    except (CheckpointError, OSError) as error:
        raise TableError(
            f"{why}, and its checkpoint {name} cannot be opened ({error}); restore it, or "
            f"{_INSTEAD}"
        ) from error
    expected = str(recipe.get("checkpoint_sha256", ""))
    if digest != expected:
        raise TableError(
            f"{why}, and the checkpoint {name} is not the one that made the table (the hash of its "
            f"weights is {digest[:12]}, not {expected[:12]}); restore the old one, or {_INSTEAD}"
        )
    return checkpoint
