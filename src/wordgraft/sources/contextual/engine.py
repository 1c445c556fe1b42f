"""Where a pass runs. Every engine gives the same table; `LocalEngine` runs in this process."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.run_state import RunState
from wordgraft.sources.contextual.corpus import Corpus, Position
from wordgraft.sources.contextual.pipeline import Encoded, EncoderSettings, encode_plan
from wordgraft.sources.contextual.plan import EncodingPlan
from wordgraft.sources.contextual.sample import Sample, Sampler, sample_corpus
from wordgraft.sources.isolated import Framed
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from numpy import ndarray

_LOG = logging.getLogger(__name__)


class Engine(Protocol):
    """Runs the two expensive steps of a pass: reading the corpus, and encoding.

    Attributes:
        name: the kind of engine. It is part of a run's description: progress saved by one kind is
            refused by another.
    """

    name: ClassVar[str]

    def session(self) -> AbstractContextManager[None]:
        """Get ready; both steps run inside. Raises `ClusterError`."""
        ...

    def sample(
        self,
        checkpoint: Checkpoint,
        vocabulary: Vocabulary | None,
        corpus: Corpus,
        *,
        size: int,
        seed: int,
        state: RunState,
        progress: bool,
    ) -> Sample:
        """The sample of a corpus; what could not be read is counted in `corpus.skipped`."""
        ...

    def encode(
        self,
        checkpoint: Checkpoint,
        corpus: Corpus,
        plan: EncodingPlan,
        framed: Framed,
        settings: EncoderSettings,
        *,
        state: RunState,
        progress: bool,
    ) -> Encoded:
        """Encode the words in their template, and the sentences of a plan."""
        ...


@dataclass(frozen=True)
class LocalEngine:
    """Runs in this process. Progress is saved at intervals.

    Example: `Contextual("news.txt", engine=LocalEngine())`, which is the default.
    """

    name: ClassVar[str] = "local"

    def session(self) -> AbstractContextManager[None]:
        return nullcontext()

    def sample(
        self,
        checkpoint: Checkpoint,
        vocabulary: Vocabulary | None,
        corpus: Corpus,
        *,
        size: int,
        seed: int,
        state: RunState,
        progress: bool,
    ) -> Sample:
        sampler, start = Sampler(checkpoint, vocabulary, size=size, seed=seed), Position()
        if saved := state.load("sample"):
            arrays, values = saved
            sampler.resume(Sample.of_arrays(arrays, values))
            start = Position(**values["position"])
            corpus.skipped.texts, corpus.skipped.sources = values["skipped"]
            _LOG.info("resuming after %s sentences that were already read", f"{values['seen']:,}")

        def save(sampler: Sampler, position: Position) -> None:
            def content() -> tuple[dict[str, ndarray], dict[str, Any]]:
                arrays, values = sampler.sample().arrays()
                skipped = [corpus.skipped.texts, corpus.skipped.sources]
                return arrays, {**values, "position": asdict(position), "skipped": skipped}

            state.save_if_due("sample", content)

        return sample_corpus(corpus, sampler, start=start, after_each_block=save, progress=progress)

    def encode(
        self,
        checkpoint: Checkpoint,
        corpus: Corpus,
        plan: EncodingPlan,
        framed: Framed,
        settings: EncoderSettings,
        *,
        state: RunState,
        progress: bool,
    ) -> Encoded:
        return encode_plan(
            checkpoint, corpus, plan, framed, settings, state=state, progress=progress
        )
