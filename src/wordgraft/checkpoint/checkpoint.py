"""`Checkpoint`: the files of a pretrained encoder, opened but not loaded."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wordgraft.checkpoint.architectures import Architecture, architecture_of
from wordgraft.checkpoint.locate import locate
from wordgraft.checkpoint.tensors import PickledTensors, Tensors, open_tensors
from wordgraft.core.atomic_io import sha256
from wordgraft.errors import CheckpointError, RemoteCodeError

if TYPE_CHECKING:
    from jaxtyping import Float
    from numpy import ndarray

    from wordgraft.checkpoint.tokenizer import PieceTokenizer

# Embedding matrices are padded to round sizes (mDeBERTa's by 0.4 %). With more unused rows than
# this, the tokenizer belongs to another model.
_MOST_UNUSED_ROWS = 0.02


@dataclass(frozen=True)
class Checkpoint:
    """A pretrained encoder: its configuration, tokenizer and tensors, each read on first use.

    Made by `open_checkpoint`. It holds no framework objects: torch is imported only when an
    `EncoderModel` runs the encoder.

    Attributes:
        name: as it was passed to `open_checkpoint`.
        folder: where the files are on this machine.
        config: the content of `config.json`.
        architecture: the entry of `ARCHITECTURES` for its `model_type`.
        allow_pickle: whether pickled weights may be read.

    The examples' checkpoint is a tiny BERT:

    >>> checkpoint.layers, checkpoint.max_tokens
    (3, 64)
    >>> checkpoint.word_embeddings().shape[1]
    32
    """

    name: str
    folder: Path
    config: dict[str, Any]
    architecture: Architecture
    allow_pickle: bool = field(default=False, repr=False)

    @cached_property
    def tensors(self) -> Tensors | PickledTensors:
        """The weights by their names in the file, memory-mapped. Raises `CheckpointError`."""
        return open_tensors(self.folder, allow_pickle=self.allow_pickle)

    @cached_property
    def tokenizer(self) -> PieceTokenizer:
        """The checkpoint's own tokenizer, from text to pieces.

        Raises `CheckpointError` if there is none, or it does not fit the embedding matrix.
        """
        from wordgraft.checkpoint.tokenizer import PieceTokenizer

        tokenizer = PieceTokenizer.read(self.folder)
        rows = self.tensors.shape(self.word_embeddings_name)[0]
        if not rows * (1 - _MOST_UNUSED_ROWS) <= tokenizer.size <= rows:
            raise CheckpointError(
                f"{self.name}: the tokenizer has {tokenizer.size:,} pieces, the embedding matrix "
                f"{rows:,} rows; they belong to different checkpoints: put the matching "
                "tokenizer.json beside the weights"
            )
        return tokenizer

    @cached_property
    def word_embeddings_name(self) -> str:
        """The name of the word-embedding matrix in the weight files."""
        for prefix in self.architecture.prefixes:
            if (name := prefix + self.architecture.word_embeddings) in self.tensors:
                return name
        raise CheckpointError(
            f"{self.name}: no tensor {self.architecture.word_embeddings!r} in its weights (with "
            f"any of the prefixes {self.architecture.prefixes}); the file is incomplete or not a "
            f"{self.architecture.model_type} encoder"
        )

    def word_embeddings(self) -> Float[ndarray, "pieces embedding"]:
        """The encoder's word-embedding matrix, read-only and memory-mapped.

        In ALBERT, ELECTRA and some DeBERTa models `embedding` is narrower than the hidden size.
        """
        return self.tensors[self.word_embeddings_name]

    @property
    def layers(self) -> int:
        """The number of transformer layers.

        The layer that wordgraft adds to average over tokens, when it saves a fine-tuned encoder
        for the classes of transformers, is not counted.
        """
        if "wordgraft_layers" in self.config:
            return self._number("wordgraft_layers", 0)
        name = "n_layers" if "n_layers" in self.config else "num_hidden_layers"
        return self._number(name, 0)

    @property
    def hidden_size(self) -> int:
        """The width of a hidden state, and of vectors that come from the encoder."""
        return self._number("dim" if "dim" in self.config else "hidden_size", 768)

    @property
    def max_tokens(self) -> int:
        """The length of the longest input in tokens, special tokens included."""
        return self._number("max_position_embeddings", 512) - self.architecture.reserved_positions

    @property
    def is_sentence_transformer(self) -> bool:
        """Whether sentence-transformers saved it; its last layer is then the best for words."""
        return (self.folder / "modules.json").is_file()

    @property
    def is_fine_tuned(self) -> bool:
        """Whether wordgraft fine-tuned it; its last layer then knows most about the task."""
        return "wordgraft_task" in self.config

    def isolated_layer(self) -> int:
        """The layer that gives the best isolated vectors for this kind of checkpoint."""
        if self.is_sentence_transformer or self.is_fine_tuned:
            return self.layers
        return self.architecture.raw_layer

    def contextual_layer(self) -> int:
        """The layer that gives the best means over a corpus for this kind of checkpoint."""
        if self.is_sentence_transformer or self.is_fine_tuned:
            return self.layers
        return min(self.architecture.raw_contextual_layer, self.layers)

    def _number(self, setting: str, default: int) -> int:
        value = self.config.get(setting, default)
        if not isinstance(value, int):
            raise CheckpointError(
                f"{self.folder / 'config.json'}: {setting} is {value!r}, expected a whole number; "
                "download it again"
            )
        return value

    @cached_property
    def sha256(self) -> str:
        """One hash of all weight files, in the order of their names."""
        digests = [sha256(file) for file in sorted(self.tensors.files)]
        if len(digests) == 1:
            return digests[0]
        return hashlib.sha256("".join(digests).encode()).hexdigest()


def open_checkpoint(name: str | Path, *, allow_pickle: bool = False) -> Checkpoint:
    """Open a pretrained encoder of the BERT family.

    Only `config.json` is read now; weights and tokenizer follow when they are used.

    Args:
        name: a local folder; a hub id (`bert-base-uncased`, `org/name@revision`); or
            `package:import_name/sub/folder`, a model in an installed package, whose code is not
            run.
        allow_pickle: also read `pytorch_model.bin`, through torch with `weights_only=True`.

    Raises `CheckpointError` if there is no checkpoint or its architecture is unknown, and
    `RemoteCodeError` if it requires custom code.

    >>> checkpoint = wg.open_checkpoint("encoder")  # a folder, or "bert-base-uncased" on the hub
    >>> vocabulary = wg.Vocabulary.from_words(["sun", "rain"], checkpoint)
    >>> wg.build_table(checkpoint, vocabulary, source="lookup").dims
    32
    """
    location = locate(name, allow_pickle=allow_pickle)
    path = location.folder / "config.json"
    if not path.is_file():
        raise CheckpointError(
            f"{location.name} is not a checkpoint: {location.folder} has no config.json; expected "
            "a folder with config.json, tokenizer.json (or vocab.txt) and model.safetensors"
        )
    try:
        config = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise CheckpointError(f"{path} is not valid JSON ({error}); download it again") from error
    if not isinstance(config, dict):
        raise CheckpointError(f"{path} holds a {type(config).__name__}, expected a JSON object")
    if "auto_map" in config:
        raise RemoteCodeError(
            f"{location.name} requires custom code (auto_map in config.json), which wordgraft "
            "never runs; use a checkpoint whose architecture transformers knows"
        )
    architecture = architecture_of(config, where=str(path))
    return Checkpoint(location.name, location.folder, config, architecture, allow_pickle)
