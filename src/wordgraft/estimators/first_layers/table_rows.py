"""`TableRows`: the rows of an embedding table as a network's first layer."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from wordgraft.core.ragged import Ragged
from wordgraft.errors import SettingsError, TrainingError
from wordgraft.estimators.first_layers.protocol import (
    FirstLayer,
    LayerContext,
    LayerInput,
    Text,
)
from wordgraft.grafts import RowSubset
from wordgraft.oov import METHODS, OovMethod, TextReader, TextRows, ensure_fitted
from wordgraft.sources.random import random_like
from wordgraft.table import EmbeddingTable
from wordgraft.training.settings import wrong_name

if TYPE_CHECKING:
    from wordgraft.networks.network import Network

_LOG = logging.getLogger(__name__)
STARTS = ("table", "random")


@dataclass
class TableRows(FirstLayer):
    """The rows of an embedding table: a vector for each word, whatever its sentence.

    An `EmbeddingTable` or the folder of a saved one, given as an estimator's first layer, means
    `TableRows(table)`.

    Args:
        table: an `EmbeddingTable`, or the folder of a saved one.
        oov: the method for out-of-vocabulary words, such as `Blend()` of `wordgraft.oov`, or its
            name for its defaults; the table's own by default. A method that must be fitted and
            that the table does not carry is fitted first.
        start: `table` starts from its rows; `random` from random rows for the same words, as a
            baseline.
        trainable: whether the rows of words in the training texts are trained. `auto` trains them
            to classify texts and not to tag words.

    >>> TableRows("news.table", oov="zero").get_params()
    {'table': 'news.table', 'oov': 'zero', 'start': 'table', 'trainable': 'auto'}
    """

    kind: ClassVar[str] = "table"
    table: EmbeddingTable | str | Path
    _: KW_ONLY
    oov: OovMethod | str | None = None
    start: str = "table"
    trainable: bool | str = "auto"

    @property
    def start_name(self) -> str:
        return self.start

    def faults(self, *, per_word: bool) -> Iterator[str]:
        del per_word
        if not isinstance(self.table, EmbeddingTable | str | Path):
            yield _not_a_table(self.table)
        if isinstance(self.oov, str):
            yield from wrong_name("first_layer.oov", self.oov, METHODS)
        yield from wrong_name("first_layer.start", self.start, STARTS)
        yield from wrong_name("first_layer.trainable", self.trainable, ("auto", True, False))

    def regime_name(self, *, trainable: bool) -> str:
        trained = trainable if isinstance(self.trainable, str) else bool(self.trainable)
        return "embeddings" if trained else "frozen"

    def saved_options(self) -> dict[str, Any]:
        name = getattr(self.oov, "name", self.oov)  # its settings are in the table
        return {"oov": name, "start": self.start, "trainable": self.trainable}

    def fitted(self, context: LayerContext) -> TableLayer:
        return TableLayer(
            self.table,
            oov=self.oov,
            start=self.start,
            trainable=context.trainable,
            seed=context.seed,
            progress=context.progress,
        )

    @classmethod
    def opened(
        cls, path: Path, saved: dict[str, Any], context: LayerContext
    ) -> tuple[Self, TableLayer]:
        table = EmbeddingTable.load(path / "table")
        value = cls(table, **{name: saved[name] for name in ("oov", "start", "trainable")})
        layer = TableLayer(table, oov=value.oov, start=value.start, trainable=False)
        return value, layer


class TableLayer:
    """The rows of a table; while they are trained, those of the training words alone.

    Args:
        oov: method for out-of-vocabulary words; the table's own if None.
        start: `table`, or `random` for random rows of the same words.
        trainable: whether the rows are trained.
        seed: of random rows, and of a method that is fitted.
        progress: show a progress bar while a method is fitted.
    """

    layers = 1

    def __init__(
        self,
        table: EmbeddingTable | str | Path,
        *,
        oov: OovMethod | str | None,
        start: str,
        trainable: bool,
        seed: int = 0,
        progress: bool = False,
    ) -> None:
        self.table = _opened(table)
        # A random table gives zeros, whatever the table that it is the baseline of does.
        self.oov = oov if start == "table" else None
        self._training_oov = oov
        self._start, self._trainable = start, trainable
        self._seed, self._progress = seed, progress
        self._row_subset: RowSubset | None = None
        self.unknown: TextRows | None = None
        self._reader: TextReader | None = None

    @property
    def dims(self) -> int:
        return self.table.dims

    def begin(self, texts: Sequence[Text]) -> LayerInput:
        ids = self._with_rows_for(texts)
        self._row_subset = RowSubset.of(self.table, ids.ids)
        if self._start == "random":
            self.table = random_like(self.table, rows=self._row_subset.rows, seed=self._seed)
        layer = _torch().embedding(
            self.table, trainable=self._trainable, row_subset=self._row_subset
        )
        ids = Ragged(self._row_subset.renumbered(ids.ids), ids.offsets)
        return LayerInput(ids, _rows().EmbeddingRows(layer), {})

    def end(self, network: Network) -> None:
        if self._trainable:
            layer = network.rows.layer
            self.table = _torch().write_back(self.table, layer, row_subset=self._row_subset)

    def read(self, texts: Sequence[Text]) -> LayerInput:
        # Only the rows of these texts: predicting costs what they need, whatever the table holds.
        if self._reader is None or self._reader.table is not self.table:
            self._reader = TextReader(self.table, self.oov)
        self.unknown = _read(self._reader, texts)
        ids, vectors = self.unknown.alone(self.table)
        return LayerInput(ids, _rows().EmbeddingRows(_torch().embedding_of(vectors)), {})

    def save(
        self, folder: Path, network: Network, labels: Sequence[str], *, multi: bool
    ) -> dict[str, Any]:
        self.table.save(folder / "table")
        return {}

    def _with_rows_for(self, texts: Sequence[Text]) -> Ragged:
        """Give each training word a row; the texts' row ids."""
        table, oov = self.table, self._training_oov
        table = ensure_fitted(table, oov, seed=self._seed, progress=self._progress)
        reader = TextReader(table, oov)
        self.table, self.unknown = table, (reading := _read(reader, texts))
        if not reading.words:
            return reading.ids
        if table.vocabulary.kind == "pieces":  # only its [UNK] piece can be unknown there
            return table.vocabulary.ids([str(text) for text in texts])
        _LOG.info("training texts: %s; they get rows by %s", reading, reader.method_name)
        self.table = table.extended(reading.words, reading.vectors, source=reading.origins)
        return reading.ids


def _opened(table: EmbeddingTable | str | Path) -> EmbeddingTable:
    if isinstance(table, str | Path):
        table = EmbeddingTable.load(table)
    if not isinstance(table, EmbeddingTable):
        raise SettingsError(_not_a_table(table))
    return table


def _not_a_table(value: Any) -> str:
    return (
        f"first_layer.table is {value!r:.60}; expected an EmbeddingTable (wordgraft.build_table "
        "makes one) or the folder of a saved one"
    )


def _read(reader: TextReader, texts: Sequence[Text]) -> TextRows:
    whole = [text for text in texts if isinstance(text, str)]
    if len(whole) == len(texts):
        return reader.read(whole)
    if reader.table.vocabulary.kind == "pieces":
        raise TrainingError(
            "this table's rows are pieces, but tags belong to words: build one of words with "
            "Vocabulary.from_texts"
        )
    return reader.read_words([text for text in texts if not isinstance(text, str)])


def _torch() -> Any:
    """The PyTorch graft, imported when a network is used and not when a task is named."""
    return import_module("wordgraft.grafts.torch")


def _rows() -> Any:
    return import_module("wordgraft.networks.rows")
