"""Encode what was planned, some sentences at a time, the progress kept between them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.encoder import EncoderModel
from wordgraft.core.parallel import ahead
from wordgraft.core.progress import progress_bar
from wordgraft.core.ragged import Ragged
from wordgraft.core.run_state import RunState
from wordgraft.sources.contextual.accumulate import Aligner, Sums
from wordgraft.sources.contextual.corpus import Corpus, Position
from wordgraft.sources.contextual.plan import Options, Plan
from wordgraft.sources.isolated import Framed, pooled

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

_LOG = logging.getLogger(__name__)

# Batches of chosen sentences, at least, and sentences of a whole corpus, between two looks at the
# clock.
_BATCHES_AT_ONCE = 16
_SENTENCES_AT_ONCE = 4096
# Seconds, and share of the work, that may go into measuring the encoder's speed.
_PROBE_SECONDS, _PROBE_SHARE = 1.0, 0.02


@dataclass(frozen=True, eq=False)
class Encoded:
    """What the encoder has made of a plan.

    Attributes:
        templates: each word's vector in the template.
        sums: as `Sums.arrays` gives them.
        dtype: of the numbers it computed with.
    """

    templates: Float32[ndarray, "words dims"]
    sums: dict[str, ndarray]
    dtype: str


def encoded(
    checkpoint: Checkpoint,
    corpus: Corpus,
    plan: Plan,
    framed: Framed,
    options: Options,
    kept: RunState,
    *,
    progress: bool,
) -> Encoded:
    """Encode the words in their template, and the sentences of a plan."""
    encoder = EncoderModel(
        checkpoint, layers=options.layers, device=options.device, dtype=options.encoder_dtype
    )
    template_tokens = 0 if framed.vectors is not None else len(framed.sequences.ids)
    total = to_encode(plan)[1] + template_tokens
    rate = tokens_per_second(encoder, mean_length(plan, checkpoint), of=total)
    report(plan, template_tokens, rate, str(encoder.device))
    if found := kept.load("templates"):
        templates: Float32[ndarray, "words dims"] = np.array(found[0]["vectors"])
    else:
        templates = pooled(encoder, framed, "own", progress=progress)
        kept.save("templates", {"vectors": templates}, {})
    sums = sum_contexts(checkpoint, corpus, plan, encoder, kept, progress=progress)
    return Encoded(templates, sums.arrays(), dtype_of(encoder))


def dtype_of(encoder: EncoderModel) -> str:
    """The name of the numbers an encoder computes with."""
    return str(encoder.model.dtype).removeprefix("torch.")


def sum_contexts(
    checkpoint: Checkpoint,
    corpus: Corpus,
    plan: Plan,
    encoder: EncoderModel,
    kept: RunState,
    *,
    progress: bool,
) -> Sums:
    done: dict[str, Any] = {"sentences": 0, "tokens": 0, "position": asdict(Position())}
    sums = Sums(len(plan.vocabulary), encoder.dims, encoder.device)
    if found := kept.load("sums"):
        arrays, done = found
        sums = Sums.of_arrays(arrays, encoder.device)
        _LOG.info("going on behind %s sentences encoded before", f"{done['sentences']:,}")
    aligner = Aligner(checkpoint, plan.vocabulary)
    parts = _parts(plan, corpus, encoder, done)
    _, total = to_encode(plan)
    with progress_bar("encoding tokens", total, show=progress) as advance:
        advance(done["tokens"])
        aligned = ((aligner.inputs(sentences), position) for sentences, position in parts)
        for inputs, position in ahead(aligned):
            sums.add_sentences(encoder, inputs)
            tokens = len(inputs.sequences.ids)
            done = {
                "sentences": done["sentences"] + inputs.sentences,
                "tokens": done["tokens"] + tokens,
                "position": asdict(position),
            }
            advance(tokens)
            kept.save_if_due("sums", lambda done=done: (sums.arrays(), done))  # type: ignore[misc]
    kept.save("sums", sums.arrays(), done)
    return sums


def _parts(
    plan: Plan, corpus: Corpus, encoder: EncoderModel, done: dict[str, Any]
) -> Iterator[tuple[list[str], Position]]:
    """What is still to be encoded, some sentences at a time, and the corpus position behind."""
    if plan.choice is None:
        size = max(_SENTENCES_AT_ONCE, encoder.tokens_per_batch)
        for block in corpus.blocks(Position(**done["position"]), size=size):
            yield block.sentences, block.position
        return
    sentences, tokens = plan.choice.sentences, plan.choice.tokens
    batches = max(_BATCHES_AT_ONCE, 2 * encoder.at_once)
    part_of = (np.cumsum(tokens) - tokens) // (batches * encoder.tokens_per_batch)
    borders = [0, *(np.flatnonzero(np.diff(part_of)) + 1).tolist(), len(sentences)]
    for start, end in pairwise(borders):
        if start >= done["sentences"]:
            yield sentences[start:end], Position()


def to_encode(plan: Plan) -> tuple[int, int]:
    """How many sentences and tokens a plan holds."""
    if plan.choice is None:
        return plan.sentences, plan.tokens
    return len(plan.choice.sentences), int(plan.choice.tokens.sum())


def mean_length(plan: Plan, checkpoint: Checkpoint) -> int:
    """Tokens of an average sentence that is to be encoded, as far as the encoder takes it."""
    sentences, tokens = to_encode(plan)
    return min(max(2, round(tokens / max(sentences, 1))), checkpoint.max_tokens)


def report(plan: Plan, template_tokens: int, rate: float, where: str) -> None:
    """Say what is to be encoded, and how long that takes at `rate` tokens/s."""
    sentences, tokens = to_encode(plan)
    _LOG.info(
        "encoding %s tokens in %s sentences, %.1f %% of the corpus's, and %s tokens of templates: "
        "about %s at %s tokens/s on %s",
        f"{tokens:,}",
        f"{sentences:,}",
        100 * tokens / max(plan.tokens, 1),
        f"{template_tokens:,}",
        _duration((tokens + template_tokens) / rate),
        f"{rate:,.0f}",
        where,
    )


def tokens_per_second(encoder: EncoderModel, length: int, *, of: int) -> float:
    """How fast the encoder is with full batches of sequences of `length` tokens.

    Takes a small part of the time that `of` tokens will.
    """
    rows = max(1, encoder.tokens_per_batch // length) * encoder.at_once
    batch = Ragged(np.zeros(rows * length, np.int64), np.arange(rows + 1) * length)
    best, started = 0.0, time.perf_counter()
    while not best or time.perf_counter() - started < min(_PROBE_SECONDS, _PROBE_SHARE * of / best):
        began = time.perf_counter()
        for _, hidden in encoder.encode(batch):
            next(iter(hidden.values())).sum().item()  # waits until a GPU is done
        best = max(best, rows * length / (time.perf_counter() - began))
    return best


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
