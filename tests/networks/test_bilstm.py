"""The LSTM over whole rows, against packed sequences."""

from __future__ import annotations

import torch
from small_networks import network
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from wordgraft.networks.inputs import Sequences, padded


def test_the_lstm_gives_the_states_and_gradients_of_packed_sequences() -> None:
    body = network("bilstm", per_word=True).body.eval()
    rng = torch.Generator().manual_seed(0)
    words = Sequences(torch.randn(14, 6, generator=rng), torch.tensor([3, 7, 1, 3]))
    found = body(words, {})
    found.sum().backward()
    own = [each.grad.clone() for each in body.lstm.parameters()]
    body.zero_grad()
    block, mask = padded(words)
    packed = pack_padded_sequence(block, words.lengths, batch_first=True, enforce_sorted=False)
    expected = pad_packed_sequence(body.lstm(packed)[0], batch_first=True)[0][mask]
    expected.sum().backward()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    for one, parameter in zip(own, body.lstm.parameters(), strict=True):
        torch.testing.assert_close(one, parameter.grad, rtol=1e-4, atol=1e-5)
