"""`bilstm`: the words read from both ends."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from wordgraft.networks.dropout import LockedDropout, WordDropout
from wordgraft.networks.initialize import start_recurrent
from wordgraft.networks.inputs import Sequences, mask_of, padded

# Of METHODS of the field: Akbik et al. 2018 drop 5 % of the words.
_WORDS_DROPPED = 0.05
# Parameters of one direction, in torch's order.
_ONE_WAY = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


class BiLstm(nn.Module):
    """A bidirectional LSTM; for a text, the maximum of each value over its words.

    Args:
        dims: width of the words' vectors.
        hidden: width per direction.
        dropout: share of values set to zero in training, the same at every word of a text.
        per_word: features of each word, for tags, instead of each text.
        generator: of the start: Xavier, orthogonal where it recurs.
    """

    def __init__(
        self, dims: int, *, hidden: int, dropout: float, per_word: bool, generator: Generator
    ) -> None:
        super().__init__()
        self.width = 2 * hidden
        self.per_word = per_word
        self.word_dropout = WordDropout(_WORDS_DROPPED if dropout else 0)
        self.dropout = LockedDropout(dropout)
        with torch.random.fork_rng():  # torch's own start must not move the caller's state
            self.lstm = nn.LSTM(dims, hidden, batch_first=True, bidirectional=True)
        start_recurrent(self.lstm, generator=generator)

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        """(texts, 2 hidden), or (words, 2 hidden)."""
        block, mask = padded(words._replace(vectors=self.word_dropout(words.vectors)))
        block = self.dropout(block)
        # An empty text is read as one word of zeros.
        lengths = words.lengths.clamp(min=1)
        found = self.dropout(self._both_ways(block, lengths))
        best: Tensor
        if self.per_word:
            best = found[mask]
            return best
        behind = ~mask_of(lengths)
        best = found.masked_fill(behind[:, :, None], -torch.inf).amax(dim=1)
        return best

    def _both_ways(self, block: Tensor, lengths: Tensor) -> Tensor:
        """(texts, longest, 2 hidden); what stands behind a text's words means nothing.

        Packed sequences say the same, but on a CPU torch has oneDNN compute only whole blocks: on
        two cores a step of 16 tweets took 0.5 times as long, of 32 long sentences 0.7 times. They
        are read elsewhere, and where products are in bfloat16, which oneDNN may not have.
        """
        if block.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
            packed = pack_padded_sequence(
                block, lengths.cpu(), batch_first=True, enforce_sorted=False
            )
            found: Tensor = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]
            return found
        weights = [getattr(self.lstm, name) for name in _ONE_WAY]
        ahead = _read(block, weights)
        places = torch.arange(block.shape[1], device=block.device)
        ends = lengths[:, None]
        turned = torch.where(places < ends, ends - 1 - places, places)[:, :, None]
        weights = [getattr(self.lstm, f"{name}_reverse") for name in _ONE_WAY]
        back = _read(block.gather(1, turned.expand_as(block)), weights)
        return torch.cat([ahead, back.gather(1, turned.expand_as(back))], dim=2)


def _read(block: Tensor, weights: list[Tensor]) -> Tensor:
    """One direction of an LSTM over whole rows, from zeros."""
    start = block.new_zeros(1, len(block), weights[1].shape[1])
    found, _, _ = torch.lstm(
        block,
        (start, start),
        weights,
        has_biases=True,
        num_layers=1,
        dropout=0.0,
        train=torch.is_grad_enabled(),
        bidirectional=False,
        batch_first=True,
    )
    return found
