"""The forgetting report against numbers by hand, and on an encoder that was made to forget."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from wordgraft.checkpoint import Checkpoint, open_checkpoint
from wordgraft.errors import DataError
from wordgraft.estimators.forgetting_report import ForgettingReport, Point, report
from wordgraft.metrics.forgetting import Ability, Asked, Measures
from wordgraft.metrics.forgetting.drift import Drift, linear_cka, mean_cosine
from wordgraft.networks.encoder import EncoderRows, Pooling
from wordgraft.networks.network import Network
from wordgraft.training.interpolation import snapshot

Tiny = Callable[[str], Path]
PAIRS = [
    ("bank", "money", 9.0),
    ("river", "boat", 8.0),
    ("tea", "station", 1.0),
    ("a", "cold", 2.0),
]


def network_of(checkpoint: Checkpoint) -> Network:
    rows = EncoderRows(checkpoint)
    return Network(rows, Pooling(rows.dims, "mean", dropout=0), nn.Linear(rows.dims, 2)).eval()  # type: ignore[arg-type]


def shaken(network: Network, much: float) -> None:
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.rows.parameters():
            parameter.add_(much * torch.randn(parameter.shape, generator=random))


def test_cka_is_blind_to_rotation_and_scale_and_to_nothing_else() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(50, 6)).astype(np.float32)
    turned = 3 * a @ np.linalg.qr(rng.normal(size=(6, 6)))[0].astype(np.float32) + 5
    assert linear_cka(a, turned) == pytest.approx(1, abs=1e-5)
    assert linear_cka(a, rng.normal(size=(50, 6)).astype(np.float32)) < 0.4
    # By hand: centred columns (-1, 1, 0) and (-1, 0, 1), whose product is 1, squared over 2 * 2.
    one = np.array([[-1.0], [1.0], [0.0]], np.float32)
    two = np.array([[-1.0], [0.0], [1.0]], np.float32)
    assert linear_cka(one, two) == pytest.approx(0.25)


def test_cosine_by_hand() -> None:
    a = np.array([[1.0, 0], [0, 0], [0, 2.0]], np.float32)
    b = np.array([[1.0, 1], [1, 1], [0, 5.0]], np.float32)
    assert mean_cosine(a, b) == pytest.approx((0.5**0.5 + 1) / 2)


def test_abilities_lose_points_or_a_share_of_loss() -> None:
    assert Ability("probe", "accuracy", 0.8, 0.75).lost == pytest.approx(0.05)
    assert Ability("masked", "loss", 2.0, 2.5).lost == pytest.approx(0.25)
    assert Ability("similarity", "spearman", 0.5, 0.6).lost == pytest.approx(-0.1)


def test_it_says_plainly_what_was_forgotten_or_that_nothing_was() -> None:
    still = (Drift("general", 3, 1.0, 1.0),)
    moved = (Drift("general", 3, 0.6, 0.7),)
    kept = (Ability("probe films", "accuracy", 0.8, 0.799),)
    lost = (*kept, Ability("similarity simlex", "spearman", 0.5, 0.3))
    assert ForgettingReport((), still, (), "accuracy").verdict.startswith("nothing was forgotten")
    assert "what that cost is unknown" in ForgettingReport((), moved, (), "accuracy").verdict
    assert ForgettingReport(kept, moved, (), "accuracy").verdict.startswith("nothing was forgotten")
    found = ForgettingReport(lost, moved, (), "accuracy")
    assert found.forgotten == pytest.approx(0.2)
    assert found.verdict == (
        "forgotten most: similarity simlex, spearman 0.500 before and 0.300 after"
    )


def test_an_encoder_that_did_not_change_forgot_nothing(
    tiny_checkpoint: Tiny, sentences: list[str]
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("roberta"))  # with a masked-language head
    network = network_of(checkpoint)
    labels = ["bank" in text for text in sentences]
    asked = Asked(sentences[:9], {"four": PAIRS}, {"banks": (sentences * 2, labels * 2)})
    measures = Measures(checkpoint, asked, sentences)
    found = report(network, snapshot(network), measures, lambda _: 0.5, score="accuracy")
    assert {each.unit for each in found.abilities} == {"spearman", "accuracy", "loss"}
    for ability in found.abilities:
        assert ability.lost == pytest.approx(0, abs=1e-5), ability
    for drift in found.drift:
        assert drift.cka == pytest.approx(1, abs=1e-5)
        assert drift.cosine == pytest.approx(1, abs=1e-5)
    assert [(each.texts, each.layer) for each in found.drift] == [
        (texts, layer) for texts in ("training", "general") for layer in range(4)
    ]
    assert found.verdict.startswith("nothing was forgotten")


def test_the_point_within_what_may_be_forgotten_is_found(
    tiny_checkpoint: Tiny, sentences: list[str]
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("roberta"))
    network = network_of(checkpoint)
    start = snapshot(network)
    shaken(network, 0.3)
    end = snapshot(network)
    # The score rises all along the line, so that what may be forgotten alone decides.
    name = "rows.model.embeddings.word_embeddings.weight"
    span = float((end[name] - start[name]).norm())

    def score(each: Network) -> float:
        return float((each.state_dict()[name] - start[name]).norm()) / span

    measures = Measures(checkpoint, Asked(sentences), sentences)
    full = report(network, start, measures, score, score="distance", at_most=10.0)
    assert [round(point.score, 3) for point in full.curve] == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert full.curve[0].forgotten == pytest.approx(0, abs=1e-6)
    assert full.curve[-1].forgotten == pytest.approx(full.forgotten, abs=1e-6)
    assert full.forgotten > 0.01  # the loss of masked words grew by more than that
    assert full.chosen == max(full.curve, key=lambda point: point.score).share
    little = report(network, start, measures, score, score="distance", at_most=0.0)
    assert little.chosen == max(p.share for p in little.curve if p.forgotten <= 0.0)
    assert little.chosen < 1
    for key, tensor in network.state_dict().items():
        assert torch.equal(tensor, end[key]), key
    assert json.loads(json.dumps(full.as_dict()))["chosen"] == full.chosen


def test_masked_words_are_asked_only_where_there_is_a_head(
    tiny_checkpoint: Tiny, sentences: list[str]
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    measures = Measures(checkpoint, Asked(), sentences)
    network = network_of(checkpoint)
    assert measures.abilities(network.rows.model) == ()
    found = report(network, snapshot(network), measures, lambda _: 1.0, score="accuracy")
    assert found.verdict == "nothing was forgotten: the last layer is where it was"


def test_a_probe_without_enough_texts_says_so(tiny_checkpoint: Tiny, sentences: list[str]) -> None:
    asked = Asked(probes={"few": (sentences[:4], ["a", "b", "a", "b"])})
    with pytest.raises(DataError, match="needs two labels and 5 texts of each; found 2 labels"):
        Measures(open_checkpoint(tiny_checkpoint("bert")), asked, sentences)


def test_the_plot_holds_the_curve_and_the_drift() -> None:
    found = ForgettingReport(
        (), (Drift("training", 0, 0.9, 0.8),), (Point(0.0, 0.5, 0.0), Point(1.0, 0.7, 0.1)), "F1"
    )
    content = found.plot().to_dict()
    text = json.dumps(content)
    assert '"forgotten": 0.1' in text
    assert '"cka": 0.9' in text
