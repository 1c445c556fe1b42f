"""Where a pass runs: `local`, in this process, or `ray`, on a cluster. Both give the same table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.optional import require
from wordgraft.core.run_state import RunState
from wordgraft.errors import ClusterError
from wordgraft.sources.contextual.corpus import Corpus
from wordgraft.sources.contextual.pipeline import Encoded, encoded
from wordgraft.sources.contextual.plan import Options, Plan, sampled
from wordgraft.sources.contextual.sample import Sample
from wordgraft.sources.isolated import Framed
from wordgraft.vocabulary import Vocabulary

ENGINES = ("local", "ray")


class Engine(Protocol):
    """The two steps of a pass that are work enough to be shared out."""

    def sampled(
        self,
        checkpoint: Checkpoint,
        vocabulary: Vocabulary | None,
        corpus: Corpus,
        size: int,
        seed: int,
        kept: RunState,
        *,
        progress: bool,
    ) -> Sample:
        """The sample of a corpus; what could not be read is counted in `corpus.skipped`."""

    def encoded(
        self,
        checkpoint: Checkpoint,
        corpus: Corpus,
        plan: Plan,
        framed: Framed,
        options: Options,
        kept: RunState,
        *,
        progress: bool,
    ) -> Encoded:
        """The words in their template, and the sentences of a plan, through the encoder."""


class Local:
    """In this process."""

    sampled = staticmethod(sampled)
    encoded = staticmethod(encoded)


@contextmanager
def engine_of(name: str, address: str | None) -> Iterator[Engine]:
    """The engine of a name, ready to run. Raises `ClusterError` and `MissingExtraError`."""
    if name not in ENGINES:
        raise ClusterError(f"engine {name!r} is none of {', '.join(ENGINES)}")
    if name == "local":
        if address is not None:
            raise ClusterError(
                f"address {address!r} is of use to the engine 'ray' only; give --engine ray "
                "(engine='ray') as well"
            )
        yield Local()
        return
    require("ray", purpose="the engine 'ray'")
    from wordgraft.core.ray import connected
    from wordgraft.sources.contextual.ray import Cluster

    with connected(address):
        yield Cluster()
