"""`bilstm`: an LSTM over the words in both directions."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from wordgraft.networks.dropout import LockedDropout, WordDropout
from wordgraft.networks.initialize import start_recurrent
from wordgraft.networks.inputs import Sequences, mask_of, padded

# Share of the words, as in Akbik et al. 2018.
_WORDS_DROPPED = 0.05
# Parameters of one direction, in torch's order.
_FORWARD_WEIGHTS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


class BiLstm(nn.Module):
    """A bidirectional LSTM; for a text, the maximum of each value over its words.

    Args:
        dims: width of the words' vectors.
        hidden: width per direction.
        dropout: share of values set to zero in training, the same ones at every word of a text.
        per_word: features of each word, for tags, instead of each text.
        generator: draws the initial weights (Xavier; recurrent weights are orthogonal).
    """

    def __init__(
        self, dims: int, *, hidden: int, dropout: float, per_word: bool, generator: Generator
    ) -> None:
        super().__init__()
        self.width = 2 * hidden
        self.per_word = per_word
        self.word_dropout = WordDropout(_WORDS_DROPPED if dropout else 0)
        self.dropout = LockedDropout(dropout)
        with torch.random.fork_rng():  # drawing torch's own weights changes the state
            self.lstm = nn.LSTM(dims, hidden, batch_first=True, bidirectional=True)
        start_recurrent(self.lstm, generator=generator)

    def forward(self, words: Sequences, extras: dict[str, Tensor]) -> Tensor:
        """(texts, 2 hidden), or (words, 2 hidden)."""
        block, mask = padded(words._replace(vectors=self.word_dropout(words.vectors)))
        block = self.dropout(block)
        # An empty text is read as one word of zeros.
        lengths = words.lengths.clamp(min=1)
        states = self.dropout(self._both_directions(block, lengths))
        features: Tensor
        if self.per_word:
            features = states[mask]
            return features
        padding = ~mask_of(lengths)
        features = states.masked_fill(padding[:, :, None], -torch.inf).amax(dim=1)
        return features

    def _both_directions(self, block: Tensor, lengths: Tensor) -> Tensor:
        """(texts, longest, 2 hidden); values after a text's words are meaningless.

        Packed sequences give the same, but on a CPU oneDNN computes only whole blocks: on two cores
        a step of 16 tweets took 0.5 times as long as packed, one of 32 long sentences 0.7 times.
        Packed sequences are used on other devices, and for bfloat16, which oneDNN may not support.
        """
        if block.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
            packed = pack_padded_sequence(
                block, lengths.cpu(), batch_first=True, enforce_sorted=False
            )
            states: Tensor = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0]
            return states
        weights = [getattr(self.lstm, name) for name in _FORWARD_WEIGHTS]
        forward = _read(block, weights)
        places = torch.arange(block.shape[1], device=block.device)
        ends = lengths[:, None]
        reversed_places = torch.where(places < ends, ends - 1 - places, places)[:, :, None]
        weights = [getattr(self.lstm, f"{name}_reverse") for name in _FORWARD_WEIGHTS]
        backward = _read(block.gather(1, reversed_places.expand_as(block)), weights)
        in_order = backward.gather(1, reversed_places.expand_as(backward))
        return torch.cat([forward, in_order], dim=2)


def _read(block: Tensor, weights: list[Tensor]) -> Tensor:
    """The states of one direction of an LSTM, which starts from zeros."""
    start = block.new_zeros(1, len(block), weights[1].shape[1])
    states, _, _ = torch.lstm(
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
    return states
