"""The pretrained transformer itself as the rows of a network, and the bodies that read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from wordgraft.checkpoint.encoder import load_model
from wordgraft.checkpoint.inputs import windows_of
from wordgraft.core.ragged import Ragged
from wordgraft.errors import CheckpointError
from wordgraft.networks.inputs import NetworkInputs, Sequences, mask_of, means

if TYPE_CHECKING:
    from wordgraft.checkpoint import Checkpoint

# How the vectors of a text's tokens, or of a word's pieces, become one vector.
TEXT_POOLINGS = ("mean", "cls", "attention")
WORD_POOLINGS = ("first", "last", "mean")
# A batch with a larger share of padding than this is computed in parts.
MOST_PADDING = 0.05
_SMALLEST_EPS = 1e-12
# Key of `NetworkInputs.extras`: piece ids of each word (words, longest), -1 after the last.
PIECES = "pieces"


class EncoderRows(nn.Module):
    """transformers' model of a checkpoint, all of whose weights can learn.

    Reads texts as complete inputs, special ids included, and gives a vector per token. If
    `NetworkInputs.extras` has the pieces of words, it adds the special ids and gives a vector
    per word. A text longer than the encoder's maximum is divided into windows between words.

    Args:
        words: whether a word's vector is that of its `first` or `last` piece, or their `mean`.

    Raises `CheckpointError` if weights are missing.
    """

    def __init__(self, checkpoint: Checkpoint, *, words: str = "first") -> None:
        super().__init__()
        if words not in WORD_POOLINGS:
            raise CheckpointError(f"words is {words!r}, expected one of {', '.join(WORD_POOLINGS)}")
        self.model = load_model(checkpoint, checkpoint.layers, torch.float32).requires_grad_(True)
        self.words = words
        self.room = checkpoint.max_tokens
        self.pad = checkpoint.tokenizer.pad_id
        self.specials = checkpoint.tokenizer.specials
        # ALBERT shares weights within groups of layers.
        self.layers = int(checkpoint.config.get("num_hidden_groups", checkpoint.layers))
        # Tokens, and tokens with padding, that were read in training.
        self.tokens_read, self.places_read = 0, 0
        self.layer_names = checkpoint.architecture.layer_names
        self._layer = re.compile(re.escape(self.layer_names) + r"(\d+)\.")

    @property
    def norm_eps(self) -> float | None:
        """Epsilon of the norm before transformers' classifier, if the architecture has one."""
        config = self.model.config
        return float(config.norm_eps) if config.model_type == "modernbert" else None

    @property
    def dims(self) -> int:
        """Width of the vectors."""
        return int(self.model.config.hidden_size)

    def depth_of(self, name: str) -> int:
        """The depth of a parameter of this module: 0 for the embeddings, 1 for the first layer, ...

        Parameters above the last layer, such as a norm, have its depth.
        """
        if match := self._layer.search(name):
            return int(match[1]) + 1
        return 0 if "embeddings" in name or "mapping_in" in name else self.layers

    def forward(self, inputs: NetworkInputs) -> Sequences:
        """A vector per token, or per word."""
        if PIECES not in inputs.extras:
            sizes = inputs.sizes or inputs.lengths.tolist()
            return Sequences(self._states(inputs.ids, sizes), inputs.lengths)
        return Sequences(self._of_words(inputs.extras[PIECES], inputs.lengths), inputs.lengths)

    def _states(self, ids: Tensor, sizes: Sequence[int]) -> Tensor:
        """(tokens, dims) of complete inputs of the given sizes, end to end."""
        if not len(ids):
            return torch.zeros(0, self.dims, device=ids.device)
        groups = self.groups(sizes, ids.device)
        if len(groups) == 1:
            return self._padded(ids, sizes)
        starts = np.cumsum([0, *sizes])
        states, places = [], []
        for group in groups:
            tokens = np.concatenate([np.arange(starts[text], starts[text + 1]) for text in group])
            places.append(tokens)
            ids_of_group = ids[torch.from_numpy(tokens).to(ids.device)]
            states.append(self._padded(ids_of_group, [sizes[text] for text in group]))
        back = torch.from_numpy(np.argsort(np.concatenate(places))).to(ids.device)
        return torch.cat(states)[back]

    def groups(self, sizes: Sequence[int], device: torch.device) -> list[list[int]]:
        """Indexes of a batch's texts in groups that are computed together; see `of_similar_length`.

        On a GPU all are one group as long as at most `MOST_PADDING` of everything read in training
        is padding: padding costs it little, but it waits for Python between groups.
        """
        places = self.places_read + max(sizes) * len(sizes)
        padding = places - self.tokens_read - sum(sizes)
        if device.type != "cpu" and padding <= MOST_PADDING * places:
            return [[*range(len(sizes))]]
        return of_similar_length(sizes)

    def _padded(self, ids: Tensor, sizes: Sequence[int]) -> Tensor:
        shape = len(sizes), max(sizes)
        if self.training:
            self.tokens_read += len(ids)
            self.places_read += shape[0] * shape[1]
        if len(ids) == shape[0] * shape[1]:  # equal lengths need no mask and run faster without
            return self._last(ids.view(shape), None).flatten(0, 1)
        # Computed on the CPU: asking a GPU for a value waits until its other work is done.
        mask = mask_of(torch.tensor(sizes))
        places = torch.nonzero(mask.flatten())[:, 0].to(ids.device)
        block = ids.new_full((mask.numel(),), self.pad).index_copy(0, places, ids)
        states = self._last(block.view(shape), mask.to(ids.device))
        return states.flatten(0, 1).index_select(0, places)

    def _last(self, block: Tensor, mask: Tensor | None) -> Tensor:
        masks = {} if mask is None else {"attention_mask": mask.long()}
        states: Tensor = self.model(input_ids=block, **masks).last_hidden_state
        return states

    def _of_words(self, pieces: Tensor, lengths: Tensor) -> Tensor:
        """(words, dims) from pieces (words, longest)."""
        if not len(pieces):
            return torch.zeros(0, self.dims, device=pieces.device)
        is_piece = pieces >= 0
        counts = is_piece.sum(dim=1)
        window = self._windows(counts, lengths)
        sizes = torch.zeros_like(window).index_add_(0, window, counts)[: int(window[-1]) + 1]
        before, after = (
            torch.tensor(special_ids, device=pieces.device) for special_ids in self.specials
        )
        extra = len(before) + len(after)
        # The place of each word's first piece once every window has its special ids.
        starts = counts.cumsum(0) - counts + window * extra + len(before)
        ids = pieces.new_empty(int(counts.sum()) + len(sizes) * extra)
        ends = (sizes + extra).cumsum(0)
        ids[(ends - sizes - extra)[:, None] + torch.arange(len(before), device=ids.device)] = before
        ids[(ends - len(after))[:, None] + torch.arange(len(after), device=ids.device)] = after
        places = starts[:, None] + torch.arange(pieces.shape[1], device=ids.device)
        ids[places[is_piece]] = pieces[is_piece]
        states = self._states(ids, (sizes + extra).tolist())
        if self.words == "first":
            return states[starts]
        if self.words == "last":
            return states[starts + counts - 1]
        word = torch.arange(len(pieces), device=ids.device)[:, None].expand_as(is_piece)[is_piece]
        sums = states.new_zeros(len(pieces), self.dims).index_add(0, word, states[places[is_piece]])
        return sums / counts[:, None]

    def _windows(self, counts: Tensor, lengths: Tensor) -> Tensor:
        """int64 (words,): the input that each word belongs to; a long text has several."""
        pieces, words = counts.cpu().numpy(), lengths.cpu().numpy()
        borders = np.concatenate([[0], np.cumsum(pieces)])
        texts = Ragged(np.arange(borders[-1]), borders[np.concatenate([[0], np.cumsum(words)])])
        # No word has more pieces than this, so that a word is always within one window.
        room = self.room - sum(map(len, self.specials))
        windows = windows_of(texts, room, word_starts=borders[:-1])
        window = np.searchsorted(windows.offsets, borders[:-1], side="right") - 1
        return torch.from_numpy(window).to(counts.device)


def of_similar_length(lengths: Sequence[int]) -> list[list[int]]:
    """Indexes of texts in groups of similar length, so that little of a group is padding.

    A group with more padding than `MOST_PADDING` is divided where its two parts have the least.

    >>> sorted(of_similar_length([3, 40, 3, 41]))
    [[0, 2], [1, 3]]
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
    """One vector per text, from the vectors of its tokens.

    Args:
        how: `mean` (of all tokens, including special ones), `cls` (the first token), or `attention`
            (a weighted mean with learned weights, equal at first). Means are normalized like the
            encoder's layers, but without weights.
        dropout: share of the values set to zero in training.
        norm_eps: epsilon of the norm. With `cls` there is a norm only if it is given, which is the
            case where transformers' own classifier has one.
    """

    def __init__(
        self, dims: int, how: str, *, dropout: float, norm_eps: float | None = None
    ) -> None:
        super().__init__()
        self.how, self.width = how, dims
        # As small as in the norm of an added layer; it keeps the mean of zeros finite.
        self.norm_eps = _SMALLEST_EPS if norm_eps is None and how != "cls" else norm_eps
        self.dropout = nn.Dropout(dropout)
        if how == "attention":
            self.query = nn.Parameter(torch.zeros(dims))

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        """(texts, dims)."""
        pooled = {"cls": _first, "mean": means, "attention": self._attended}[self.how](words)
        dropped: Tensor = self.dropout(_normalized(pooled, self.norm_eps))
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
    """The words' vectors with dropout: the body of a tagger. `norm_eps` is that of `Pooling`."""

    def __init__(self, dims: int, *, dropout: float, norm_eps: float | None = None) -> None:
        super().__init__()
        self.width, self.norm_eps = dims, norm_eps
        self.dropout = nn.Dropout(dropout)

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        """(words, dims)."""
        dropped: Tensor = self.dropout(_normalized(words.vectors, self.norm_eps))
        return dropped


def _first(words: Sequences) -> Tensor:
    return words.vectors[words.offsets]


def _normalized(vectors: Tensor, eps: float | None) -> Tensor:
    return vectors if eps is None else nn.functional.layer_norm(vectors, vectors.shape[1:], eps=eps)
