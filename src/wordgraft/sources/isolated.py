"""`Isolated`: the encoder's states of a word alone, or in a neutral template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.encoder import EncoderModel, mean_of_layers
from wordgraft.core.progress import progress_bar
from wordgraft.core.ragged import Ragged
from wordgraft.errors import CheckpointError
from wordgraft.sources.word_pieces import pieces_of, raw_table, required
from wordgraft.table import EmbeddingTable
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    import torch
    from jaxtyping import Float32
    from numpy import ndarray

# Best of 14 templates, and better than their mean: 0.650 against 0.625 without one, mean Spearman
# over seven word-similarity sets with MiniLM's last layer.
TEMPLATE = 'the word " {} " means'
POOLINGS = ("own", "first", "last", "cls", "all")


@dataclass(frozen=True)
class Framed:
    """Complete encoder inputs, with the number of ids before and after each word's own.

    `vectors` holds the words' vectors if they are already known; nothing is encoded then.
    """

    sequences: Ragged
    before: int
    after: int
    vectors: Float32[ndarray, "words dims"] | None = None


@dataclass(frozen=True)
class Isolated:
    """Encode each word by itself and pool the hidden states of one layer.

    Attributes:
        layer: 0 (the embeddings' output) to the last, or `auto`: the last layer of an encoder
            fine-tuned for sentences, or a low layer of a raw masked language model.
        pooling: `own` (mean over the word's own positions), `first` or `last` of those, `cls` (the
            first position of all), or `all` (mean over every position).
        template: text with `{}` in place of the word; None for the word between special tokens.
        device: `auto`, `cpu`, `cuda`, ...: where the encoder runs.
        encoder_dtype: the dtype it computes in, or `auto`: bfloat16 on CUDA, else float32.

    Raises `CheckpointError` for a layer, pooling or template that cannot be used.
    After Bommasani et al. 2020, section 3 (words out of context), with a template.

    >>> vocabulary = wg.Vocabulary.from_words(["sun", "rain"], checkpoint)
    >>> Isolated(layer=2, pooling="first").table(checkpoint, vocabulary).recipe["layer"]
    2
    """

    layer: int | str = "auto"
    pooling: str = "own"
    template: str | None = TEMPLATE
    device: str = "auto"
    encoder_dtype: str = "auto"
    name: ClassVar[str] = "isolated"
    finds_words: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.pooling not in POOLINGS:
            raise CheckpointError(
                f"unknown pooling {self.pooling!r}; choose one of {', '.join(POOLINGS)}"
            )

    def table(
        self, checkpoint: Checkpoint, vocabulary: Vocabulary | None, *, progress: bool = False
    ) -> EmbeddingTable:
        vocabulary = required(vocabulary, self.name)
        layer = _layer(checkpoint, self.layer)
        pieces = pieces_of(checkpoint, vocabulary)
        encoder = EncoderModel(
            checkpoint, layers=[layer], device=self.device, dtype=self.encoder_dtype
        )
        vectors = encode_pieces(
            encoder, pieces, pooling=self.pooling, template=self.template, progress=progress
        )
        return raw_table(
            checkpoint,
            vocabulary,
            vectors,
            pieces,
            source=self.name,
            layer=layer,
            pooling=self.pooling,
            template=self.template,
            encoder_dtype=str(encoder.model.dtype).removeprefix("torch."),
        )


def encode_pieces(
    encoder: EncoderModel,
    pieces: Ragged,
    *,
    pooling: str,
    template: str | None,
    progress: bool = False,
) -> Float32[ndarray, "words dims"]:
    """Vectors of words given as piece ids: pooled states, averaged over the encoder's layers."""
    framed = frame(encoder.checkpoint, pieces, template)
    return pooled(encoder, framed, pooling, progress=progress)


def pooled(
    encoder: EncoderModel, framed: Framed, pooling: str, *, progress: bool
) -> Float32[ndarray, "words dims"]:
    """Encode framed words and pool each word's states, averaged over the encoder's layers."""
    if framed.vectors is not None:
        return framed.vectors
    vectors = np.empty((len(framed.sequences), encoder.dims), np.float32)
    with progress_bar("encoding words", len(vectors), show=progress) as advance:
        for batch, hidden in encoder.encode(framed.sequences):
            vectors[batch] = _pool(mean_of_layers(hidden), framed, pooling).cpu().numpy()
            advance(len(batch))
    return vectors


def _layer(checkpoint: Checkpoint, layer: int | str) -> int:
    if layer == "auto":
        return checkpoint.isolated_layer()
    try:
        return int(layer)
    except ValueError as error:
        raise CheckpointError(
            f"layer {layer!r}: expected 'auto' or a number from 0 to {checkpoint.layers}"
        ) from error


def frame(checkpoint: Checkpoint, pieces: Ragged, template: str | None) -> Framed:
    """Put each word's piece ids between special ids and, if there is one, a template's words.

    Template and word are tokenized separately. The ids are the same as for the whole text, since
    every tokenizer of the family splits at whitespace first. A word that is too long for the
    encoder loses its middle pieces. Raises `CheckpointError` for a template without one `{}`.
    """
    tokenizer = checkpoint.tokenizer
    start, end = tokenizer.specials
    if template is not None:
        left, braces, right = template.partition("{}")
        apart = left[-1:] in ("", " ") and right[:1] in ("", " ")
        if not braces or not apart or "{}" in right:
            raise CheckpointError(
                f"template {template!r}: expected one '{{}}' with a space on each side"
            )
        start = (*start, *tokenizer.ids(left.rstrip()))
        if right.strip():
            end = (*_ids_after_space(checkpoint, right.strip()), *end)
    room = checkpoint.max_tokens - len(start) - len(end)
    if room < 2:
        raise CheckpointError(f"the template exceeds {checkpoint.max_tokens} tokens; shorten it")
    pieces = _shortened(pieces, room)
    return Framed(pieces.framed(start, end), len(start), len(end))


def _ids_after_space(checkpoint: Checkpoint, text: str) -> tuple[int, ...]:
    return tuple(checkpoint.tokenizer.word_pieces([text]).ids.tolist())


def _shortened(pieces: Ragged, room: int) -> Ragged:
    if (pieces.lengths <= room).all():
        return pieces
    head, tail = room - room // 2, room // 2
    rows = np.split(pieces.ids, pieces.offsets[1:-1])
    return Ragged.of(
        [
            row.tolist() if len(row) <= room else [*row[:head].tolist(), *row[-tail:].tolist()]
            for row in rows
        ]
    )


def _pool(hidden: torch.Tensor, framed: Framed, pooling: str) -> torch.Tensor:
    """(batch, length, hidden) to (batch, hidden)."""
    first, end = framed.before, hidden.shape[1] - framed.after
    if pooling == "own":
        return hidden[:, first:end].mean(dim=1)
    if pooling == "all":
        return hidden.mean(dim=1)
    return hidden[:, {"first": first, "last": end - 1, "cls": 0}[pooling]]
