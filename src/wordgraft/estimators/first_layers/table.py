"""Where a network's first layer comes from: a table's rows, or the frozen encoder."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.core.ragged import Ragged
from wordgraft.data.word_tokenizer import words_of
from wordgraft.errors import TrainingError
from wordgraft.features import FeatureRecipe, cache_folder, feature_encoder, features_of
from wordgraft.grafts import RowSubset
from wordgraft.oov import carrying, method_of, read_rows_of, read_words_of
from wordgraft.oov.text_rows import TextRows
from wordgraft.sources.random import random_like
from wordgraft.table import EmbeddingTable
from wordgraft.table.io import write_table

if TYPE_CHECKING:
    from torch import nn

    from wordgraft.checkpoint.encoder import EncoderModel
    from wordgraft.networks import Network

_LOG = logging.getLogger(__name__)
# A text as it stands, or cut into words already.
Text = str | Sequence[str]


class Read(NamedTuple):
    """Texts as a network reads them.

    Attributes:
        ids: of each text.
        rows: the layer that they are ids of.
        extras: what else the layer wants to know, by name; see `Inputs`.
    """

    ids: Ragged
    rows: nn.Module
    extras: dict[str, Ragged]


class FirstLayer(Protocol):
    """What a task asks of a first layer.

    Attributes:
        dims: width of a vector.
        layers: how many vectors a word has.
    """

    @property
    def dims(self) -> int: ...
    @property
    def layers(self) -> int: ...

    def begin(self, texts: Sequence[Text]) -> Read:
        """Training texts."""

    def end(self, network: Network) -> None:
        """Take what training made of the layer."""

    def read(self, texts: Sequence[Text]) -> Read:
        """Other texts, after training."""

    def save(
        self, folder: Path, network: Network, labels: Sequence[str], *, multi: bool
    ) -> dict[str, Any]:
        """Write what the layer needs into a model's folder; returns what else is to be kept.

        `network` is what stands above it, without rows; `labels` names its classes or tags.
        """


class TableLayer:
    """The rows of a table, those of the training words alone while they learn.

    Args:
        oov: method for words without a row; the table's own if None.
        init: `table`, or `random` for random rows of the same words.
        trainable: whether they learn.
        seed: of random rows, and of a method that is fitted.
        progress: show a progress bar for that.
    """

    layers = 1

    def __init__(
        self,
        table: EmbeddingTable | str | Path | None,
        *,
        oov: str | None,
        init: str,
        trainable: bool,
        seed: int = 0,
        progress: bool = False,
    ) -> None:
        self.table = _opened(table)
        # A random table answers with zeros, whatever the table it was compared with does.
        self.oov = oov if init == "table" else None
        self._training_oov = oov
        self._init, self._trainable = init, trainable
        self._seed, self._progress = seed, progress
        self._row_subset: RowSubset | None = None
        self.unknown: TextRows | None = None

    @property
    def dims(self) -> int:
        return self.table.dims

    def begin(self, texts: Sequence[Text]) -> Read:
        ids = self._with_rows_for(texts)
        self._row_subset = RowSubset.of(self.table, ids.ids)
        if self._init == "random":
            self.table = random_like(self.table, rows=self._row_subset.rows, seed=self._seed)
        layer = _torch().embedding(
            self.table, trainable=self._trainable, row_subset=self._row_subset
        )
        ids = Ragged(self._row_subset.renumbered(ids.ids), ids.offsets)
        return Read(ids, _rows().EmbeddingRows(layer), {})

    def end(self, network: Network) -> None:
        if self._trainable:
            layer = network.rows.layer
            self.table = _torch().write_back(self.table, layer, row_subset=self._row_subset)

    def read(self, texts: Sequence[Text]) -> Read:
        # Only the rows of these texts: predicting costs what they need, whatever the table holds.
        self.unknown = _read(self.table, texts, self.oov)
        ids, vectors = self.unknown.alone(self.table)
        return Read(ids, _rows().EmbeddingRows(_torch().embedding_of(vectors)), {})

    def save(
        self, folder: Path, network: Network, labels: Sequence[str], *, multi: bool
    ) -> dict[str, Any]:
        (folder / "table").mkdir()
        write_table(self.table, folder / "table")
        return {"kind": "table"}

    def _with_rows_for(self, texts: Sequence[Text]) -> Ragged:
        """Give each training word a row; the texts' row ids."""
        table, oov = self.table, self._training_oov
        table = carrying(table, oov, seed=self._seed, progress=self._progress)
        self.table, self.unknown = table, (reading := _read(table, texts, oov))
        if not reading.words:
            return reading.ids
        if table.vocabulary.kind == "pieces":  # only its [UNK] piece can be unknown there
            return table.vocabulary.ids([str(text) for text in texts])
        method = method_of(table, oov).name
        _LOG.info("training texts: %s; they get rows by %s", reading, method)
        self.table = table.extended(reading.words, reading.vectors, source=reading.ways)
        return reading.ids


class FeatureLayer:
    """The frozen encoder's vectors of words in their sentences, or of whole texts.

    Args:
        checkpoint: an open one, or its name.
        layers: `auto`, or numbers.
        pooling: `words` or `text`.
        cache: folder of kept vectors; `auto` for the usual one, None for none.
        device: of the encoder.
        progress: show a progress bar while it works.
    """

    def __init__(
        self,
        checkpoint: Checkpoint | str | Path | None,
        *,
        layers: Sequence[int] | str,
        pooling: str,
        cache: str | Path | None,
        device: str,
        progress: bool = False,
    ) -> None:
        if checkpoint is None:
            raise TrainingError(
                "network 'features' reads an encoder: give checkpoint, a name or a folder"
            )
        opened = checkpoint if isinstance(checkpoint, Checkpoint) else open_checkpoint(checkpoint)
        self.checkpoint = opened
        self.recipe = FeatureRecipe.of(opened, layers=layers, pooling=pooling)
        self._cache = cache_folder() if cache == "auto" else None if cache is None else Path(cache)
        self._device, self._progress = device, progress
        self.unknown = None

    @property
    def dims(self) -> int:
        sizes = ("hidden_size", "dim")
        return next(int(self.checkpoint.config[s]) for s in sizes if s in self.checkpoint.config)

    @property
    def layers(self) -> int:
        return len(self.recipe.layers)

    @cached_property
    def _encoder(self) -> EncoderModel:
        """Loaded when first needed: loading takes as long as some ten texts."""
        return feature_encoder(self.checkpoint, self.recipe, self._device)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_encoder"}

    def begin(self, texts: Sequence[Text]) -> Read:
        return self.read(texts)

    def end(self, network: Network) -> None:
        """Nothing was learnt."""

    def read(self, texts: Sequence[Text]) -> Read:
        found = features_of(
            self.checkpoint,
            [_words(text) for text in texts],
            self.recipe,
            cache=self._cache,
            encoder=lambda: self._encoder,
            progress=self._progress,
        )
        return Read(found.places, _rows().FeatureRows(found.stored), {})

    def save(
        self, folder: Path, network: Network, labels: Sequence[str], *, multi: bool
    ) -> dict[str, Any]:
        return {
            "kind": "features",
            "checkpoint": self.checkpoint.name,
            "weights": self.recipe.weights,
            "layers": list(self.recipe.layers),
            "pooling": self.recipe.pooling,
        }


def _opened(table: Any) -> EmbeddingTable:
    if isinstance(table, str | Path):
        table = EmbeddingTable.load(table)
    if not isinstance(table, EmbeddingTable):
        raise TrainingError(
            f"table is {table!r:.60}; expected an EmbeddingTable (wordgraft.build_table makes "
            "one) or the folder of a saved one"
        )
    return table


def _read(table: EmbeddingTable, texts: Sequence[Text], oov: str | None) -> TextRows:
    method = method_of(table, oov)
    whole = [text for text in texts if isinstance(text, str)]
    if len(whole) == len(texts):
        return read_rows_of(table, whole, method)
    if table.vocabulary.kind == "pieces":
        raise TrainingError(
            "this table's rows are pieces, and tags are of words: build one of words, with "
            "Vocabulary.from_texts or --texts"
        )
    return read_words_of(table, [text for text in texts if not isinstance(text, str)], method)


def _words(text: Text) -> Sequence[str]:
    return [word.text for word in words_of(text)] if isinstance(text, str) else text


def _torch() -> Any:
    """The PyTorch graft, imported when a network is used and not when a task is named."""
    return import_module("wordgraft.grafts.torch")


def _rows() -> Any:
    return import_module("wordgraft.networks.rows")
