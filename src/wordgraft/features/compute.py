"""Run texts through the frozen encoder: one vector per word and layer, or one per text."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.encoder import EncoderModel
from wordgraft.checkpoint.inputs import windows_of
from wordgraft.core.progress import progress_bar
from wordgraft.core.ragged import Ragged
from wordgraft.features.recipe import FeatureRecipe
from wordgraft.features.store import FeatureStore

if TYPE_CHECKING:
    from jaxtyping import Float16, Int64
    from numpy import ndarray

_LOG = logging.getLogger(__name__)
# The fewest pieces in a shard: about 25 MB for four layers of width 384, which Ctrl-C may lose.
_PIECES_AT_ONCE = 8192


@dataclass(frozen=True, eq=False)
class Features:
    """Frozen vectors of texts.

    Attributes:
        places: per text, the places of its vectors: one per word, or one in all.
        stored: (places, layers, dims), by place.
        computed: the number of texts that were not in the cache.
    """

    places: Ragged
    stored: FeatureStore
    computed: int


def features_of(
    checkpoint: Checkpoint,
    texts: Sequence[Sequence[str]],
    recipe: FeatureRecipe,
    *,
    cache: Path | None,
    device: str = "auto",
    encoder: Callable[[], EncoderModel] | None = None,
    progress: bool = False,
) -> Features:
    """The vectors of texts; those in the cache are not computed again.

    A word's vector is the mean over its pieces. Texts too long for the encoder are read in windows.
    What was computed before an interruption stays in the cache.

    Args:
        texts: each a sequence of words.
        cache: folder for the vectors, such as `cache_folder()`; None stores them only in memory.
        encoder: gives a loaded encoder if texts are missing; by default it is loaded here.

    Example: `features_of(checkpoint, [["some", "tea"]], FeatureRecipe.of(checkpoint), cache=None)`.
    """
    store = FeatureStore(cache, recipe, name=checkpoint.name)
    missing = list({tuple(text): text for text in texts if text not in store}.values())
    if missing:
        loaded = encoder() if encoder is not None else feature_encoder(checkpoint, recipe, device)
        words = sum(map(len, missing))
        _LOG.info("encoding %s texts of %s words", f"{len(missing):,}", f"{words:,}")
        with progress_bar("encoding texts", len(missing), show=progress) as advance:
            most = max(_PIECES_AT_ONCE, loaded.at_once * loaded.tokens_per_batch)
            for part, pieces in _parts(checkpoint, missing, most):
                vectors, lengths = _encode(loaded, pieces, recipe.pooling)
                store.add(part, vectors, lengths)
                advance(len(part))
    return Features(store.places_of(texts), store, len(missing))


def feature_encoder(checkpoint: Checkpoint, recipe: FeatureRecipe, device: str) -> EncoderModel:
    """The encoder for a recipe."""
    return EncoderModel(checkpoint, layers=recipe.layers, device=device, dtype="float32")


@dataclass(frozen=True, eq=False)
class _Pieces:
    """The piece ids of texts, the number of pieces per word, and the number of words per text."""

    ids: Ragged
    of_word: Int64[ndarray, " words"]
    words: Int64[ndarray, " texts"]


def _parts(
    checkpoint: Checkpoint, texts: list[Sequence[str]], most: int
) -> Iterator[tuple[list[Sequence[str]], _Pieces]]:
    """Parts of about `most` pieces; each distinct word is cut into pieces once.

    The longest texts come first, so that texts of one length are adjacent and batches are full.
    """
    number: dict[str, int] = {}
    words = Ragged.of([[number.setdefault(word, len(number)) for word in text] for text in texts])
    pieces = checkpoint.tokenizer.word_pieces(list(number))
    before = np.concatenate([[0], np.cumsum(pieces.lengths[words.ids])])
    order = np.argsort(-np.diff(before[words.offsets]), kind="stable")
    words = words.take(order)
    pieces = pieces.take(words.ids)
    offsets = pieces.offsets[words.offsets]
    part_of = offsets[:-1] // most
    for part in np.split(np.arange(len(texts)), np.flatnonzero(np.diff(part_of)) + 1):
        first, end = part[0], part[-1] + 1
        some = slice(words.offsets[first], words.offsets[end])
        ids = Ragged(
            pieces.ids[offsets[first] : offsets[end]], offsets[first : end + 1] - offsets[first]
        )
        yield (
            [texts[place] for place in order[part]],
            _Pieces(ids, pieces.lengths[some], words.lengths[first:end]),
        )


def _encode(
    encoder: EncoderModel, pieces: _Pieces, pooling: str
) -> tuple[Float16[ndarray, "rows layers dims"], Int64[ndarray, " texts"]]:
    """Vectors of words or texts, and how many vectors each text has."""
    import torch

    before, after = encoder.checkpoint.tokenizer.specials
    windows = windows_of(pieces.ids, encoder.checkpoint.max_tokens - len(before) - len(after))
    per_word = pooling == "words"
    owners = pieces.of_word if per_word else pieces.ids.lengths
    owner_of = torch.from_numpy(np.repeat(np.arange(len(owners)), owners))
    text_of = np.searchsorted(pieces.ids.offsets, windows.offsets[:-1], side="right") - 1
    shape = (len(owners), len(encoder.layers), encoder.dims)
    sums = torch.zeros(shape, device=encoder.device)
    counts = torch.zeros(len(owners), device=encoder.device)
    framed = windows.framed(before, after)
    for batch, hidden in encoder.encode(framed):
        states = torch.stack([hidden[layer] for layer in encoder.layers], dim=2)
        if per_word:
            states = states[:, len(before) : states.shape[1] - len(after)]
            places = windows.offsets[batch][:, None] + np.arange(states.shape[1])
            owner = owner_of[torch.from_numpy(places.ravel())]
        else:
            owner = torch.from_numpy(np.repeat(text_of[batch], states.shape[1]))
        owner = owner.to(encoder.device)
        sums.index_add_(0, owner, states.flatten(0, 1))
        counts.index_add_(0, owner, torch.ones(len(owner), device=encoder.device))
    means = sums / counts.clamp(min=1)[:, None, None]
    vectors: Float16[ndarray, "rows layers dims"] = means.cpu().numpy().astype(np.float16)
    return vectors, pieces.words if per_word else np.ones(len(pieces.words), np.int64)
