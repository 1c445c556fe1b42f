"""The gate of `Blend`: a small network that weights the candidates for each word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wordgraft.core.schedules import warmup_cosine
from wordgraft.oov.blend.candidates import Candidates
from wordgraft.oov.blend.characters import CharacterVectors
from wordgraft.oov.neighbours import WordIndex
from wordgraft.oov.table_rows import never_counted
from wordgraft.oov.typos import Typist
from wordgraft.table import EmbeddingTable

if TYPE_CHECKING:
    from jaxtyping import Float32, Int64
    from numpy import ndarray
    from numpy.random import Generator

_HIDDEN = 32
_STEPS, _BATCH, _RATE = 600, 256, 1e-2
# How often a word is drawn as it is, misspelled without its own row among the candidates, and
# misspelled with it. With equal shares, words without typos
# reached 0.79 instead of 0.84, and those with typos 0.876.
_SHARES = (0.7, 0.1, 0.2)


def fit_gate(
    table: EmbeddingTable,
    characters: CharacterVectors,
    rows: Int64[ndarray, " rows"],
    rng: Generator,
) -> dict[str, ndarray]:
    """Weights of the gate, learned on words on which `characters` was not trained."""
    import torch

    index = WordIndex(table)
    lesson_words, word_of, own_rows, shares = _lessons(table, rows, rng)
    pieces = characters.pieces(lesson_words)
    lengths = None if pieces is None else pieces.lengths
    candidates = Candidates.of(lesson_words, index, pieces=lengths, own_rows=own_rows)
    vectors, bases = characters.both(lesson_words)
    indexed = never_counted(table, index.rows)
    mean = indexed.mean(axis=0)
    targets = torch.from_numpy(never_counted(table, rows) - mean)
    known = torch.from_numpy(indexed - mean)
    of_characters = torch.from_numpy(np.stack([vectors, bases], axis=1) - mean)
    places = torch.from_numpy(np.searchsorted(index.rows, candidates.rows).clip(max=len(known) - 1))
    gate = _initial(candidates, rng)
    optimizer = torch.optim.Adam(gate.values(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, warmup_cosine(_STEPS))
    for _ in range(_STEPS):
        batch = torch.from_numpy(
            rng.choice(len(lesson_words), min(_BATCH, len(lesson_words)), p=shares)
        )
        weights = _scores(gate, candidates, batch).softmax(dim=1)
        parts = torch.cat([of_characters[batch], known[places[batch]]], dim=1)
        blended = (weights[..., None] * parts).sum(dim=1)
        target = targets[word_of[batch]]
        loss = -torch.nn.functional.cosine_similarity(blended, target).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return {name: value.detach().numpy() for name, value in gate.items()}


def _lessons(
    table: EmbeddingTable, rows: Int64[ndarray, " rows"], rng: Generator
) -> tuple[list[str], ndarray, ndarray, ndarray]:
    """Words as they are and misspelled: spelling, number of the word meant, own row, share.

    The own row, which must not be a candidate, is -1 for a misspelling of a known word.
    """
    words = [table.vocabulary.words[row] for row in rows]
    typist = Typist.of(words)
    lessons = [
        (words, rows),
        (typist.misspell(words, rng), rows),
        (typist.misspell(words, rng), np.full(len(rows), -1)),
    ]
    spellings = [spelling for spelled, _ in lessons for spelling in spelled]
    word_of = np.tile(np.arange(len(rows)), len(lessons))
    own_rows = np.concatenate([rows_of_lesson for _, rows_of_lesson in lessons])
    # A misspelling that has a row of its own is not out of vocabulary.
    used = [
        place
        for place, spelling in enumerate(spellings)
        if own_rows[place] >= 0 or table.vocabulary.row(spelling) is None
    ]
    shares = np.repeat(_SHARES, len(rows))[used]
    used_spellings = [spellings[place] for place in used]
    return used_spellings, word_of[used], own_rows[used], shares / shares.sum()


def gate_weights(
    gate: dict[str, ndarray], candidates: Candidates
) -> Float32[ndarray, "words 2+top"]:
    """Per word the weights of the network's vector, of the pieces' vector, and of each neighbour.

    They are positive and add up to one.
    """
    import torch

    tensors = {name: torch.from_numpy(np.array(value)) for name, value in gate.items()}
    with torch.inference_mode():
        scores = _scores(tensors, candidates, torch.arange(len(candidates.word)))
        weights: Float32[ndarray, "words 2+top"] = scores.softmax(dim=1).numpy()
    return weights


def _initial(candidates: Candidates, rng: Generator) -> dict[str, Any]:
    import torch

    near, word = candidates.near.shape[2], candidates.word.shape[1]
    sizes = {
        "gate.near": (near + word, _HIDDEN),
        "gate.near_bias": (1, _HIDDEN),
        "gate.near_out": (_HIDDEN, 1),
        "gate.own": (word, _HIDDEN),
        "gate.own_bias": (1, _HIDDEN),
        "gate.own_out": (_HIDDEN, 2),
    }
    weights = {}
    for name, (inputs, outputs) in sizes.items():
        spread = 0 if name.endswith("bias") else (2 / inputs) ** 0.5
        values = rng.normal(0, spread, (inputs, outputs)).astype(np.float32)
        weights[name] = torch.from_numpy(values).requires_grad_()
    return weights


def _scores(gate: dict[str, Any], candidates: Candidates, places: Any) -> Any:
    """Logits of the network's vector, of the pieces' vector, and of each neighbour."""
    import torch

    word, near, present = (
        torch.from_numpy(array)[places]
        for array in (candidates.word, candidates.near, candidates.present)
    )
    inputs = torch.cat([near, word[:, None].expand(-1, near.shape[1], -1)], dim=2)
    hidden = torch.relu(inputs @ gate["gate.near"] + gate["gate.near_bias"])
    near_scores = (hidden @ gate["gate.near_out"])[..., 0].masked_fill(~present, -torch.inf)
    own_scores = torch.relu(word @ gate["gate.own"] + gate["gate.own_bias"]) @ gate["gate.own_out"]
    return torch.cat([own_scores, near_scores], dim=1)
