"""What methods start from: the checkpoint, and one table per source, each made once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wordgraft.build import build_table
from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.errors import CheckpointError, TableError
from wordgraft.estimators.first_layers import FeatureLayer
from wordgraft.export.formats import read_vectors
from wordgraft.export.formats.selection import keep_words, with_constant_oov
from wordgraft.sources import Contextual, Corpus, Source
from wordgraft.table import EmbeddingTable, default_refinements, read_pairs
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from numpy import ndarray

# The folder of the frozen encoder's vectors, beside the tables.
FEATURES = "features"


@dataclass(eq=False)
class TableCache:
    """Makes tables when they are first needed, and saves them in `folder`.

    A table has a row for each word of all training texts, whatever sample a run gets: a user with
    100 labels has the other texts as well, unlabelled. Labels play no part in it.

    Attributes:
        texts: the training texts, as strings or as lists of words.
        checkpoint: the encoder; None if no method needs one.
        corpus: files of more running text for contextual vectors, beside `texts`.
        vectors: a file of word vectors of another tool.
        pairs: files of word pairs with similarity scores, on which fine-tuned encoders are measured
            for what they forget.
        folder: where tables are saved, to be found again by a resumed comparison; None saves none.
        task: `classify` or `tag`.
        network: the network above the rows.
        progress: show progress bars.
        test_texts: other texts that will be predicted.
        seconds: what each table took, by source.
    """

    texts: Sequence[Any]
    checkpoint: str | None = None
    corpus: Sequence[str] = ()
    vectors: Path | None = None
    pairs: Sequence[Path] = ()
    folder: Path | None = None
    task: str = "classify"
    network: str = "bag"
    progress: bool = False
    test_texts: Sequence[Any] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    _tables: dict[str, EmbeddingTable] = field(default_factory=dict)
    _opened: Checkpoint | None = None
    _isolated: ndarray | None = None

    def opened(self) -> Checkpoint:
        """The checkpoint. Raises `CheckpointError` if none was given."""
        if self.checkpoint is None:
            raise CheckpointError("this method needs an encoder; name one with checkpoint=...")
        if self._opened is None:
            self._opened = open_checkpoint(self.checkpoint)
        return self._opened

    def table(self, source: str) -> EmbeddingTable:
        """The table of a source, or of the file of word vectors (source `vectors`)."""
        if source not in self._tables:
            began = time.perf_counter()
            place = None if self.folder is None else self.folder / f"{source}.table"
            if place is not None and place.is_dir():
                self._tables[source] = EmbeddingTable.load(place)
            else:
                table = self._made(source)
                self.seconds[source] = time.perf_counter() - began
                if place is not None:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    took = {**table.recipe, "seconds": round(self.seconds[source], 3)}
                    replace(table, recipe=took).save(place)
                self._tables[source] = table
            self.seconds.setdefault(source, float(self._tables[source].recipe.get("seconds", 0)))
        return self._tables[source]

    @property
    def sentences(self) -> list[str]:
        """The training texts as running text; words and contexts come from it."""
        return [text if isinstance(text, str) else " ".join(text) for text in self.texts]

    def features(self, pooling: str) -> Path | None:
        """The folder with the encoder's vectors of all texts, which are computed once.

        `pooling` is `text` or `words`, as `FeatureLayer` takes it.
        """
        place = None if self.folder is None else self.folder / FEATURES
        if FEATURES not in self.seconds:
            began = time.perf_counter()
            layer = FeatureLayer(
                self.opened(),
                layers="auto",
                pooling=pooling,
                cache=place,
                device="auto",
                progress=self.progress,
            )
            layer.read(self.texts)
            self.seconds[FEATURES] = time.perf_counter() - began
            # Not counted as a cost of the method; runs side by side would each compute them again.
            layer.read(self.test_texts)
        return place

    def forgetting(self) -> Any:
        """What is measured of encoders before and after fine-tuning; None if nothing is."""
        if not self.pairs:
            return None
        from wordgraft.metrics.forgetting import ForgettingSettings

        return ForgettingSettings(pairs={path.name: read_pairs(path) for path in self.pairs})

    def _made(self, source: str) -> EmbeddingTable:
        if source == "vectors":
            return self._from_file()
        checkpoint = self.opened()
        made_by: Source | str = source
        if source == Contextual.name:
            texts = Corpus.of_texts(self.sentences)
            more = Corpus.of(self.corpus) if self.corpus else None
            same_layer = checkpoint.isolated_layer() == checkpoint.contextual_layer()
            made_by = Contextual(
                texts if more is None else _joined(texts, more),
                templates=self._isolated if same_layer else None,
            )
        vocabulary = Vocabulary.from_texts(self.sentences, checkpoint)
        table = build_table(
            checkpoint,
            vocabulary,
            source=made_by,
            refinements=(),
            progress=self.progress,
        )
        if source == "isolated":  # contextual vectors begin with the same ones
            self._isolated = table.rows()
        return table.refine(*default_refinements(vocabulary))

    def _from_file(self) -> EmbeddingTable:
        if self.vectors is None:
            raise TableError(
                "the method 'vectors' needs a file of word vectors; give it with "
                "MethodSettings(vectors=...)"
            )
        table = read_vectors(self.vectors, progress=self.progress)
        counts: dict[str, int] = {}
        for text in self.sentences:
            for word in table.vocabulary.segment(text):
                counts[word] = counts.get(word, 0) + 1
        table = with_constant_oov(keep_words(table, counts), "unk")
        return table.refine(*default_refinements(table.vocabulary))


def _joined(first: Corpus, second: Corpus) -> Corpus:
    return replace(first, sources=first.sources + second.sources, names=first.names + second.names)
