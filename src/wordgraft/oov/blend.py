"""`blend`: pieces, characters and neighbours, each as far as it was right on held-out words.

A small network looks at how a word is written and how its nearest neighbours differ from it, and
gives each candidate a weight: the vectors by `pieces` and by `characters`, and the rows of the
nearest words. The weights are positive and add up to one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from wordgraft.checkpoint import Checkpoint
from wordgraft.core.parallel import side_by_side
from wordgraft.core.ragged import Ragged
from wordgraft.oov.character_ngrams import characters_of, shortened
from wordgraft.oov.characters import Characters
from wordgraft.oov.neighbours import WordIndex, combined, word_index
from wordgraft.oov.table_rows import learnable_rows, never_counted
from wordgraft.oov.typos import Typist
from wordgraft.table import EmbeddingTable, UnknownWords

if TYPE_CHECKING:
    from jaxtyping import Bool, Float32, Int32, Int64
    from numpy import ndarray
    from numpy.random import Generator

TOP = 10
_HELD_OUT, _MOST_HELD_OUT = 0.1, 4_000
_HIDDEN = 32
_STEPS, _BATCH, _RATE = 600, 256, 1e-2
# How often a word is drawn as it is, misspelt with its own row passed over, and with it. Equal
# shares took the weight from clean words: 0.79 instead of 0.84, for 0.876 with typos.
_LESSONS = (0.7, 0.1, 0.2)
_LONGEST = 32
_FAR = 5  # letters by which a candidate differs: more are all alike
_PREFIX = "characters."
_WORDS_AT_ONCE = 4096


class Blend:
    """The candidates' mean with weights that a gate gives them. Options: those of `characters`.

    A tenth of the table's words, at most 4,000, is kept from `characters` to learn the weights
    on: as they are and with a typo, their own row not among the candidates, and with a typo and
    their own row, as when a known word is misspelt.
    """

    name: ClassVar[str] = "blend"
    learns: ClassVar[bool] = True
    reads_pieces: ClassVar[bool] = True

    @classmethod
    def fit(
        cls,
        table: EmbeddingTable,
        checkpoint: Checkpoint | None,
        *,
        seed: int = 0,
        progress: bool = False,
        rows: Int64[ndarray, " rows"] | None = None,
        **options: Any,
    ) -> UnknownWords:
        rows = learnable_rows(table, seed=seed) if rows is None else rows
        apart = min(round(_HELD_OUT * len(rows)), _MOST_HELD_OUT)
        held_out, rest = (rows[:apart], rows[apart:]) if apart else (rows, rows)
        learnt = Characters.fit(
            table, checkpoint, seed=seed, progress=progress, rows=rest, **options
        )
        characters = Characters(table, learnt)
        gate = _gate(table, characters, held_out, np.random.default_rng(seed))
        arrays = {_PREFIX + name: array for name, array in learnt.arrays.items()} | gate
        return UnknownWords(cls.name, arrays, learnt.settings)

    def __init__(self, table: EmbeddingTable, state: UnknownWords) -> None:
        self._table = table
        self._gate = {name: array for name, array in state.arrays.items() if "gate." in name}
        self._index = word_index(table)
        self.characters = Characters(table, characters_in(state))

    def vectors(self, words: Sequence[str]) -> Float32[ndarray, "words dims"]:
        mixed = np.empty((len(words), self._table.dims), np.float32)
        # Words of like length together: the network then has less padding to compute.
        order = np.argsort([len(word) for word in words], kind="stable")
        starts = range(0, len(words), _WORDS_AT_ONCE)
        parts = [order[start : start + _WORDS_AT_ONCE] for start in starts]
        pieces = self.characters.pieces(words)
        ask = self.characters.asker(words, pieces)
        groups = None if pieces is None else pieces.lengths

        def mix(part: Int64[ndarray, " some"]) -> None:
            some = [words[place] for place in part]
            lengths = None if groups is None else groups[part]
            found = Candidates.of(some, self._index, self._table, pieces=lengths)
            weights = _weights(self._gate, found)
            vectors, bases = ask(part)
            own = combined(self._table, found.rows, weights[:, 2:])
            mixed[part] = own + vectors * weights[:, :1] + bases * weights[:, 1:2]

        side_by_side(mix, parts)
        return mixed


def characters_in(state: UnknownWords) -> UnknownWords:
    """The state of `characters` inside one of `blend`."""
    arrays = {
        name.removeprefix(_PREFIX): array
        for name, array in state.arrays.items()
        if name.startswith(_PREFIX)
    }
    return UnknownWords(Characters.name, arrays, state.settings, state.move)


def with_characters(
    state: UnknownWords | None, network: Mapping[str, ndarray]
) -> UnknownWords | None:
    """A state of `characters` or `blend` with other weights of the network."""
    if state is None:
        return None
    prefix = _PREFIX if state.method == Blend.name else ""
    weights = {prefix + name: array for name, array in network.items()}
    return replace(state, arrays={**state.arrays, **weights})


@dataclass(frozen=True, eq=False)
class Candidates:
    """What the gate sees.

    Attributes:
        rows: the rows of each word's nearest words.
        there: which of them there are.
        near: per candidate, how it resembles the word.
        word: per word, how it is written and how near the nearest are.
    """

    rows: Int64[ndarray, "words top"]
    there: Bool[ndarray, "words top"]
    near: Float32[ndarray, "words top features"]
    word: Float32[ndarray, "words features"]

    @classmethod
    def of(
        cls,
        words: Sequence[str],
        index: WordIndex,
        table: EmbeddingTable,
        *,
        pieces: Int64[ndarray, " words"] | None,
        without: Int64[ndarray, " words"] | None = None,
    ) -> Candidates:
        grams = index.grams(words)
        rows, similarities = index.nearest(grams, TOP, without=without)
        indexed = np.zeros(len(words), bool)
        if without is not None:
            own_words = [table.vocabulary.words[max(row, 0)] for row in without]
            pairs = zip(words, own_words, strict=True)
            indexed = np.array([word == own for word, own in pairs], bool)
        there = similarities > 0
        changed, own_lengths, their_lengths = _differences(
            words, _letters(table, index), np.searchsorted(index.rows, rows)
        )
        slips = (changed.own <= 1) & (changed.theirs <= 1) | changed.swapped
        slips &= there
        length = np.maximum(own_lengths, 1)[:, None]
        near = np.stack(
            [
                similarities,
                similarities - similarities[:, :1],
                changed.before / length,
                changed.behind / length,
                np.minimum(changed.own, _FAR) / _FAR,
                np.minimum(changed.theirs, _FAR) / _FAR,
                slips,
                changed.swapped,
                changed.before == 0,
                their_lengths / 10,
            ],
            axis=2,
        )
        nearest = np.where(there, np.maximum(changed.own, changed.theirs), _FAR).min(axis=1)
        groups = np.zeros((len(words), 4))
        if pieces is not None:
            groups = np.minimum(pieces, 4)[:, None] == np.arange(1, 5)
        word = np.concatenate(
            [
                groups,
                own_lengths[:, None] / 10,
                similarities[:, :3],
                slips.sum(axis=1, keepdims=True) / TOP,
                slips.any(axis=1, keepdims=True),
                index.novelty(grams, indexed=indexed),
                np.minimum(nearest, _FAR)[:, None] / _FAR,
            ],
            axis=1,
        )
        return cls(rows, there, near.astype(np.float32), word.astype(np.float32))


@dataclass(frozen=True, eq=False)
class _Differences:
    """Letters that two words share at both ends, and how many lie between in either."""

    before: Int64[ndarray, "words top"]
    behind: Int64[ndarray, "words top"]
    own: Int64[ndarray, "words top"]
    theirs: Int64[ndarray, "words top"]
    swapped: Bool[ndarray, "words top"]


@dataclass(frozen=True, eq=False)
class _Letters:
    """The letters of words from both ends, and how many there are."""

    codes: Int32[ndarray, "words length"]
    turned: Int32[ndarray, "words length"]
    lengths: Int64[ndarray, " words"]

    @classmethod
    def of(cls, words: Sequence[str]) -> _Letters:
        codes, lengths = _codes(words)
        return cls(codes, _reversed(codes, lengths), lengths)


def _letters(table: EmbeddingTable, index: WordIndex) -> _Letters:
    """Those of the words of the index, made once."""
    if "letters" not in table.kept:
        table.kept["letters"] = _Letters.of(index.words or [""])
    letters: _Letters = table.kept["letters"]
    return letters


def _differences(
    words: Sequence[str], others: _Letters, places: Int64[ndarray, "words top"]
) -> tuple[_Differences, Int64[ndarray, " words"], Int64[ndarray, "words top"]]:
    """How each word differs from its candidates `others[places]`, and the lengths of both."""
    own, own_lengths = _codes(words)
    places = np.minimum(places, len(others.lengths) - 1)
    theirs, their_lengths = others.codes[places], others.lengths[places]
    shorter = np.minimum(own_lengths[:, None], their_lengths)
    before = np.minimum(_alike(own, theirs), shorter)
    turned = others.turned[places]
    behind = np.minimum(_alike(_reversed(own, own_lengths), turned), shorter - before)
    between = own_lengths[:, None] - before - behind
    theirs_between = their_lengths - before - behind
    at = np.minimum(before, _LONGEST - 2)
    word, top = np.arange(len(words))[:, None], np.arange(places.shape[1])[None]
    swapped = (between == 2) & (theirs_between == 2)
    swapped &= own[word, at] == theirs[word, top, at + 1]
    swapped &= own[word, at + 1] == theirs[word, top, at]
    found = _Differences(before, behind, between, theirs_between, swapped)
    return found, own_lengths, their_lengths


def _alike(
    own: Int32[ndarray, "words length"], theirs: Int32[ndarray, "words top length"]
) -> Int64[ndarray, "words top"]:
    """Letters from the start on that are the same."""
    other = own[:, None] != theirs
    other[..., -1] = True
    first: Int64[ndarray, "words top"] = other.argmax(axis=2)
    return first


def _codes(words: Sequence[str]) -> tuple[Int32[ndarray, "words length"], Int64[ndarray, " words"]]:
    """Code points in lower case, padded with -1."""
    codes, lengths = characters_of([shortened(word.lower(), _LONGEST - 1) for word in words])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return Ragged(codes.astype(np.int32), offsets).padded(_LONGEST, fill=-1), lengths


def _reversed(
    codes: Int32[ndarray, "words length"], lengths: Int64[ndarray, " words"]
) -> Int32[ndarray, "words length"]:
    places = lengths[:, None] - 1 - np.arange(codes.shape[1])
    turned = np.take_along_axis(codes, np.maximum(places, 0), 1)
    return np.where(places >= 0, turned, np.int32(-1))


def _gate(
    table: EmbeddingTable,
    characters: Characters,
    rows: Int64[ndarray, " rows"],
    rng: Generator,
) -> dict[str, ndarray]:
    """Weights of the gate, learnt on words that `characters` has not seen."""
    import torch

    from wordgraft.oov.character_network import rise_and_fall

    index = word_index(table)
    words = [table.vocabulary.words[row] for row in rows]
    typist = Typist.of(words)
    nobody = np.full(len(rows), -1)
    lessons = [
        (words, rows),
        (typist.misspell(words, rng), rows),
        (typist.misspell(words, rng), nobody),
    ]
    # A misspelling that has a row of its own is no unknown word.
    asked = [word for spelt, _ in lessons for word in spelt]
    wanted = np.tile(np.arange(len(rows)), len(lessons))
    without = np.concatenate([each for _, each in lessons])
    kept = [
        place
        for place, word in enumerate(asked)
        if without[place] >= 0 or table.vocabulary.row(word) is None
    ]
    asked, wanted, without = [asked[place] for place in kept], wanted[kept], without[kept]
    pieces = characters.pieces(asked)
    lengths = None if pieces is None else pieces.lengths
    found = Candidates.of(asked, index, table, pieces=lengths, without=without)
    vectors, bases = characters.both(asked)
    every = never_counted(table, index.rows)
    mean = every.mean(axis=0)
    targets = torch.from_numpy(never_counted(table, rows) - mean)
    known = torch.from_numpy(every - mean)
    own = torch.from_numpy(np.stack([vectors, bases], axis=1) - mean)
    places = torch.from_numpy(np.searchsorted(index.rows, found.rows).clip(max=len(known) - 1))
    share = np.repeat(_LESSONS, len(rows))[kept]
    share /= share.sum()
    gate = _start(found, rng)
    optimizer = torch.optim.Adam(gate.values(), lr=_RATE)
    schedule = rise_and_fall(optimizer, _STEPS)
    for _ in range(_STEPS):
        some = torch.from_numpy(rng.choice(len(asked), min(_BATCH, len(asked)), p=share))
        weights = _scores(gate, found, some).softmax(dim=1)
        candidates = torch.cat([own[some], known[places[some]]], dim=1)
        mixed = (weights[..., None] * candidates).sum(dim=1)
        loss = -torch.nn.functional.cosine_similarity(mixed, targets[wanted[some]]).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return {name: value.detach().numpy() for name, value in gate.items()}


def _start(found: Candidates, rng: Generator) -> dict[str, Any]:
    import torch

    near, word = found.near.shape[2], found.word.shape[1]
    sizes = {
        "gate.near": (near + word, _HIDDEN),
        "gate.near_bias": (1, _HIDDEN),
        "gate.near_out": (_HIDDEN, 1),
        "gate.own": (word, _HIDDEN),
        "gate.own_bias": (1, _HIDDEN),
        "gate.own_out": (_HIDDEN, 2),
    }
    started = {}
    for name, (inputs, outputs) in sizes.items():
        spread = 0 if name.endswith("bias") else (2 / inputs) ** 0.5
        values = rng.normal(0, spread, (inputs, outputs)).astype(np.float32)
        started[name] = torch.from_numpy(values).requires_grad_()
    return started


def _weights(gate: dict[str, ndarray], found: Candidates) -> Float32[ndarray, "words candidates"]:
    import torch

    tensors = {name: torch.from_numpy(np.array(value)) for name, value in gate.items()}
    with torch.inference_mode():
        scores = _scores(tensors, found, torch.arange(len(found.word)))
        weights: Float32[ndarray, "words candidates"] = scores.softmax(dim=1).numpy()
    return weights


def _scores(gate: dict[str, Any], found: Candidates, some: Any) -> Any:
    """Logits of the vectors by characters and pieces, and of each neighbour."""
    import torch

    word, near, there = (
        torch.from_numpy(each)[some] for each in (found.word, found.near, found.there)
    )
    both = torch.cat([near, word[:, None].expand(-1, near.shape[1], -1)], dim=2)
    hidden = torch.relu(both @ gate["gate.near"] + gate["gate.near_bias"])
    of_near = (hidden @ gate["gate.near_out"])[..., 0].masked_fill(~there, -torch.inf)
    own = torch.relu(word @ gate["gate.own"] + gate["gate.own_bias"]) @ gate["gate.own_out"]
    return torch.cat([own, of_near], dim=1)
