"""Texts with their targets: validation part, batches, and order."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_array_equal

from wordgraft.core.ragged import Ragged
from wordgraft.training.examples import Examples


def test_validation_texts_are_of_every_class_except_the_rarest() -> None:
    classes = np.array([0] * 20 + [1] * 3 + [2] * 2)
    examples = Examples(Ragged.of([[place] for place in range(25)]), classes)
    rest, apart = examples.split(0.2, np.random.default_rng(0))
    assert np.bincount(apart.targets, minlength=3).tolist() == [4, 1, 0]
    assert sorted([*rest.ids.ids, *apart.ids.ids]) == list(range(25))


def test_batches_hold_every_text_once_with_its_class() -> None:
    examples = Examples(Ragged.of([[1], [], [2, 3], [4]]), np.array([0, 1, 2, 3]))
    batches = list(examples.batches(3))
    assert [batch.ids.ids.tolist() for batch in batches] == [[1, 2, 3], [4]]
    assert [batch.ids.lengths.tolist() for batch in batches] == [[1, 0, 2], [1]]
    assert [batch.targets.tolist() for batch in batches] == [[0, 1, 2], [3]]
    for by_length in (False, True):
        shuffled = list(examples.batches(1, np.random.default_rng(0), by_length=by_length))
        assert sorted(int(batch.targets[0]) for batch in shuffled) == [0, 1, 2, 3]
        for batch in shuffled:
            assert batch.ids.ids.tolist() == [[1], [], [2, 3], [4]][int(batch.targets[0])]


def test_batches_by_length_hold_little_padding() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 60, 2000)
    rows = [[int(length)] * int(length) for length in lengths]
    examples = Examples(Ragged.of(rows), lengths)
    used = total = 0
    for batch in examples.batches(32, rng, by_length=True):
        used += len(batch.ids.ids)
        total += len(batch) * int(batch.ids.lengths.max())
    assert used / total > 0.95


def test_tags_and_extras_stay_with_their_words() -> None:
    ids = Ragged.of([[5, 6], [7], [8, 9, 10]])
    examples = Examples(
        ids, Ragged(ids.ids * 10, ids.offsets), {"twice": Ragged(ids.ids * 2, ids.offsets)}
    )
    for batch in examples.batches(2, np.random.default_rng(0), by_length=True):
        assert_array_equal(batch.flat_targets, batch.ids.ids * 10)
        assert_array_equal(batch.extras["twice"].ids, batch.ids.ids * 2)


def test_distilled_texts_are_all_trained_on() -> None:
    examples = Examples(Ragged.of([[place] for place in range(20)]), np.zeros(20, np.int64), {}, 8)
    training, validation = examples.split(0.5, np.random.default_rng(0))
    assert (len(training), training.distilled, len(validation)) == (14, 8, 6)
    assert validation.ids.ids.max() < 12
