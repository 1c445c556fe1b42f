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
        lengths = words.lengths.clamp(min=1).cpu()
        packed = pack_padded_sequence(block, lengths, batch_first=True, enforce_sorted=False)
        found, _ = pad_packed_sequence(self.lstm(packed)[0], batch_first=True)
        found = self.dropout(found)
        best: Tensor
        if self.per_word:
            best = found[mask]
            return best
        behind = ~mask_of(words.lengths.clamp(min=1))
        best = found.masked_fill(behind[:, :, None], -torch.inf).amax(dim=1)
        return best
