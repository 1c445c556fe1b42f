"""What runs on a cluster's machines; `test_ray.py` has the workers on a real cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from tiny import SENTENCES

from wordgraft import open_checkpoint
from wordgraft.checkpoint import Checkpoint
from wordgraft.errors import CheckpointError
from wordgraft.sources.contextual import Corpus, Sampler, sample_corpus
from wordgraft.sources.contextual.accumulate import SUMS
from wordgraft.sources.contextual.ray_workers import Job, merge_encoded, merge_samples


@pytest.fixture
def checkpoint(tiny_checkpoint: Callable[[str], Path]) -> Checkpoint:
    return open_checkpoint(tiny_checkpoint("bert"))


def test_another_checkpoint_on_a_worker_is_refused(checkpoint: Checkpoint) -> None:
    job = Job(checkpoint.name, False, "0" * 64)
    with pytest.raises(
        CheckpointError, match=r"the sha256 \w{16}, the driver's 0{16}; put the same"
    ):
        job.open_checkpoint()


def test_merged_samples_have_the_counts_of_both_and_what_both_left_out(
    checkpoint: Checkpoint,
) -> None:
    results = []
    for texts, skipped in ((SENTENCES[:20], [1, ["a"]]), (SENTENCES[20:], [2, ["b", "a"]])):
        sampler = Sampler(checkpoint, None, size=3, seed=7)
        arrays, values = sample_corpus(Corpus.of_texts(texts), sampler).arrays()
        results.append((arrays, {**values, "skipped": skipped}))
    arrays, values = merge_samples(*results)
    assert values["skipped"] == [3, ["a", "b"]]
    assert arrays["counts"].sum() == sum(one["counts"].sum() for one, _ in results)


def encoded(rows: list[int], value: float) -> dict[str, np.ndarray]:
    """Sums of `rows`, all `value`, and a template vector for each."""
    sums = {name: np.full(len(rows), value) for name in SUMS}
    places = np.array(rows)
    return {**sums, "rows": places, "places": places, "templates": places[:, None] * 10.0}


def test_sums_of_a_row_are_added_and_template_vectors_stay_beside_their_places() -> None:
    merged, _ = merge_encoded((encoded([4, 7], 1.0), {}), (encoded([2, 7], 0.5), {}))
    assert_array_equal(merged["rows"], [2, 4, 7])
    assert_array_equal(merged["counts"], [0.5, 1.0, 1.5])
    assert_array_equal(merged["places"], [4, 7, 2, 7])
    assert_array_equal(merged["templates"][:, 0], [40, 70, 20, 70])
