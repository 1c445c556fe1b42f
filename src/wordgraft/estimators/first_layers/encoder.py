"""The pretrained encoder itself as the first layer of a task's network, learning with the rest."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from copy import copy, deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.checkpoint.encoder import device_of, quiet
from wordgraft.checkpoint.inputs import sequences_of
from wordgraft.core.optional import require
from wordgraft.core.ragged import Ragged
from wordgraft.errors import TrainingError
from wordgraft.estimators.first_layers.table import Read, Text

if TYPE_CHECKING:
    import torch

    from wordgraft.networks import Network
    from wordgraft.networks.encoder import EncoderRows

_LOG = logging.getLogger(__name__)
# What a tokenizer consists of, as the families write it.
_TOKENIZER = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.txt", "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model"),
)


class EncoderLayer:
    """transformers' own model of a checkpoint.

    Args:
        checkpoint: an open one, or its name.
        words: how a word's pieces become one vector, where words are tagged.
        device: where it computes, before, in and after training; as `EncoderModel`'s.
    """

    layers = 1
    unknown = None

    def __init__(
        self, checkpoint: Checkpoint | str | Path | None, *, words: str, device: str
    ) -> None:
        if checkpoint is None:
            raise TrainingError(
                "network 'encoder' fine-tunes an encoder: give checkpoint, a name or a folder"
            )
        opened = checkpoint if isinstance(checkpoint, Checkpoint) else open_checkpoint(checkpoint)
        self.checkpoint = opened
        self._words = words
        self.device = device_of(device)
        self._rows: EncoderRows | None = None

    @property
    def rows(self) -> EncoderRows:
        """The layer, loaded when it is first asked for."""
        if self._rows is None:
            from wordgraft.networks.encoder import EncoderRows

            self._rows = EncoderRows(self.checkpoint, words=self._words).to(self.device).eval()
        return self._rows

    @property
    def dims(self) -> int:
        return self.rows.dims

    def on(self, device: torch.device) -> EncoderLayer:
        """A copy on another device."""
        other = copy(self)
        other.device, other._rows = device, deepcopy(self.rows).to(device)
        return other

    def begin(self, texts: Sequence[Text]) -> Read:
        self._rows = None  # as it was before any training
        return self.read(texts)

    def end(self, network: Network) -> None:
        """The layer itself has learnt."""

    def read(self, texts: Sequence[Text]) -> Read:
        whole = [text for text in texts if isinstance(text, str)]
        if len(whole) == len(texts):
            return Read(sequences_of(self.checkpoint, whole), self.rows, {})
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
                "transformers' AutoModel loads the encoder of %s, but no class of its own answers "
                "as wordgraft does: %s",
                folder.name,
                reason,
            )
        saved = open_checkpoint(folder)
        return {
            "kind": "encoder",
            "words": self._words,
            "start": self.checkpoint.name,
            "weights": saved.sha256,
        }

    def _read_words(self, sentences: Sequence[Sequence[str]]) -> Read:
        number: dict[str, int] = {}
        flat = [number.setdefault(word, len(number)) for text in sentences for word in text]
        pieces = self.checkpoint.tokenizer.word_pieces(list(number))
        start, end = self.checkpoint.tokenizer.specials
        room = self.checkpoint.max_tokens - len(start) - len(end)
        longest = min(int(pieces.lengths.max(initial=1)), room)
        of_word = np.full((len(number), longest), -1, np.int64)
        places = np.arange(longest)
        own = places < pieces.lengths[:, None]
        of_word[own] = pieces.ids[(pieces.offsets[:-1, None] + places)[own]]
        offsets = np.concatenate([[0], np.cumsum([len(text) for text in sentences])]).astype(int)
        from wordgraft.networks.encoder import PIECES

        block = Ragged(of_word[np.array(flat, np.int64)], offsets)
        return Read(Ragged(np.zeros(len(flat), np.int64), offsets), self.rows, {PIECES: block})
