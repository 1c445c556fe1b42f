"""`SequenceTagger`: learning, scikit-learn's conventions, files, and what it refuses."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from tables import table_of

import wordgraft as wg
from wordgraft.errors import DataError, OutputError, TrainingError

_RNG = np.random.default_rng(0)
NAMES, PLACES = ["anna", "weber", "tim"], ["berlin", "london", "rome"]
VERBS, REST = ["saw", "met", "left"], ["the", "old", "town"]
TABLE = table_of([*NAMES, *PLACES, *VERBS, *REST], _RNG.normal(size=(12, 16)) * 0.3)


def _sentence() -> tuple[list[str], list[str]]:
    name = list(_RNG.choice(NAMES, _RNG.integers(1, 3)))
    place = [str(_RNG.choice(PLACES))]
    words = [*name, str(_RNG.choice(VERBS)), *_RNG.choice(REST, 2), *place]
    return [str(word) for word in words], (
        ["B-PER", *["I-PER"] * (len(name) - 1), "O", "O", "O", "B-LOC"]
    )


X, Y = (list(each) for each in zip(*(_sentence() for _ in range(80)), strict=True))


def tagger(**arguments: Any) -> wg.SequenceTagger:
    """A small one; `training` and `rows` hold settings of the run and of the first layer."""
    settings = {"epochs": 30, "head_rate": 1e-2, "batch_size": 8}
    training = wg.TrainingSettings(**{**settings, **arguments.pop("training", {})})
    first_layer = wg.TableRows(TABLE, **arguments.pop("rows", {}))
    defaults = {"random_state": 0, "hidden": 16, "dropout": 0.2, "training": training}
    return wg.SequenceTagger(first_layer, **{**defaults, **arguments})


FITTED = tagger().fit(X, Y)


@pytest.mark.parametrize("network", ["bilstm-crf", "bilstm", "cnn", "transformer"])
def test_every_network_learns(network: str) -> None:
    assert tagger(network=network).fit(X[:60], Y[:60]).score(X[60:], Y[60:]) > 0.9


def test_a_tag_for_every_word_and_none_for_an_empty_sentence() -> None:
    found = FITTED.predict(
        [["Anna", "met", "the", "old", "Rome"], [], ["unheard"], ["rome"] * 5_000]
    )
    assert [len(each) for each in found] == [5, 0, 1, 5_000]
    assert found[0] == ["B-PER", "O", "O", "O", "B-LOC"]
    assert FITTED.tags_ == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    spans = FITTED.entities([["Anna", "Weber", "left", "the", "old", "Rome"]])[0]
    assert [tuple(span) for span in spans] == [("PER", 0, 2), ("LOC", 5, 6)]


def test_scikit_learn_can_clone_score_and_search_it() -> None:
    assert clone(FITTED).get_params() == FITTED.get_params()
    assert cross_val_score(tagger(), X, Y, cv=2).min() > 0.9
    search = GridSearchCV(tagger(training={"epochs": 2}), {"network": ["cnn", "bilstm"]}, cv=2).fit(
        X, Y
    )
    assert search.best_params_["network"] in ("cnn", "bilstm")


def test_it_pickles_and_is_saved_and_loaded(tmp_path: Path) -> None:
    assert pickle.loads(pickle.dumps(FITTED)).predict(X) == FITTED.predict(X)
    FITTED.save(tmp_path / "m")
    loaded = wg.SequenceTagger.load(tmp_path / "m")
    assert loaded.predict(X) == FITTED.predict(X)
    assert loaded.evaluate(X, Y) == FITTED.evaluate(X, Y)
    assert loaded.record_ == FITTED.record_
    with pytest.raises(OutputError, match="already exists"):
        FITTED.save(tmp_path / "m")
    with pytest.raises(TrainingError, match=r"is a model of task 'tag'; open it with SequenceTag"):
        wg.TextClassifier.load(tmp_path / "m")


def test_a_seed_repeats_a_run() -> None:
    again = tagger().fit(X, Y)
    assert again.record_.losses == FITTED.record_.losses
    assert tagger(random_state=1).fit(X, Y).record_.losses != FITTED.record_.losses


@pytest.mark.parametrize(("best", "expected"), [(3, 1.5), (None, 0.0)])
def test_o_is_penalised_by_what_finds_most_in_the_validation_part(
    monkeypatch: pytest.MonkeyPatch, best: int | None, expected: float
) -> None:
    monkeypatch.setattr(wg.SequenceTagger, "_badness", lambda *_: 0.0)
    with monkeypatch.context() as patch:
        patch.setattr("wordgraft.estimators.tagger._O_PENALTIES", (0.0,))
        straight = (
            tagger(training={"validation_share": 0.2, "epochs": 2})
            .fit(X, Y)
            .network_.last_layer.bias
        )
    asked: list[np.ndarray] = []

    def scored(_: object, numbers: np.ndarray, __: object) -> SimpleNamespace:
        asked.append(numbers)
        return SimpleNamespace(f1=float(len(asked) - 1 == best))

    with monkeypatch.context() as patch:
        patch.setattr(wg.SequenceTagger, "_scored", scored)
        model = tagger(training={"validation_share": 0.2, "epochs": 2}).fit(X, Y)
    assert (model.o_penalty_, len(asked)) == (expected, 6)
    outside = [(numbers == 0).sum() for numbers in asked]
    assert outside == sorted(outside, reverse=True)
    assert outside[0] > outside[-1]
    bias = model.network_.last_layer.bias
    assert bias[0].item() == pytest.approx(straight[0].item() - expected)
    assert bias[1:].tolist() == straight[1:].tolist()


def test_without_a_validation_part_o_is_not_penalised() -> None:
    model = tagger(training={"validation_share": 0.0, "epochs": 2}).fit(X, Y)
    assert (model.o_penalty_, model.validation_scores_) == (0.0, None)


def test_tuned_moves_rows_and_frozen_does_not() -> None:
    assert_array_equal(FITTED.table_.rows()[:14], TABLE.rows())
    tuned = tagger(rows={"trainable": True}, training={"epochs": 3}).fit(X, Y)
    assert np.abs(tuned.table_.rows()[2:14] - TABLE.rows()[2:]).max(axis=1).min() > 0


def test_a_random_start_has_the_same_words_and_none_of_the_rows() -> None:
    fitted = tagger(rows={"start": "random"}, training={"epochs": 1}).fit(X, Y)
    assert np.abs(fitted.table_.rows()[2:14] - TABLE.rows()[2:]).max(axis=1).min() > 0.01
    assert fitted.table_.vocabulary.words[2:14] == TABLE.vocabulary.words[2:]


def test_casing_tells_what_lower_cased_rows_cannot() -> None:
    """A capital makes a name of any word; the rows are those of lower-cased words."""
    rng = np.random.default_rng(0)
    words = [*NAMES, *PLACES, *VERBS]
    sentences = [[str(w) for w in rng.choice(words, 4)] for _ in range(120)]
    sentences = [[w.title() if rng.random() < 0.3 else w for w in each] for each in sentences]
    tags = [["B-X" if w[0].isupper() else "O" for w in each] for each in sentences]
    fitted = {
        casing: tagger(casing=casing, network="bilstm").fit(sentences[:90], tags[:90])
        for casing in (True, False)
    }
    scores = {casing: each.score(sentences[90:], tags[90:]) for casing, each in fitted.items()}
    assert scores[True] > 0.95
    assert scores[False] < 0.6


def test_letters_tell_words_that_no_row_is_for() -> None:
    rng = np.random.default_rng(0)
    made = ["".join(rng.choice(list("abcdefgh"), 5)) for _ in range(300)]
    sentences = [[w + ("ine" if rng.random() < 0.3 else "ado")] for w in made]
    tags = [["B-DRUG" if each[0].endswith("ine") else "O"] for each in sentences]
    fitted = tagger(letters=True, casing=False, rows={"oov": "zero"}, training={"epochs": 20})
    assert fitted.fit(sentences[:250], tags[:250]).score(sentences[250:], tags[250:]) > 0.9


def test_frozen_features_tag_and_come_back_from_a_folder(
    tiny_checkpoint: Callable[[str], Path], tmp_path: Path
) -> None:
    fitted = wg.SequenceTagger(
        wg.FrozenEncoder(tiny_checkpoint("bert")),
        hidden=16,
        training=wg.TrainingSettings(head_rate=1e-2, epochs=12),
        random_state=0,
    ).fit(X[:60], Y[:60])
    assert fitted.score(X[60:], Y[60:]) > 0.7
    fitted.save(tmp_path / "m")
    assert wg.SequenceTagger.load(tmp_path / "m").predict(X) == fitted.predict(X)
    with pytest.raises(AttributeError, match="this model has no table"):
        _ = fitted.table_


def test_tags_come_in_any_scheme() -> None:
    inside = [[tag.replace("B-", "I-") for tag in each] for each in Y]
    assert tagger().fit(X, inside).record_.losses == FITTED.record_.losses


@pytest.mark.parametrize(
    ("sentences", "tags", "message"),
    [
        ("a string", [["O"]], "X is one string, expected sentences"),
        (["the old town"], [["O"]], "sentence 0 is 'the old town', expected a list of words"),
        ([["a", 3]], [["O", "O"]], "sentence 0 holds 3, a int; expected words"),
        ([], [], "X holds no words"),
        ([[]], [[]], "X holds no words"),
        ([["a"]], [["O"], ["O"]], "1 sentences have 2 lists of tags"),
        ([["a", "b"]], [["B-PER"]], "sentence 0 has 2 words and 1 tags"),
        ([["a"]], [["PER"]], "sentence 0: 'PER' is not a tag; expected O, or B-"),
        ([["a"]], [[None]], "sentence 0 holds the tag None"),
        ([["a"], ["b"]], [["O"], ["O"]], "all tags of 2 sentences are O"),
    ],
)
def test_sentences_and_tags_that_cannot_be_used(sentences: list, tags: list, message: str) -> None:
    with pytest.raises(DataError, match=message):
        tagger().fit(sentences, tags)


def test_arguments_that_make_no_sense() -> None:
    with pytest.raises(TrainingError, match="network is 'bag', expected one of auto, cnn, bilstm"):
        tagger(network="bag").fit(X, Y)
    with pytest.raises(TrainingError, match=r"checkpoint is None, expected an open checkpoint"):
        wg.SequenceTagger(wg.FrozenEncoder(None)).fit(X, Y)
    with pytest.raises(TrainingError, match="hidden is 10, expected a multiple of 8"):
        tagger(network="transformer", hidden=10).fit(X, Y)
    with pytest.raises(NotFittedError):
        tagger().predict(X)
