"""`encoder`: the pretrained transformer itself as the rows of a network, and what reads them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from wordgraft.checkpoint.encoder import load_model
from wordgraft.errors import CheckpointError
from wordgraft.networks.inputs import Inputs, Sequences, mask_of, means

if TYPE_CHECKING:
    from wordgraft.checkpoint import Checkpoint

# How a text's tokens become one vector, and a word's pieces one.
TEXT_POOLINGS = ("mean", "cls", "attention")
WORD_POOLINGS = ("first", "last", "mean")
# Share of a batch's places; more than this and it is computed in parts.
MOST_PADDING = 0.05
_LEAST = 1e-12
# In `Inputs.extras`: (words, longest) piece ids of each word, -1 behind the last.
PIECES = "pieces"


class EncoderRows(nn.Module):
    """transformers' own model of a checkpoint, all of it ready to learn.

    Reads texts as complete inputs, special ids included, and gives a vector a token. Where
    `Inputs.extras` has the pieces of words, it puts the special ids around them itself and gives a
    vector a word; a text longer than the encoder reads is cut into windows between words.

    Args:
        words: `first`, `last` (the word's first or last piece) or `mean` (of its pieces).

    Raises `CheckpointError` for weights that are incomplete.
    """

    def __init__(self, checkpoint: Checkpoint, *, words: str = "first") -> None:
        super().__init__()
        if words not in WORD_POOLINGS:
            raise CheckpointError(f"words {words!r} is none of {', '.join(WORD_POOLINGS)}")
        self.model = load_model(checkpoint, checkpoint.layers, torch.float32).requires_grad_(True)
        self.words = words
        self.room = checkpoint.max_tokens
        self.pad = checkpoint.tokenizer.pad_id
        self.specials = checkpoint.tokenizer.specials
        # Groups of layers in ALBERT, which shares weights.
        self.layers = int(checkpoint.config.get("num_hidden_groups", checkpoint.layers))
        # Tokens and padding read while learning.
        self.tokens_read, self.places_read = 0, 0
        self.layer_names = checkpoint.architecture.layer_names
        self._layer = re.compile(re.escape(self.layer_names) + r"(\d+)\.")

    @property
    def norm_eps(self) -> float | None:
        """Of the norm below transformers' classifier, where the architecture has one."""
        config = self.model.config
        return float(config.norm_eps) if config.model_type == "modernbert" else None

    @property
    def dims(self) -> int:
        """Width of the vectors."""
        return int(self.model.config.hidden_size)

    def depth_of(self, name: str) -> int:
        """How deep a parameter of this module lies: 0 in the embeddings, then 1 for each layer.

        What stands above the last layer, such as a norm, counts to it.
        """
        if found := self._layer.search(name):
            return int(found[1]) + 1
        return 0 if "embeddings" in name or "mapping_in" in name else self.layers

    def forward(self, inputs: Inputs) -> Sequences:
        """A vector a token, or a word."""
        if PIECES not in inputs.extras:
            sizes = inputs.sizes or inputs.lengths.tolist()
            return Sequences(self._states(inputs.ids, sizes), inputs.lengths)
        return Sequences(self._of_words(inputs.extras[PIECES], inputs.lengths), inputs.lengths)

    def _states(self, ids: Tensor, sizes: Sequence[int]) -> Tensor:
        """(tokens, dims) of complete inputs of these sizes, end to end."""
        if not len(ids):
            return torch.zeros(0, self.dims, device=ids.device)
        groups = self.groups(sizes, ids.device)
        if len(groups) == 1:
            return self._padded(ids, sizes)
        starts = np.cumsum([0, *sizes])
        found, places = [], []
        for group in groups:
            at = np.concatenate([np.arange(starts[text], starts[text + 1]) for text in group])
            places.append(at)
            own = torch.from_numpy(at).to(ids.device)
            found.append(self._padded(ids[own], [sizes[text] for text in group]))
        back = torch.from_numpy(np.argsort(np.concatenate(places))).to(ids.device)
        return torch.cat(found)[back]

    def groups(self, sizes: Sequence[int], device: torch.device) -> list[list[int]]:
        """Numbers of a batch's texts that are computed together; see `alike`.

        On a GPU all are, as long as no more of what was read in training is padding: it computes
        padding in no time, and waits for Python to ask for each part.
        """
        places = self.places_read + max(sizes) * len(sizes)
        padding = places - self.tokens_read - sum(sizes)
        if device.type != "cpu" and padding <= MOST_PADDING * places:
            return [[*range(len(sizes))]]
        return alike(sizes)

    def _padded(self, ids: Tensor, sizes: Sequence[int]) -> Tensor:
        shape = len(sizes), max(sizes)
        if self.training:
            self.tokens_read += len(ids)
            self.places_read += shape[0] * shape[1]
        if len(ids) == shape[0] * shape[1]:  # equal lengths need no mask, and run faster without
            return self._last(ids.view(shape), None).flatten(0, 1)
        # Reckoned here: what a GPU is asked for has to wait until it has done all else.
        mask = mask_of(torch.tensor(sizes))
        places = torch.nonzero(mask.flatten())[:, 0].to(ids.device)
        block = ids.new_full((mask.numel(),), self.pad).index_copy(0, places, ids)
        states = self._last(block.view(shape), mask.to(ids.device))
        return states.flatten(0, 1).index_select(0, places)

    def _last(self, block: Tensor, mask: Tensor | None) -> Tensor:
        given = {} if mask is None else {"attention_mask": mask.long()}
        states: Tensor = self.model(input_ids=block, **given).last_hidden_state
        return states

    def _of_words(self, pieces: Tensor, lengths: Tensor) -> Tensor:
        """(words, dims) of (words, longest) pieces."""
        if not len(pieces):
            return torch.zeros(0, self.dims, device=pieces.device)
        own = pieces >= 0
        counts = own.sum(dim=1)
        window = self._windows(counts, lengths, pieces.shape[1])
        sizes = torch.zeros_like(window).index_add_(0, window, counts)[: int(window[-1]) + 1]
        before, after = (torch.tensor(each, device=pieces.device) for each in self.specials)
        extra = len(before) + len(after)
        # Where each word's pieces go once every window has its special ids around it.
        starts = counts.cumsum(0) - counts + window * extra + len(before)
        ids = pieces.new_empty(int(counts.sum()) + len(sizes) * extra)
        ends = (sizes + extra).cumsum(0)
        ids[(ends - sizes - extra)[:, None] + torch.arange(len(before), device=ids.device)] = before
        ids[(ends - len(after))[:, None] + torch.arange(len(after), device=ids.device)] = after
        places = starts[:, None] + torch.arange(pieces.shape[1], device=ids.device)
        ids[places[own]] = pieces[own]
        states = self._states(ids, (sizes + extra).tolist())
        if self.words == "first":
            return states[starts]
        if self.words == "last":
            return states[starts + counts - 1]
        word = torch.arange(len(pieces), device=ids.device)[:, None].expand_as(own)[own]
        sums = states.new_zeros(len(pieces), self.dims).index_add(0, word, states[places[own]])
        return sums / counts[:, None]

    def _windows(self, counts: Tensor, lengths: Tensor, longest: int) -> Tensor:
        """int64 (words,): which input each word goes to; a text has one, or several if long."""
        text = torch.repeat_interleave(torch.arange(len(lengths), device=counts.device), lengths)
        before = counts.cumsum(0) - counts
        first = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)[:-1]]).clamp(max=len(counts) - 1)
        within = before - before[first][text]
        # A word that begins in a window ends in it, even one of `longest` pieces.
        room = self.room - sum(map(len, self.specials)) - longest + 1
        key = text * (int(within.max()) // max(room, 1) + 1) + within // max(room, 1)
        window: Tensor = torch.unique_consecutive(key, return_inverse=True)[1]
        return window


def alike(lengths: Sequence[int]) -> list[list[int]]:
    """Numbers of texts in groups of like length, so that little of a group is padding.

    A group with more padding than `MOST_PADDING` is cut where the two parts have the least.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    groups, waiting = [], [order] if order else []
    while waiting:
        group = waiting.pop()
        sizes = [lengths[text] for text in group]
        places = sizes[-1] * len(sizes)
        if places - sum(sizes) <= MOST_PADDING * places:
            groups.append(group)
            continue
        cut = min(
            range(1, len(sizes)),
            key=lambda at: sizes[at - 1] * at + sizes[-1] * (len(sizes) - at),
        )
        waiting += [group[:cut], group[cut:]]
    return groups


class Pooling(nn.Module):
    """A text's tokens as one vector.

    Args:
        how: `mean` (of all tokens, the special ones included), `cls` (the first token), or
            `attention` (weights that learn, alike at the start). Means are normalised as the
            encoder's own layers are, without weights.
        dropout: share of the values set to zero in training.
        norm_eps: of the norm; given also to the first token's vector where transformers' own
            classifier has a norm there.
    """

    def __init__(
        self, dims: int, how: str, *, dropout: float, norm_eps: float | None = None
    ) -> None:
        super().__init__()
        self.how, self.width = how, dims
        # No more than keeps a text of nothing finite, as the norm of an added layer would.
        self.norm_eps = _LEAST if norm_eps is None and how != "cls" else norm_eps
        self.dropout = nn.Dropout(dropout)
        if how == "attention":
            self.query = nn.Parameter(torch.zeros(dims))

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        """(texts, dims)."""
        pooled = {"cls": _first, "mean": means, "attention": self._attended}[self.how](words)
        dropped: Tensor = self.dropout(_normalised(pooled, self.norm_eps))
        return dropped

    def _attended(self, words: Sequences) -> Tensor:
        text = torch.repeat_interleave(
            torch.arange(len(words.lengths), device=words.vectors.device), words.lengths
        )
        scores = words.vectors @ self.query
        highest = scores.new_full((len(words.lengths),), -torch.inf)
        highest = highest.scatter_reduce(0, text, scores.detach(), "amax")
        weights = torch.exp(scores - highest[text])
        total = weights.new_zeros(len(words.lengths)).index_add(0, text, weights)
        sums = words.vectors.new_zeros(len(words.lengths), self.width)
        return sums.index_add(0, text, words.vectors * (weights / total[text])[:, None])


class EachWord(nn.Module):
    """Words as they are, with dropout: the body of a tagger. `norm_eps` as in `Pooling`."""

    def __init__(self, dims: int, *, dropout: float, norm_eps: float | None = None) -> None:
        super().__init__()
        self.width, self.norm_eps = dims, norm_eps
        self.dropout = nn.Dropout(dropout)

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        """(words, dims)."""
        dropped: Tensor = self.dropout(_normalised(words.vectors, self.norm_eps))
        return dropped


def _first(words: Sequences) -> Tensor:
    return words.vectors[words.offsets]


def _normalised(vectors: Tensor, eps: float | None) -> Tensor:
    return vectors if eps is None else nn.functional.layer_norm(vectors, vectors.shape[1:], eps=eps)
