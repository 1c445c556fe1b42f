"""Entity scores against numbers recorded from seqeval 1.2.2 (mode="strict", scheme=IOB2)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wordgraft.data.conll import read_tagged
from wordgraft.errors import DataError
from wordgraft.metrics.entities import TagScores, entities_of, entity_counts, surfaces

# Recorded for the test files, with a fifth of the tags replaced by `noisy`:
# precision, recall, F1 and the number of true entities.
WNUT = {
    "corporation": (0.144022, 0.803030, 0.244240, 66),
    "creative-work": (0.200000, 0.669014, 0.307942, 142),
    "group": (0.274510, 0.763636, 0.403846, 165),
    "location": (0.238384, 0.786667, 0.365891, 150),
    "person": (0.490046, 0.745921, 0.591497, 429),
    "product": (0.176596, 0.653543, 0.278057, 127),
}
EWT = {
    "LOC": (0.273224, 0.788644, 0.405844, 317),
    "ORG": (0.240253, 0.708075, 0.358773, 322),
    "PER": (0.325940, 0.752784, 0.454913, 449),
}


def noisy(tags: list[list[str]]) -> list[list[str]]:
    rng, names = np.random.default_rng(7), sorted({tag for row in tags for tag in row})
    return [[str(rng.choice(names)) if rng.random() < 0.2 else tag for tag in row] for row in tags]


@pytest.mark.parametrize(
    ("file", "kinds", "whole"),
    [
        ("wnut17/test.conll", WNUT, (0.272260, 0.736793, 0.397599)),
        ("uner_ewt/test.iob2", EWT, (0.281282, 0.750000, 0.409125)),
    ],
)
def test_scores_of_real_tags_are_seqevals(
    shared_data: Path, file: str, kinds: dict[str, tuple[float, ...]], whole: tuple[float, ...]
) -> None:
    true = [list(tags) for tags in read_tagged(str(shared_data / file)).tags]
    scores = TagScores.of(true, noisy(true))
    assert (scores.precision, scores.recall, scores.f1) == pytest.approx(whole, abs=1e-6)
    assert scores.kinds.keys() == kinds.keys()
    for kind, numbers in kinds.items():
        found = scores.kinds[kind]
        assert (found.precision, found.recall, found.f1, found.support) == pytest.approx(
            numbers, abs=1e-6
        )


def test_scores_of_a_few_tags_are_seqevals() -> None:
    true = [
        ["B-PER", "I-PER", "O", "B-LOC"],
        ["O", "I-LOC", "B-LOC", "B-LOC"],
        ["B-ORG", "I-ORG", "I-ORG"],
        ["O"],
    ]
    predicted = [
        ["B-PER", "I-PER", "O", "I-LOC"],
        ["O", "I-LOC", "I-LOC", "B-LOC"],
        ["B-ORG", "I-ORG", "B-ORG"],
        ["B-PER"],
    ]
    scores = TagScores.of(true, predicted)
    assert (scores.precision, scores.recall, scores.f1) == pytest.approx((0.4, 0.4, 0.4))
    numbers = {kind: (s.precision, s.recall, s.f1, s.support) for kind, s in scores.kinds.items()}
    assert numbers == {
        "LOC": (1.0, 1 / 3, 0.5, 3),
        "ORG": (0.0, 0.0, 0.0, 1),
        "PER": (0.5, 1.0, 2 / 3, 1),
    }


def test_scores_by_hand_and_of_unseen_entities() -> None:
    sentences = [["Anna", "Weber", "left", "Rome"], ["Tim", "and", "anna", "weber"]]
    true = [["B-PER", "I-PER", "O", "B-LOC"], ["B-PER", "O", "B-PER", "I-PER"]]
    predicted = [["B-PER", "O", "O", "B-LOC"], ["B-PER", "O", "B-PER", "I-PER"]]
    seen = surfaces([["Anna", "Weber"]], [["B-PER", "I-PER"]])
    scores = TagScores.of(true, predicted, sentences=sentences, seen=seen)
    assert (scores.precision, scores.recall, scores.f1) == (0.75, 0.75, 0.75)
    assert scores.kinds["PER"].f1 == pytest.approx(2 / 3)
    assert scores.kinds["LOC"].support == 1
    assert scores.accuracy == 7 / 8
    # Rome and Tim were not seen; `Anna` alone was not either, and is wrong.
    assert scores.unseen is not None
    assert (scores.unseen.precision, scores.unseen.recall) == (2 / 3, 1)
    assert scores.unseen.support == 2


def test_an_entity_begins_with_b_and_ends_with_its_kind() -> None:
    tags = ["I-A", "B-A", "I-A", "I-B", "B-B", "B-B", "I-B"]
    assert [tuple(span) for span in entities_of(tags)] == [("A", 1, 3), ("B", 4, 5), ("B", 5, 7)]


def test_a_strict_match_is_needed() -> None:
    assert TagScores.of([["B-A", "I-A"]], [["B-A", "B-A"]]).f1 == 0
    assert TagScores.of([["O", "B-A"]], [["O", "B-B"]]).f1 == 0


def test_counts_add_up() -> None:
    true, predicted = [["B-A", "O"], ["B-B", "I-B"]], [["B-A", "B-B"], ["B-B", "I-B"]]
    counts = entity_counts(true, predicted, {"A": 0, "B": 1})
    assert counts.sum(axis=0).tolist() == [[1, 1], [1, 2], [1, 1]]


def test_no_entities_and_other_lengths() -> None:
    scores = TagScores.of([["B-PER"]], [["O"]])
    assert (scores.precision, scores.recall, scores.f1) == (0, 0, 0)
    assert TagScores.of([["O"]], [["O"]]).f1 == 0
    with pytest.raises(DataError, match="sentence 0 has 1 true tags and 2 predicted ones"):
        TagScores.of([["O"]], [["O", "O"]])
    with pytest.raises(DataError, match="1 sentences have true tags and 0 have predicted ones"):
        TagScores.of([["O"]], [])
    with pytest.raises(DataError, match="there are no sentences to score"):
        TagScores.of([], [])
