"""Encode a plan in this process, some sentences at a time, saving the progress between them."""

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
from wordgraft.core.parallel import prefetched
from wordgraft.core.progress import progress_bar
from wordgraft.core.ragged import Ragged
from wordgraft.core.run_state import RunState
from wordgraft.sources.contextual.accumulate import Aligner, Sums
from wordgraft.sources.contextual.corpus import Corpus, Position
from wordgraft.sources.contextual.plan import EncodingPlan
from wordgraft.sources.isolated import Framed, pooled

if TYPE_CHECKING:
    from jaxtyping import Float32
    from numpy import ndarray

_LOG = logging.getLogger(__name__)

# How much is encoded between two checks of the clock: at least so many batches of selected
# sentences, or so many sentences of a whole corpus.
_BATCHES_AT_ONCE = 16
_SENTENCES_AT_ONCE = 4096
# How much of the time may go into measuring the encoder's speed: seconds, and share of the work.
_MEASURING_SECONDS, _MEASURING_SHARE = 1.0, 0.02


@dataclass(frozen=True)
class EncoderSettings:
    """Which layers of the encoder to average, and the device and dtype as for `EncoderModel`."""

    layers: tuple[int, ...]
    device: str = "auto"
    dtype: str = "auto"

    def load(self, checkpoint: Checkpoint) -> EncoderModel:
        """The encoder. Raises `CheckpointError`."""
        return EncoderModel(checkpoint, layers=self.layers, device=self.device, dtype=self.dtype)


@dataclass(frozen=True, eq=False)
class Encoded:
    """What came out of the encoder.

    Attributes:
        templates: each word's vector in the template.
        sums: as `Sums.arrays` gives them.
        dtype: what the encoder computed in, such as `float32`.
    """

    templates: Float32[ndarray, "words dims"]
    sums: dict[str, ndarray]
    dtype: str


def encode_plan(
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
    encoder = settings.load(checkpoint)
    template_tokens = 0 if framed.vectors is not None else len(framed.sequences.ids)
    total = plan.tokens_to_encode + template_tokens
    rate = tokens_per_second(encoder, plan.mean_length(checkpoint.max_tokens), total=total)
    log_estimate(plan, template_tokens, rate, str(encoder.device))
    if saved := state.load("templates"):
        templates: Float32[ndarray, "words dims"] = saved.arrays["vectors"]
    else:
        templates = pooled(encoder, framed, "own", progress=progress)
        state.save("templates", {"vectors": templates})
    sums = sum_contexts(corpus, plan, encoder, state=state, progress=progress)
    return Encoded(templates, sums.arrays(), dtype_of(encoder))


def dtype_of(encoder: EncoderModel) -> str:
    """The name of the dtype that an encoder computes in."""
    return str(encoder.model.dtype).removeprefix("torch.")


def sum_contexts(
    corpus: Corpus, plan: EncodingPlan, encoder: EncoderModel, *, state: RunState, progress: bool
) -> Sums:
    """Encode the sentences of a plan and add up the states of their words."""
    done: dict[str, Any] = {"sentences": 0, "tokens": 0, "position": asdict(Position())}
    sums = Sums(len(plan.vocabulary), encoder.dims, encoder.device)
    if saved := state.load("sums"):
        arrays, done = saved
        sums = Sums.of_arrays(arrays, encoder.device)
        _LOG.info("resuming after %s sentences that were already encoded", f"{done['sentences']:,}")
    aligner = Aligner(encoder.checkpoint, plan.vocabulary)
    parts = _remaining_parts(plan, corpus, encoder, done)
    with progress_bar("encoding tokens", plan.tokens_to_encode, show=progress) as advance:
        advance(done["tokens"])
        aligned = ((aligner.align(sentences), position) for sentences, position in parts)
        for inputs, position in prefetched(aligned):
            sums.add_sentences(encoder, inputs)
            tokens = len(inputs.sequences.ids)
            done = {
                "sentences": done["sentences"] + inputs.sentences,
                "tokens": done["tokens"] + tokens,
                "position": asdict(position),
            }
            advance(tokens)
            state.save_if_due("sums", lambda done=done: (sums.arrays(), done))  # type: ignore[misc]
    state.save("sums", sums.arrays(), done)
    return sums


def _remaining_parts(
    plan: EncodingPlan, corpus: Corpus, encoder: EncoderModel, done: dict[str, Any]
) -> Iterator[tuple[list[str], Position]]:
    """What is still to be encoded, some sentences at a time, and the position after them."""
    if plan.selection is None:
        size = max(_SENTENCES_AT_ONCE, encoder.tokens_per_batch)
        for block in corpus.blocks(Position(**done["position"]), size=size):
            yield block.sentences, block.position
        return
    sentences, tokens = plan.selection.sentences, plan.selection.tokens
    batches = max(_BATCHES_AT_ONCE, 2 * encoder.at_once)
    for start, end in runs_of_tokens(tokens, batches * encoder.tokens_per_batch):
        if start >= done["sentences"]:
            yield sentences[start:end], Position()


def runs_of_tokens(tokens: ndarray, most: int) -> Iterator[tuple[int, int]]:
    """Start and end of each run of sequences that hold about `most` tokens.

    >>> list(runs_of_tokens(np.array([3, 3, 3, 3, 3]), 6))
    [(0, 2), (2, 4), (4, 5)]
    """
    run_of = (np.cumsum(tokens) - tokens) // most
    yield from pairwise([0, *(np.flatnonzero(np.diff(run_of)) + 1).tolist(), len(tokens)])


def log_estimate(plan: EncodingPlan, template_tokens: int, rate: float, where: str) -> None:
    """Log what is to be encoded, and how long that takes at `rate` tokens/s."""
    _LOG.info(
        "encoding %s tokens in %s sentences, %.1f %% of the corpus, and %s tokens of templates: "
        "about %s at %s tokens/s on %s",
        f"{plan.tokens_to_encode:,}",
        f"{plan.sentences_to_encode:,}",
        100 * plan.tokens_to_encode / max(plan.tokens, 1),
        f"{template_tokens:,}",
        format_duration((plan.tokens_to_encode + template_tokens) / rate),
        f"{rate:,.0f}",
        where,
    )


def tokens_per_second(encoder: EncoderModel, length: int, *, total: int) -> float:
    """How fast the encoder is with full batches of sequences of `length` tokens.

    Takes a small part of the time that `total` tokens will take.
    """
    rows = max(1, encoder.tokens_per_batch // length) * encoder.at_once
    batch = Ragged(np.zeros(rows * length, np.int64), np.arange(rows + 1) * length)
    rate, started = 0.0, time.perf_counter()
    while not rate or time.perf_counter() - started < min(
        _MEASURING_SECONDS, _MEASURING_SHARE * total / rate
    ):
        began = time.perf_counter()
        for _, hidden in encoder.encode(batch):
            next(iter(hidden.values())).sum().item()  # waits for a GPU to finish
        rate = max(rate, rows * length / (time.perf_counter() - began))
    return rate


def format_duration(seconds: float) -> str:
    """
    >>> format_duration(3725)
    '1 h 02 min'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
