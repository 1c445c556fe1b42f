"""`encoder`: the checkpoint itself on the unknown word. The ceiling, for building time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.checkpoint import encoder as checkpoint_encoder
from wordgraft.core.optional import require
from wordgraft.errors import CheckpointError, TableError
from wordgraft.oov.table_rows import moved
from wordgraft.sources.isolated import encode_pieces
from wordgraft.table import EmbeddingTable, UnknownWords

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

_INSTEAD = "use another method: table.with_oov('neighbours') needs no checkpoint"


class EncoderOov:
    """What the table's source gave its words, given to the unknown word too.

    Nothing is learnt and no weights are saved: the checkpoint must be at hand wherever the table
    is read.
    """

    name: ClassVar[str] = "encoder"
    learns: ClassVar[bool] = True
    reads_pieces: ClassVar[bool] = True

    @classmethod
    def fit(
        cls, table: EmbeddingTable, checkpoint: Checkpoint | None, **options: Any
    ) -> UnknownWords:
        recipe = table.recipe
        if checkpoint is None:
            raise TableError(f"oov encoder needs the checkpoint that made the table; {_INSTEAD}")
        if "template" not in recipe:
            raise TableError(
                f"oov encoder gives isolated vectors, and this table's are {recipe.get('source')}; "
                "use pieces"
            )
        settings = {
            "checkpoint": checkpoint.name,
            "checkpoint_sha256": recipe["checkpoint_sha256"],
            "layers": recipe["layers"] if "layers" in recipe else [recipe["layer"]],
            "pooling": recipe.get("pooling", "own"),
            "template": recipe["template"],
            "encoder_dtype": recipe.get("encoder_dtype", "auto"),
        }
        # Raw vectors, and what has been done to the table's since.
        return UnknownWords(cls.name, {}, settings, table.move)

    def __init__(self, table: EmbeddingTable, state: UnknownWords) -> None:
        require("torch", purpose="oov encoder")
        self._state = state
        self._dims = table.dims
        self._checkpoint: Checkpoint | None = None
        self._encoder: checkpoint_encoder.EncoderModel | None = None

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        settings = self._state.settings
        if self._checkpoint is None:
            self._checkpoint = same_checkpoint(settings, why="this table's method is encoder")
        if not words:
            return np.zeros((0, self._dims), np.float32)
        if self._encoder is None:
            self._encoder = checkpoint_encoder.EncoderModel(
                self._checkpoint,
                layers=[int(layer) for layer in settings["layers"]],
                dtype=str(settings["encoder_dtype"]),
            )
        found = encode_pieces(
            self._encoder,
            self._checkpoint.tokenizer.word_pieces(words),
            pooling=str(settings["pooling"]),
            template=settings["template"],
        )
        if not np.isfinite(found).all():
            raise CheckpointError(f"{self._checkpoint.name} gave vectors that are not finite")
        return moved(self._state, found)


def same_checkpoint(recipe: Any, *, why: str) -> Checkpoint:
    """The checkpoint that made a table, opened again.

    Raises `TableError` where it is not at hand or is another by its hash, and says what to do.
    """
    name = recipe.get("checkpoint")
    try:
        checkpoint = open_checkpoint(name)
        digest = checkpoint.sha256
    except (CheckpointError, OSError) as error:
        raise TableError(
            f"{why}, and its checkpoint {name} is not at hand ({error}); put it back, or {_INSTEAD}"
        ) from error
    expected = str(recipe.get("checkpoint_sha256", ""))
    if digest != expected:
        raise TableError(
            f"{why}, and the checkpoint {name} is not the one that made the table (its weights' "
            f"hash is {digest[:12]}, not {expected[:12]}); put the old one back, or {_INSTEAD}"
        )
    return checkpoint
