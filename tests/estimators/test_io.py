"""Saved models: what is in the folder, and what comes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tables import random_table

import wordgraft as wg
from wordgraft.errors import TrainingError
from wordgraft.estimators.saved import task_in

TABLE = random_table(5, 4)
X, Y = ["w1 w2", "w3"] * 6, ["a", "b"] * 6


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    model = wg.TextClassifier(
        wg.TableRows(TABLE, oov="zero", trainable=False),
        hidden=8,
        head_init={"a": ["w1"], "b": ["w3"]},
        training=wg.TrainingSettings(epochs=2, progress_folder=tmp_path / "progress"),
        random_state=0,
    )
    model.fit(X, Y).save(tmp_path / "m")
    return tmp_path / "m"


def test_options_come_back_and_what_is_of_the_run_alone_does_not(saved: Path) -> None:
    model = wg.TextClassifier.load(saved)
    assert model.hidden == 8
    assert model.training == wg.TrainingSettings(epochs=2)
    layer = model.first_layer
    assert isinstance(layer, wg.TableRows)
    assert (layer.oov, layer.start, layer.trainable) == ("zero", "table", False)
    assert model.head_init == "xavier"
    assert (model.record_.network, model.record_.regime) == ("bag", "frozen")
    again = model.set_params(random_state=0).fit(X, Y)  # it can be trained again
    assert again.record_.epochs == 2


def test_the_folder_says_its_task_and_refuses_the_other(saved: Path) -> None:
    assert task_in(saved) == "classify"
    assert {path.name for path in saved.iterdir()} == {"model.json", "network.safetensors", "table"}
    with pytest.raises(TrainingError, match=r"of task 'classify'; open it with TextClassifier"):
        wg.SequenceTagger.load(saved)


def test_a_description_that_lacks_a_part_is_refused(saved: Path) -> None:
    description = json.loads((saved / "model.json").read_text())
    del description["training"]
    (saved / "model.json").write_text(json.dumps(description))
    with pytest.raises(TrainingError, match=r"model.json cannot be read \('training'\)"):
        wg.TextClassifier.load(saved)
