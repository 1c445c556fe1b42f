"""`Encoder`: a pretrained encoder that is fine-tuned, as the first layer of a network."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from copy import copy, deepcopy
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.checkpoint.encoder import device_of, quiet
from wordgraft.checkpoint.inputs import sequences_of
from wordgraft.core.optional import require
from wordgraft.core.ragged import Ragged
from wordgraft.errors import CheckpointError, TrainingError
from wordgraft.estimators.first_layers.frozen_encoder import wrong_checkpoint
from wordgraft.estimators.first_layers.protocol import (
    FirstLayer,
    LayerContext,
    LayerInput,
    Text,
)
from wordgraft.training.regimes import REGIMES
from wordgraft.training.regularizers import Regularizer, parse_regularizers
from wordgraft.training.settings import wrong_name

if TYPE_CHECKING:
    import torch

    from wordgraft.networks.encoder import EncoderRows
    from wordgraft.networks.network import Network

_LOG = logging.getLogger(__name__)
# What a tokenizer consists of, as the families write it.
_TOKENIZER = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.txt", "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model"),
)


@dataclass
class Encoder(FirstLayer):
    """A pretrained encoder that is fine-tuned together with the layer above it.

    Args:
        checkpoint: an open checkpoint, its name or its folder.
        pooling: how a text's tokens become one vector: `mean` (the default), `cls` or `attention`;
            to tag, how a word's pieces do: `first` (the default), `last` or `mean`.
        regime: what is trained, and when: `full` (everything), `lp-ft` (the last layer first, then
            everything), `embeddings` (only the word embeddings) or `frozen` (only the last layer).
        regularizer: what keeps the encoder near its start: `Regularizer`s, or their names as in
            `layer_decay:0.9`; see `wordgraft.training.regularizers`.

    >>> Encoder("bert-base-uncased", pooling="cls").get_params()["pooling"]
    'cls'
    """

    kind: ClassVar[str] = "encoder"
    checkpoint: Checkpoint | str | Path
    _: KW_ONLY
    pooling: str = "auto"
    regime: str = "full"
    regularizer: str | Regularizer | Sequence[Regularizer] | None = None

    @property
    def start_name(self) -> str:
        return "checkpoint"

    def pooling_name(self, *, per_word: bool) -> str:
        """`pooling`, or what `auto` means."""
        return str({"auto": "first" if per_word else "mean"}.get(self.pooling, self.pooling))

    def faults(self, *, per_word: bool) -> Iterator[str]:
        from wordgraft.networks.encoder import TEXT_POOLINGS, WORD_POOLINGS

        yield from wrong_checkpoint(self.checkpoint)
        poolings = ("auto", *(WORD_POOLINGS if per_word else TEXT_POOLINGS))
        yield from wrong_name("first_layer.pooling", self.pooling, poolings)
        yield from wrong_name("first_layer.regime", self.regime, REGIMES)
        try:
            self.regularizers()
        except TrainingError as error:
            yield f"first_layer.regularizer is {self.regularizer!r:.80}: {error}"

    def regime_name(self, *, trainable: bool) -> str:
        del trainable
        return self.regime

    def regularizers(self) -> tuple[Regularizer, ...]:
        given = self.regularizer
        if given is None or isinstance(given, str):
            return parse_regularizers(given)
        return (given,) if isinstance(given, Regularizer) else tuple(given)

    def saved_options(self) -> dict[str, Any]:
        return {"pooling": self.pooling, "regime": self.regime}

    def fitted(self, context: LayerContext) -> EncoderLayer:
        words = self.pooling_name(per_word=True) if context.per_word else "first"
        return EncoderLayer(self.checkpoint, words=words, device=context.device)

    @classmethod
    def opened(
        cls, path: Path, saved: dict[str, Any], context: LayerContext
    ) -> tuple[Self, EncoderLayer]:
        checkpoint = open_checkpoint(path)
        if checkpoint.sha256 != saved["weights"]:
            raise TrainingError(
                f"the encoder's weights in {path} are not what was saved (their hash differs from "
                "the one in model.json); copy the folder again or train again"
            )
        layer = EncoderLayer(
            checkpoint,
            words=saved["words"],
            device=context.device,
            start=(saved["start"], saved["start_weights"]),
        )
        return cls(path, pooling=saved["pooling"], regime=saved["regime"]), layer


class EncoderLayer:
    """transformers' own model of a checkpoint.

    Args:
    checkpoint: an open checkpoint, or its name.
    words: how a word's pieces become one vector, if words are tagged.
    device: where it runs, before, in and after training: `auto` or `cpu`.
    start: of a saved model: the name of the checkpoint that it was fine-tuned from, and the
        hash of its weights.
    """

    layers = 1

    def __init__(
        self,
        checkpoint: Checkpoint | str | Path,
        *,
        words: str,
        device: str,
        start: tuple[str, str] | None = None,
    ) -> None:
        opened = checkpoint if isinstance(checkpoint, Checkpoint) else open_checkpoint(checkpoint)
        self.checkpoint = opened
        self._start = start
        self._words = words
        self.device = device_of(device)
        self._rows: EncoderRows | None = None

    def start(self) -> Checkpoint:
        """The checkpoint that the encoder was fine-tuned from.

        Raises `TrainingError` for a loaded model whose start is missing or has other weights now.
        """
        if self._start is None:
            return self.checkpoint
        name, weights = self._start
        try:
            checkpoint = open_checkpoint(name)
        except CheckpointError as error:
            raise TrainingError(
                f"this model was fine-tuned from {name}, which is missing: {error}"
            ) from error
        if checkpoint.sha256 != weights:
            raise TrainingError(
                f"this model was fine-tuned from {name}, which has other weights now; "
                "restore the original weights"
            )
        return checkpoint

    def pretrained(self) -> EncoderRows:
        """The rows as they were before fine-tuning, loaded again. Raises as `start` does."""
        from wordgraft.networks.encoder import EncoderRows

        return EncoderRows(self.start(), words=self._words).to(self.device).eval()

    @property
    def rows(self) -> EncoderRows:
        """The layer, loaded when it is first needed."""
        if self._rows is None:
            from wordgraft.networks.encoder import EncoderRows

            self._rows = EncoderRows(self.checkpoint, words=self._words).to(self.device).eval()
        return self._rows

    @property
    def dims(self) -> int:
        return self.rows.dims

    def on(self, device: torch.device) -> EncoderLayer:
        """A copy on another device, which may be the same."""
        other = copy(self)
        other.device, other._rows = device, deepcopy(self.rows).to(device)
        return other

    def begin(self, texts: Sequence[Text]) -> LayerInput:
        self._rows = None  # as it was before any training
        return self.read(texts)

    def end(self, network: Network) -> None:
        """The layer itself was trained."""

    def read(self, texts: Sequence[Text]) -> LayerInput:
        whole = [text for text in texts if isinstance(text, str)]
        if len(whole) == len(texts):
            return LayerInput(sequences_of(self.checkpoint, whole), self.rows, {})
        return self._read_words([text for text in texts if not isinstance(text, str)])

    def save(
        self, folder: Path, network: Network, labels: Sequence[str], *, multi: bool
    ) -> dict[str, Any]:
        """Write the encoder as transformers' own classes read it, with head and tokenizer."""
        from wordgraft.networks.as_transformers import as_transformers

        model, reason = as_transformers(network.regrafted(self.rows), labels, multi=multi)
        with quiet(require("transformers", purpose="saving an encoder")):
            model.save_pretrained(folder)
        for name in _TOKENIZER:
            if (file := self.checkpoint.folder / name).is_file():
                shutil.copy(file, folder / name)
        if reason is not None:
            _LOG.warning(
                "transformers' AutoModel loads the encoder of %s, but none of its classes predicts "
                "as wordgraft does: %s",
                folder.name,
                reason,
            )
        start = self._start or (self.checkpoint.name, self.checkpoint.sha256)
        return {
            "words": self._words,
            "start": start[0],
            "start_weights": start[1],
            "weights": open_checkpoint(folder).sha256,
        }

    def _read_words(self, sentences: Sequence[Sequence[str]]) -> LayerInput:
        number: dict[str, int] = {}
        flat = [number.setdefault(word, len(number)) for text in sentences for word in text]
        pieces = self.checkpoint.tokenizer.word_pieces(list(number))
        start, end = self.checkpoint.tokenizer.specials
        room = self.checkpoint.max_tokens - len(start) - len(end)
        longest = min(int(pieces.lengths.max(initial=1)), room)
        of_word = np.full((len(number), longest), -1, np.int64)
        places = np.arange(longest)
        is_piece = places < pieces.lengths[:, None]
        of_word[is_piece] = pieces.ids[(pieces.offsets[:-1, None] + places)[is_piece]]
        offsets = np.concatenate([[0], np.cumsum([len(text) for text in sentences])]).astype(int)
        from wordgraft.networks.encoder import PIECES

        block = Ragged(of_word[np.array(flat, np.int64)], offsets)
        return LayerInput(
            Ragged(np.zeros(len(flat), np.int64), offsets), self.rows, {PIECES: block}
        )
