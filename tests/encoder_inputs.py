"""Texts and words as an encoder's inputs, without wordgraft's own batching."""

from __future__ import annotations

import numpy as np
import torch
from tiny import ARCHITECTURES
from torch import nn

from wordgraft.checkpoint import Checkpoint
from wordgraft.networks.encoder import PIECES, EncoderRows, Pooling
from wordgraft.networks.inputs import NetworkInputs
from wordgraft.networks.network import Network

TEXTS = ["the bank will not lend", "a small boat", "cold tea on a cold day"]
# Two short texts of the tiny encoders, special ids included.
INPUTS = NetworkInputs(torch.tensor([5, 20, 21, 6, 5, 30, 6]), torch.tensor([4, 3]), {})
DISTINCT = [name for name in ARCHITECTURES if not name.startswith("bert_")]


def mean_network(checkpoint: Checkpoint) -> Network:
    """The encoder, the mean of its states and a linear head of two classes."""
    rows = EncoderRows(checkpoint)
    body = Pooling(rows.dims, "mean", dropout=0.0)
    return Network(rows, body, nn.Linear(rows.dims, 2)).eval()  # type: ignore[arg-type]


def inputs_of(checkpoint: Checkpoint, texts: list[str]) -> NetworkInputs:
    start, end = checkpoint.tokenizer.specials
    rows = [[*start, *checkpoint.tokenizer.ids(text), *end] for text in texts]
    ids = torch.tensor([id for row in rows for id in row])
    return NetworkInputs(ids, torch.tensor([len(row) for row in rows]), {})


def pieces_of(checkpoint: Checkpoint, texts: list[str]) -> NetworkInputs:
    words = [word for text in texts for word in text.split()]
    rows = checkpoint.tokenizer.word_pieces(words)
    block = np.full((len(words), int(rows.lengths.max())), -1)
    for place, row in enumerate(np.split(rows.ids, rows.offsets[1:-1])):
        block[place, : len(row)] = row
    lengths = torch.tensor([len(text.split()) for text in texts])
    return NetworkInputs(
        torch.zeros(len(words), dtype=torch.int64), lengths, {PIECES: torch.tensor(block)}
    )
