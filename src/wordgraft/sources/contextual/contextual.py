"""`Contextual`: the mean of the encoder's states at the places where a corpus uses a word."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.progress import resume_hint_on_interrupt
from wordgraft.core.run_state import RunState
from wordgraft.errors import CheckpointError, TableError
from wordgraft.sources.contextual.accumulate import shrunk, spread_of
from wordgraft.sources.contextual.corpus import Corpus, Skipped
from wordgraft.sources.contextual.engine import Engine, LocalEngine
from wordgraft.sources.contextual.pipeline import Encoded, EncoderSettings
from wordgraft.sources.contextual.plan import EncodingPlan, make_plan
from wordgraft.sources.isolated import TEMPLATE, Framed, frame
from wordgraft.sources.word_pieces import pieces_of, raw_table
from wordgraft.table import EmbeddingTable
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

_LOG = logging.getLogger(__name__)

CONTEXTS = 10
# The template counts as this many contexts: the best of 0, 1, 2 and 5 with 1 to 10 contexts per
# word, see bench/results/contextual-quality.json.
SHRINKAGE = 2.0
# Sentences sampled per context, to select from: for 10,000 words, 8.5 % of Wikipedia's tokens were
# encoded with 4 per context, 9.7 % with 2, and 8.3 % with every sentence to select from.
_CANDIDATES = 4
# What distinguishes one run from another, besides the inputs and the layers.
_OPTIONS = (
    *("contexts", "template", "shrinkage", "seed", "min_count", "max_words"),
    *("device", "encoder_dtype"),
)


@dataclass(frozen=True, eq=False)
class Contextual:
    """Read a corpus and average the encoder's states at each word's occurrences.

    Attributes:
        corpus: a `Corpus`, or what `Corpus.of` takes: files, globs, datasets.
        contexts: sentences selected for each word; None encodes the whole corpus.
        layers: one or several, which are averaged; `auto` is the last layer of an encoder
            fine-tuned for sentences, or a low layer of a raw masked language model.
        template: text around a word for the vector that stands in when a word has few contexts.
        templates: those vectors if they are already known, float32 (words, dims): the rows of an
            unrefined `Isolated` table of the same words, layer and template.
        shrinkage: how many contexts the template vector counts as; a row is
            `(sum of contexts + shrinkage * template) / (contexts + shrinkage)`.
        seed: seed of the sample of sentences.
        min_count, max_words: which words of the corpus get rows when no vocabulary is given.
        device, encoder_dtype: as for `Isolated`.
        progress_folder: where progress is saved, to resume an interrupted run; the caller deletes
            it.
        resume: whether to continue from what `progress_folder` holds.
        save_every: the fewest seconds between two saves; `RayEngine` saves after each
            step.
        engine: where it runs: `LocalEngine()`, or `RayEngine(address)` of
            `wordgraft.sources.contextual.ray`.

    `table` raises `DataError` for a corpus that cannot be read or holds none of the words,
    `ProgressError` if `progress_folder` holds the progress of another run, and `ClusterError` if
    the cluster cannot be reached or fails. After Bommasani et al. 2020, section 3.

    >>> source = Contextual(Corpus.of_texts(texts), contexts=2, min_count=2)
    >>> source.table(checkpoint, None).vocabulary.words[2:]
    ('rain', 'sun', 'and', 'moon')
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
    progress_folder: Path | None = None
    resume: bool = True
    save_every: float = 30.0
    engine: Engine = field(default_factory=LocalEngine)
    name: ClassVar[str] = "contextual"
    finds_words: ClassVar[bool] = True

    def table(
        self, checkpoint: Checkpoint, vocabulary: Vocabulary | None, *, progress: bool = False
    ) -> EmbeddingTable:
        corpus = self.corpus if isinstance(self.corpus, Corpus) else Corpus.of(self.corpus)
        # Each table counts by itself what it leaves out.
        corpus = replace(corpus, skipped=Skipped())
        layers = _layers_of(checkpoint, self.layers)
        state = RunState(
            self.progress_folder,
            self._description(checkpoint, vocabulary, corpus, layers),
            resume=self.resume,
            save_every=self.save_every,
        )
        with resume_hint_on_interrupt(self.progress_folder), self.engine.session():
            plan = self._plan(checkpoint, vocabulary, corpus, state, progress=progress)
            encoded = self.engine.encode(
                checkpoint,
                corpus,
                plan,
                self._framed(checkpoint, plan.vocabulary),
                EncoderSettings(layers, self.device, self.encoder_dtype),
                state=state,
                progress=progress,
            )
        return self._assembled(checkpoint, corpus, plan, encoded, layers)

    def _description(
        self,
        checkpoint: Checkpoint,
        vocabulary: Vocabulary | None,
        corpus: Corpus,
        layers: tuple[int, ...],
    ) -> dict[str, Any]:
        """What distinguishes this run from others."""
        words = "the corpus's own"
        if vocabulary is not None:
            digest = hashlib.sha256("\n".join(vocabulary.words).encode()).hexdigest()
            words = f"{len(vocabulary):,} rows, sha256 {digest[:16]}"
        return {
            "checkpoint": f"{checkpoint.name}, sha256 {checkpoint.sha256[:16]}",
            "vocabulary": words,
            "corpus": corpus.sizes(),
            "window": corpus.window,
            "skip_bad": corpus.skip_bad,
            "layers": layers,
            **{name: getattr(self, name) for name in _OPTIONS},
            "engine": self.engine.name,
        }

    def _plan(
        self,
        checkpoint: Checkpoint,
        vocabulary: Vocabulary | None,
        corpus: Corpus,
        state: RunState,
        *,
        progress: bool,
    ) -> EncodingPlan:
        if saved := state.load("plan"):
            return EncodingPlan.of_arrays(checkpoint, vocabulary, *saved)
        size = 1 if self.contexts is None else _CANDIDATES * self.contexts
        sample = self.engine.sample(
            checkpoint,
            vocabulary,
            corpus,
            size=size,
            seed=self.seed,
            state=state,
            progress=progress,
        )
        if corpus.skipped.texts or corpus.skipped.sources:
            _LOG.warning("left out of the corpus: %s", corpus.skipped)
        plan = make_plan(
            checkpoint,
            vocabulary,
            sample,
            contexts=self.contexts,
            min_count=self.min_count,
            max_words=self.max_words,
            corpus_name=f"the corpus ({', '.join(corpus.names[:3])})",
        )
        state.save("plan", *plan.arrays())
        state.drop("sample")
        return plan

    def _framed(self, checkpoint: Checkpoint, vocabulary: Vocabulary) -> Framed:
        if self.templates is not None and len(self.templates) != len(vocabulary):
            raise TableError(
                f"templates has {len(self.templates):,} vectors, expected one for each of the "
                f"vocabulary's {len(vocabulary):,} rows"
            )
        framed = frame(checkpoint, pieces_of(checkpoint, vocabulary), self.template)
        return replace(framed, vectors=self.templates)

    def _assembled(
        self,
        checkpoint: Checkpoint,
        corpus: Corpus,
        plan: EncodingPlan,
        encoded: Encoded,
        layers: tuple[int, ...],
    ) -> EmbeddingTable:
        vocabulary, sums = plan.vocabulary, encoded.sums
        vectors, weights = shrunk(sums, encoded.templates, self.shrinkage)
        table = raw_table(
            checkpoint,
            vocabulary,
            vectors,
            pieces_of(checkpoint, vocabulary),
            source=self.name,
            row_sources=np.where(sums["counts"] > 0, self.name, "isolated").tolist(),
            layers=list(layers),
            template=self.template,
            shrinkage=self.shrinkage,
            contexts=self.contexts,
            seed=self.seed,
            corpus=[list(source) for source in corpus.sizes()],
            sentences_read=plan.sentences,
            encoder_dtype=encoded.dtype,
        )
        provenance = replace(
            table.provenance,
            contexts=sums["counts"].astype(np.int32),
            spread=spread_of(sums),
            shrinkage=weights,
        )
        return replace(table, provenance=provenance)


def _layers_of(checkpoint: Checkpoint, layers: int | str | Sequence[int]) -> tuple[int, ...]:
    if layers == "auto":
        return (checkpoint.contextual_layer(),)
    given = layers.split(",") if isinstance(layers, str) else layers
    try:
        numbers = tuple(int(layer) for layer in ([given] if isinstance(given, int) else given))
    except ValueError as error:
        raise CheckpointError(
            f"layers {layers!r}: expected 'auto' or numbers from 0 to {checkpoint.layers}, such as "
            "'3,6'"
        ) from error
    if not numbers or len(set(numbers)) < len(numbers):
        raise CheckpointError(f"layers {layers!r}: expected at least one layer, and none twice")
    return numbers
