"""`Contextual`: the mean of the encoder's states at the places where a corpus uses a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from wordgraft.checkpoint import Checkpoint
from wordgraft.sources.contextual.corpus import Corpus
from wordgraft.sources.contextual.source import CONTEXTS, SHRINKAGE, contextual
from wordgraft.sources.isolated import TEMPLATE
from wordgraft.table import EmbeddingTable
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray


@dataclass(frozen=True, eq=False)
class Contextual:
    """Read a corpus and average the encoder's states at each word's occurrences.

    Attributes:
        corpus: a `Corpus`, or what `Corpus.of` takes: files, globs, datasets.
        contexts: sentences chosen for each word; None encodes the whole corpus.
        layers: one or several, which are averaged; `auto` is the last layer of an encoder tuned
            for sentences, a low layer of a raw masked-language model.
        template: text around a word for the vector that stands in when a word has few contexts.
        templates: those vectors if they are at hand, float32 (words, dims): the rows of an
            unrefined `Isolated` table of the same words, layer and template.
        shrinkage: how many contexts the template vector counts as; a row is
            `(sum of contexts + shrinkage * template) / (contexts + shrinkage)`.
        seed: of the sample of sentences.
        min_count, max_words: which words of the corpus get rows when no vocabulary is given.
        device, encoder_dtype: as for `Isolated`.
        keep: folder for progress, from which an interrupted run is resumed; the caller deletes it.
        resume: whether to resume from `keep`.
        keep_every: least number of seconds between two times that progress is saved.
        engine: `local`, in this process, or `ray`, as a job on all machines of a Ray cluster.
        address: of the cluster; None starts Ray on this machine or joins one that is running.

    `table` raises `DataError` for a corpus that cannot be read or holds none of the words,
    `ProgressError` when `keep` holds the progress of another run, and `ClusterError` when the
    cluster cannot be reached or fails. After Bommasani et al. 2020, section 3.
    Example: `build_table(checkpoint, source=Contextual("news.txt", max_words=50_000))`.
    """

    corpus: Corpus | Any
    contexts: int | None = CONTEXTS
    layers: int | str | Sequence[int] = "auto"
    template: str | None = TEMPLATE
    templates: Float32[ndarray, "words dims"] | None = None
    shrinkage: float = SHRINKAGE
    seed: int = 0
    min_count: int = 1
    max_words: int | None = None
    device: str = "auto"
    encoder_dtype: str = "auto"
    keep: Path | None = None
    resume: bool = True
    keep_every: float = 30.0
    engine: str = "local"
    address: str | None = None
    name: ClassVar[str] = "contextual"
    finds_words: ClassVar[bool] = True

    def table(
        self, checkpoint: Checkpoint, vocabulary: Vocabulary | None, *, progress: bool = False
    ) -> EmbeddingTable:
        options = {field.name: getattr(self, field.name) for field in fields(self)}
        return contextual(checkpoint, vocabulary, progress=progress, **options)
