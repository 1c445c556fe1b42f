"""What Ray's workers do, and how many there are; without a Ray."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tiny import SENTENCES

from wordgraft import Vocabulary, open_checkpoint
from wordgraft.checkpoint import Checkpoint
from wordgraft.checkpoint.encoder import EncoderModel
from wordgraft.errors import CheckpointError
from wordgraft.sources.contextual.accumulate import Aligner, Sums
from wordgraft.sources.contextual.ray.workers import Job, add_sums, share_sums


@pytest.fixture
def checkpoint(tiny_checkpoint: Callable[[str], Path]) -> Checkpoint:
    return open_checkpoint(tiny_checkpoint("bert"))


def test_sums_of_shares_add_up(checkpoint: Checkpoint) -> None:
    vocabulary = Vocabulary.from_texts(SENTENCES, checkpoint)
    encoder, aligner = EncoderModel(checkpoint, layers=[2, 3]), Aligner(checkpoint, vocabulary)
    whole = Sums(len(vocabulary), encoder.dims, encoder.device)
    whole.add_sentences(encoder, aligner.inputs(SENTENCES))
    none = {"framed": np.zeros((0, encoder.dims)), "places": np.zeros(0, int)}
    parts = [
        ({**share_sums(encoder, aligner, part, len(vocabulary)), **none}, {})
        for part in (SENTENCES[:3], [], SENTENCES[3:40], SENTENCES[40:])
    ]
    assert 5 < len(parts[0][0]["rows"]) < 40
    added, _ = reduce(add_sums, parts)
    rows = added.pop("rows")
    for name, expected in whole.arrays().items():
        assert_allclose(added[name], expected[rows], rtol=1e-5, atol=1e-4, err_msg=name)
        assert expected.sum() == pytest.approx(added[name].sum(), rel=1e-5)


def test_another_checkpoint_on_a_worker_is_refused(checkpoint: Checkpoint) -> None:
    job = Job(checkpoint.name, False, "0" * 64)
    with pytest.raises(
        CheckpointError, match=r"the sha256 \w{16}, the driver's 0{16}; put the same"
    ):
        job.open()
