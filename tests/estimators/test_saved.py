"""The folder of a trained model, as it is read without PyTorch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tables import random_table

import wordgraft as wg
from wordgraft.errors import TrainingError
from wordgraft.estimators.saved import SEEN, SavedModel, task_in

TABLE = random_table(5, 4)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = wg.TrainingSettings(epochs=1)
    model = wg.TextClassifier(TABLE, hidden=8, training=settings, random_state=3)
    path = tmp_path_factory.mktemp("saved") / "m"
    model.fit(["w1 w2", "w3"] * 6, [["a"], ["a", "b"]] * 6).save(path)
    return path


def test_a_classifier_is_read(classifier: Path) -> None:
    saved = SavedModel.read(classifier)
    assert (saved.task, saved.arguments["hidden"], saved.training["epochs"]) == ("classify", 8, 1)
    assert (saved.first_layer["kind"], saved.record["network"]) == ("table", "bag")
    assert saved.labels is not None
    assert saved.labels.classes.tolist() == ["a", "b"]
    assert (saved.labels.multi, saved.labels.matrix, saved.tags) == (True, False, [])
    weights = wg.TextClassifier.load(classifier).network_.state_dict()
    arrays = saved.arrays()
    assert {*arrays} == {*weights}
    assert all((arrays[name] == weights[name].numpy()).all() for name in weights)


def test_a_tagger_is_read(tmp_path: Path) -> None:
    settings = wg.TrainingSettings(epochs=1)
    tagger = wg.SequenceTagger(TABLE, network="cnn", hidden=6, training=settings, random_state=0)
    tagger.fit([["w1", "w2"]] * 6, [["O", "B-X"]] * 6).save(tmp_path / "m")
    saved = SavedModel.read(tmp_path / "m")
    assert (task_in(tmp_path / "m"), saved.labels, saved.tags) == ("tag", None, ["O", "B-X", "I-X"])
    assert {*saved.arrays()[SEEN].tolist()} == tagger.seen_


@pytest.mark.parametrize("part", ["training", "labels", "sha256"])
def test_a_description_that_lacks_a_part_is_refused(
    classifier: Path, tmp_path: Path, part: str
) -> None:
    description = json.loads((classifier / "model.json").read_text())
    del description[part]
    (tmp_path / "model.json").write_text(json.dumps(description))
    with pytest.raises(TrainingError, match=rf"model.json cannot be read \('{part}'\)"):
        SavedModel.read(tmp_path)


def test_folders_that_are_no_models(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"not a trained model: it has no model\.json"):
        SavedModel.read(tmp_path)
    (tmp_path / "model.json").write_text('{"format": 99}')
    with pytest.raises(TrainingError, match="has format 99, this wordgraft reads up to"):
        SavedModel.read(tmp_path)
