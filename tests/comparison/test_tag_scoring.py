"""Scores of entities from summed counts."""

from __future__ import annotations

import numpy as np
import pytest

from wordgraft.comparison.tag_scoring import TagScorer
from wordgraft.errors import DataError
from wordgraft.metrics.entities import TagScores


def test_entity_f1_of_sums_is_that_of_tag_scores() -> None:
    rng = np.random.default_rng(0)
    tags = ["O", "O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    scorer_class = TagScorer
    raw = [[list(rng.choice(tags, 9)) for _ in range(40)] for _ in range(2)]
    true, predicted = (scorer_class.checked([["w"] * 9] * 40, each, "any")[1] for each in raw)
    scorer = scorer_class([*true, *predicted])
    sums = scorer.counts(scorer.coded(true), scorer.coded(predicted)).sum(axis=0)
    scores = TagScores.of(true, predicted)
    assert scorer.score(sums) == pytest.approx(scores.f1)
    by_kind = {kind: f1 for kind, _, _, f1, _ in scorer.by_label(sums)}
    assert by_kind == pytest.approx({kind: each.f1 for kind, each in scores.kinds.items()})
    chance = scorer.guesses(scorer.coded(true), scorer.coded(true), rng, 50)
    assert 0 < chance.mean() < 0.4
    assert scorer.written(scorer.coded([["B-PER", "I-PER", "O"]])[0], ["A", "B", "c"]) == "PER: A B"


def test_unequal_numbers_of_words_and_tags_are_refused() -> None:
    with pytest.raises(DataError, match="test sentence 1 has 2 words and 1 tags"):
        TagScorer.checked([["a"], ["b", "c"]], [["O"], ["O"]], "test")
