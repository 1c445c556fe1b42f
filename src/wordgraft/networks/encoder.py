"""`encoder`: the pretrained transformer itself as the rows of a network, and what reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import torch
from torch import Generator, Tensor, nn

from wordgraft.checkpoint.encoder import load_model
from wordgraft.errors import CheckpointError
from wordgraft.networks.inputs import Inputs, Sequences, mask_of, means

if TYPE_CHECKING:
    from wordgraft.checkpoint import Checkpoint

# How a text's tokens become one vector, and a word's pieces one.
TEXT_POOLINGS = ("mean", "cls", "attention")
WORD_POOLINGS = ("first", "last", "mean")
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
        self._layer = re.compile(re.escape(checkpoint.architecture.layer_names) + r"(\d+)\.")

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
            return Sequences(self._states(inputs.ids, inputs.lengths), inputs.lengths)
        return Sequences(self._of_words(inputs.extras[PIECES], inputs.lengths), inputs.lengths)

    def _states(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """(tokens, dims) of complete inputs, end to end."""
        if not len(ids):
            return torch.zeros(0, self.dims, device=ids.device)
        mask = mask_of(lengths)
        if bool(mask.all()):  # texts of equal length need no mask, and run faster without
            block = ids.view(mask.shape)
            return self._last(block, None).flatten(0, 1)
        block = ids.new_full(mask.shape, self.pad)
        block[mask] = ids
        return self._last(block, mask)[mask]

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
        states = self._states(ids, sizes + extra)
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
        return torch.unique_consecutive(key, return_inverse=True)[1]


class Pooling(nn.Module):
    """A text's tokens as one vector.

    Args:
        how: `mean` (of all tokens, the special ones included), `cls` (the first token), or
            `attention` (weights that learn, alike at the start). Means are normalised as the
            encoder's own layers are, without weights.
        dropout: share of the values set to zero in training.
    """

    def __init__(self, dims: int, how: str, *, dropout: float) -> None:
        super().__init__()
        self.how, self.width = how, dims
        self.dropout = nn.Dropout(dropout)
        if how == "attention":
            self.query = nn.Parameter(torch.zeros(dims))

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        """(texts, dims)."""
        if self.how == "cls":
            pooled = words.vectors[words.offsets]
        elif self.how == "mean":
            pooled = nn.functional.layer_norm(means(words), (self.width,))
        else:
            pooled = nn.functional.layer_norm(self._attended(words), (self.width,))
        dropped: Tensor = self.dropout(pooled)
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
    """Words as they are, with dropout: the body of a tagger."""

    def __init__(self, dims: int, *, dropout: float) -> None:
        super().__init__()
        self.width = dims
        self.dropout = nn.Dropout(dropout)

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        """(words, dims)."""
        dropped: Tensor = self.dropout(words.vectors)
        return dropped


def reinitialise(module: nn.Module, *, spread: float, generator: Generator) -> None:
    """Draw a layer anew as BERT's were: normal weights of `spread`, norms one, biases zero."""
    kinds: Any = (nn.Linear, nn.Embedding)
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, kinds):
                part.weight.normal_(0, spread, generator=generator)
            elif part.__class__.__name__.endswith("Norm") and hasattr(part, "weight"):
                part.weight.fill_(1)
            if getattr(part, "bias", None) is not None and isinstance(part.bias, nn.Parameter):
                part.bias.zero_()
