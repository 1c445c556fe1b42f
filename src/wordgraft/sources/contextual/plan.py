"""What a run is to do: which words, from which sentences; and what tells it from other runs."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.run_state import RunState, pack_texts, unpack_texts
from wordgraft.errors import DataError
from wordgraft.sources.contextual.corpus import Corpus, Position
from wordgraft.sources.contextual.sample import Sample, Sampler, sample_corpus
from wordgraft.sources.contextual.selection import Choice, choose
from wordgraft.vocabulary import Vocabulary

if TYPE_CHECKING:
    from numpy import ndarray

    from wordgraft.sources.contextual.engine import Engine

_LOG = logging.getLogger(__name__)

# A word may choose its contexts from this many times as many: of Wikipedia's tokens, 10,000 words
# took 8.5 % with 4 times, 9.7 % with 2 times, and 8.3 % with every sentence to choose from.
_CANDIDATES = 4


@dataclass(frozen=True)
class Options:
    """What `contextual` was asked for, besides checkpoint, vocabulary and corpus."""

    contexts: int | None
    layers: tuple[int, ...]
    template: str | None
    shrinkage: float
    seed: int
    min_count: int
    max_words: int | None
    device: str
    encoder_dtype: str
    engine: str = "local"


@dataclass(frozen=True, eq=False)
class Plan:
    """What is to be encoded; no choice means the whole corpus."""

    vocabulary: Vocabulary
    choice: Choice | None
    # Sentences and tokens of the corpus, special ones included.
    sentences: int
    tokens: int


def make_plan(
    checkpoint: Checkpoint,
    vocabulary: Vocabulary | None,
    corpus: Corpus,
    options: Options,
    kept: RunState,
    engine: Engine,
    *,
    progress: bool,
) -> Plan:
    if found := kept.load("chosen"):
        return _of_arrays(checkpoint, vocabulary, *found)
    size = 1 if options.contexts is None else _CANDIDATES * options.contexts
    sample = engine.sampled(
        checkpoint, vocabulary, corpus, size, options.seed, kept, progress=progress
    )
    if corpus.skipped.texts or corpus.skipped.sources:
        _LOG.warning("left out of the corpus: %s", corpus.skipped)
    if not sample.seen:
        raise DataError(f"the corpus ({', '.join(corpus.names[:3])}) holds no sentences")
    if vocabulary is None:
        vocabulary = sample.vocabulary(
            checkpoint, min_count=options.min_count, max_words=options.max_words
        )
        sample = sample.only(vocabulary)
    elif not len(sample.numbers):
        raise DataError(
            f"none of the {len(vocabulary) - len(vocabulary.roles):,} words occurs in the "
            f"{sample.seen:,} sentences of the corpus ({', '.join(corpus.names[:3])}); give a "
            "corpus that uses them"
        )
    choice = None
    if options.contexts is not None:
        choice = choose(sample, checkpoint, vocabulary, contexts=options.contexts)
    specials = sum(map(len, checkpoint.tokenizer.specials))
    plan = Plan(vocabulary, choice, sample.seen, sample.tokens + specials * sample.seen)
    kept.save("chosen", *_arrays(plan))
    kept.drop("sample")
    return plan


def sampled(
    checkpoint: Checkpoint,
    vocabulary: Vocabulary | None,
    corpus: Corpus,
    size: int,
    seed: int,
    kept: RunState,
    *,
    progress: bool,
) -> Sample:
    sampler, position = Sampler(checkpoint, vocabulary, size=size, seed=seed), Position()
    if found := kept.load("sample"):
        arrays, state = found
        sampler.take_up(Sample.of_arrays(arrays, state))
        position = Position(**state["position"])
        corpus.skipped.texts, corpus.skipped.sources = state["skipped"]
        _LOG.info("going on behind %s sentences read before", f"{state['seen']:,}")

    def keep(sampler: Sampler, position: Position) -> None:
        def content() -> tuple[dict[str, ndarray], dict[str, Any]]:
            arrays, state = sampler.sample().arrays()
            skipped = [corpus.skipped.texts, corpus.skipped.sources]
            return arrays, {**state, "position": asdict(position), "skipped": skipped}

        kept.save_if_due("sample", content)

    return sample_corpus(corpus, sampler, start=position, after_each_block=keep, progress=progress)


def corpus_identity(corpus: Corpus) -> list[tuple[str, int]]:
    """Each source's name and, of a file, its size in bytes."""
    sizes = (
        Path(source[0]).stat().st_size
        if isinstance(source, tuple) and Path(source[0]).is_file()
        else 0
        for source in corpus.sources
    )
    return list(zip(corpus.names, sizes, strict=True))


def identity(
    checkpoint: Checkpoint, vocabulary: Vocabulary | None, corpus: Corpus, options: Options
) -> dict[str, Any]:
    words = "the corpus's own"
    if vocabulary is not None:
        digest = hashlib.sha256("\n".join(vocabulary.words).encode()).hexdigest()
        words = f"{len(vocabulary):,} rows, sha256 {digest[:16]}"
    return {
        "checkpoint": f"{checkpoint.name}, sha256 {checkpoint.sha256[:16]}",
        "vocabulary": words,
        "corpus": corpus_identity(corpus),
        "window": corpus.window,
        "skip_bad": corpus.skip_bad,
        **asdict(options),
    }


def _arrays(plan: Plan) -> tuple[dict[str, ndarray], dict[str, Any]]:
    arrays = {"words": pack_texts(list(plan.vocabulary.words)), "counts": plan.vocabulary.counts}
    if plan.choice is not None:
        arrays |= {"sentences": pack_texts(plan.choice.sentences), "tokens": plan.choice.tokens}
    return arrays, {"sentences": plan.sentences, "tokens": plan.tokens}


def _of_arrays(
    checkpoint: Checkpoint,
    vocabulary: Vocabulary | None,
    arrays: dict[str, ndarray],
    state: dict[str, Any],
) -> Plan:
    if vocabulary is None:
        words = unpack_texts(arrays["words"])
        counts = dict(zip(words, arrays["counts"].tolist(), strict=True))
        vocabulary = Vocabulary.from_counts(
            {word: count for word, count in counts.items() if count}, checkpoint
        )
    choice = None
    if "sentences" in arrays:
        choice = Choice(unpack_texts(arrays["sentences"]), np.array(arrays["tokens"]))
    return Plan(vocabulary, choice, state["sentences"], state["tokens"])
