"""`network="encoder"`: tasks that fine-tune the pretrained encoder, saved for transformers too."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import transformers
from numpy.testing import assert_allclose, assert_array_equal
from tables import table_of
from tiny import SENTENCES

import wordgraft as wg
from wordgraft.errors import TrainingError
from wordgraft.estimators.base import Grafted
from wordgraft.estimators.base import _on as moved_to
from wordgraft.estimators.recipes import ENCODER
from wordgraft.metrics.forgetting import Asked
from wordgraft.sources import Isolated
from wordgraft.training.optimizer_run import Run

Tiny = Callable[[str], Path]
LABELS = ["money" if "bank" in text or "market" in text else "other" for text in SENTENCES]
WORDS = [text.rstrip(".!?").replace(",", "").split() for text in SENTENCES]
PLACES = ("bank", "market", "river", "house", "station", "kitchen")
TAGS = [["B-PLACE" if word in PLACES else "O" for word in each] for each in WORDS]
QUICK = {"network": "encoder", "random_state": 0, "max_epochs": 2, "device": "cpu"}


@pytest.fixture(scope="module")
def folder(tiny_checkpoint: Tiny) -> Path:
    return tiny_checkpoint("bert_cased")


@pytest.fixture(scope="module")
def classifier(folder: Path) -> wg.TextClassifier:
    quick = {**QUICK, "max_epochs": 40, "rows_rate": 2e-3, "head_rate": 1e-2}
    return wg.TextClassifier(checkpoint=folder, **quick).fit(SENTENCES, LABELS)


def test_it_learns_and_says_how(classifier: wg.TextClassifier) -> None:
    assert classifier.score(SENTENCES, LABELS) > 0.9
    record = classifier.record_
    assert (record.network, record.init, record.regime) == ("encoder", "checkpoint", "full")
    assert (record.texts, record.held_out, record.epochs) == (len(SENTENCES), 0, 40)


def test_saved_and_loaded_it_answers_the_same(
    classifier: wg.TextClassifier, tmp_path: Path
) -> None:
    classifier.save(tmp_path / "m")
    loaded = wg.TextClassifier.load(tmp_path / "m")
    assert_allclose(loaded.predict_proba(SENTENCES), classifier.predict_proba(SENTENCES), atol=1e-6)


def test_damaged_weights_are_refused(classifier: wg.TextClassifier, tmp_path: Path) -> None:
    classifier.save(tmp_path / "m")
    weights = tmp_path / "m" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"abcd")
    with pytest.raises(TrainingError, match=r"the encoder's weights in .* are not what was saved"):
        wg.TextClassifier.load(tmp_path / "m")


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_transformers_own_pipeline_answers_the_same(
    pooling: str, folder: Path, tmp_path: Path
) -> None:
    fitted = wg.TextClassifier(checkpoint=folder, pooling=pooling, **QUICK)
    fitted.fit(SENTENCES, LABELS).save(tmp_path / "m")
    pipe = transformers.pipeline("text-classification", str(tmp_path / "m"), device="cpu")
    answers = pipe(SENTENCES, top_k=None, batch_size=8)
    expected = fitted.predict_proba(SENTENCES)
    for answer, row in zip(answers, expected, strict=True):
        found = {each["label"]: each["score"] for each in answer}
        assert_allclose([found[name] for name in fitted.classes_], row, atol=2e-4)


def test_a_tagger_finds_places_and_so_does_the_pipeline(folder: Path, tmp_path: Path) -> None:
    quick = {**QUICK, "max_epochs": 40, "rows_rate": 2e-3, "head_rate": 2e-2}
    tagger = wg.SequenceTagger(checkpoint=folder, **quick).fit(WORDS, TAGS)
    assert tagger.evaluate(WORDS, TAGS).f1 > 0.8
    tagger.save(tmp_path / "m")
    assert wg.SequenceTagger.load(tmp_path / "m").predict(WORDS) == tagger.predict(WORDS)
    pipe = transformers.pipeline("token-classification", str(tmp_path / "m"), device="cpu")
    text = "Anna walked to market"
    # Each word's answer stands at its first piece; "O" is left out.
    answers = {each["start"]: each["entity"] for each in pipe(text)}
    starts = [0, 5, 12, 15]
    found = [answers.get(start, "O") for start in starts]
    assert found == tagger.predict([text.split()])[0]


def test_labels_of_several_kinds_at_once(folder: Path, tmp_path: Path) -> None:
    several = [[name for name in ("the", "a") if f" {name} " in f" {text} "] for text in SENTENCES]
    fitted = wg.TextClassifier(checkpoint=folder, **QUICK).fit(SENTENCES, several)
    fitted.save(tmp_path / "m")
    pipe = transformers.pipeline("text-classification", str(tmp_path / "m"), device="cpu")
    found = {each["label"]: each["score"] for each in pipe(SENTENCES[:1], top_k=None)[0]}
    expected = dict(zip(fitted.label_names, fitted.predict_proba(SENTENCES[:1])[0], strict=True))
    for label, score in expected.items():
        assert found[label] == pytest.approx(score, abs=2e-4)


def test_what_transformers_has_no_class_for_is_said(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fitted = wg.TextClassifier(checkpoint=folder, pooling="attention", **QUICK)
    fitted.fit(SENTENCES, LABELS)
    with caplog.at_level(logging.WARNING, "wordgraft"):
        fitted.save(tmp_path / "m")
    assert "no attention over a text's tokens" in caplog.text
    loaded = wg.TextClassifier.load(tmp_path / "m")
    assert_allclose(loaded.predict_proba(SENTENCES), fitted.predict_proba(SENTENCES), atol=1e-6)
    transformers.AutoModel.from_pretrained(tmp_path / "m", add_pooling_layer=False)


def test_a_fine_tuned_encoder_is_a_source_of_vectors(
    classifier: wg.TextClassifier, folder: Path, tmp_path: Path
) -> None:
    classifier.save(tmp_path / "m")
    tuned, start = wg.open_checkpoint(tmp_path / "m"), wg.open_checkpoint(folder)
    assert (tuned.layers, tuned.isolated_layer()) == (3, 3)
    vocabulary = wg.Vocabulary.from_words(["bank", "river", "cold"], tuned)
    vectors = wg.build_table(
        tuned, vocabulary, source=Isolated(device="cpu"), refinements=()
    ).rows()
    before = wg.build_table(
        start, vocabulary, source=Isolated(layer=3, device="cpu"), refinements=()
    ).rows()
    assert float(np.abs(vectors - before)[2:].max()) > 0.01
    from wordgraft.checkpoint.encoder import EncoderModel
    from wordgraft.sources.isolated import TEMPLATE, encode_pieces

    encoder = EncoderModel(tuned, layers=[3], device="cpu")
    pieces = tuned.tokenizer.word_pieces(["bank", "river", "cold"])
    expected = encode_pieces(encoder, pieces, pooling="own", template=TEMPLATE)
    assert_allclose(vectors[-3:-1], expected[:2], atol=1e-5)
    # It can be fine-tuned further, as any checkpoint.
    again = wg.TextClassifier(checkpoint=tmp_path / "m", **{**QUICK, "max_epochs": 1})
    assert again.fit(SENTENCES, LABELS).score(SENTENCES, LABELS) > 0.8


def test_a_seed_repeats_a_run(folder: Path) -> None:
    one, two = (
        wg.TextClassifier(
            checkpoint=folder, regime="lp-ft", regularizer="layer_decay", **QUICK
        ).fit(SENTENCES, LABELS)
        for _ in range(2)
    )
    assert one.record_.losses == two.record_.losses
    assert_array_equal(one.predict_proba(SENTENCES), two.predict_proba(SENTENCES))


def test_settings_are_searched_and_the_report_is_written(folder: Path, tmp_path: Path) -> None:
    fitted = wg.TextClassifier(
        checkpoint=folder,
        regularizer="layer_decay",
        tune=2,
        keep=tmp_path / "progress",
        forgetting=Asked(general=SENTENCES[:5]),
        forget_at_most=1.0,
        **{**QUICK, "max_epochs": 1},
    ).fit(SENTENCES, LABELS)
    assert len(fitted.tuned_.scores) == 2
    assert fitted.record_.regularizers[0].startswith("layer_decay:")
    report = fitted.forgetting_
    assert report.score == f"macro-F1 on {len(SENTENCES)} training texts"
    assert report.chosen is not None
    chosen = next(point for point in report.curve if point.share == report.chosen)
    assert chosen.score == pytest.approx(fitted.evaluate(SENTENCES, LABELS).macro_f1)


def test_passes_follow_the_number_of_texts() -> None:
    passes = [ENCODER.max_epochs.over(texts) for texts in (10, 100, 500, 2_000, 9_543, 10**6)]
    assert passes == [40, 40, 13, 5, 3, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"regularizer": "ewc"},
            "regularizer is 'ewc': unknown regularizer 'ewc'; expected one of layer_decay",
        ),
        ({"pooling": "first"}, "pooling is 'first', expected one of auto, mean, cls, attention"),
        ({"schedule": "cosine"}, "schedule is 'cosine', expected one of auto, constant, linear"),
        ({"regime": "thaw"}, "regime is 'thaw', expected one of auto, frozen, embeddings, full"),
        ({"rows_rate": 0}, "rows_rate is 0, expected a number above 0"),
        ({"checkpoint": None}, "network 'encoder' fine-tunes an encoder: give checkpoint"),
    ],
)
def test_arguments_that_make_no_sense(
    arguments: dict[str, object], message: str, folder: Path
) -> None:
    with pytest.raises(TrainingError, match=message):
        wg.TextClassifier(**{"checkpoint": folder, **QUICK, **arguments}).fit(SENTENCES, LABELS)


def test_a_head_that_starts_from_words_knows_classes_before_the_first_step(minilm: str) -> None:
    texts = ["the shares soared after the report", "profits fell and sales were weak"] * 3
    words = {"up": ["gain", "rise", "strong"], "down": ["loss", "fall", "drop"]}
    told = wg.TextClassifier(
        checkpoint=minilm,
        **{**QUICK, "max_epochs": 0},
        head_init="labels",
        label_words=words,
    ).fit(texts, ["up", "down"] * 3)
    assert told.record_.epochs == 0
    asked = ["a strong quarter, earnings rise", "a heavy loss; the stock drops"]
    assert told.predict(asked).tolist() == ["up", "down"]


def test_forgetting_is_of_encoders_alone() -> None:
    with pytest.raises(TrainingError, match="forgetting is measured of network 'encoder'"):
        wg.TextClassifier(forget_at_most=0.1).fit(SENTENCES, LABELS)


def test_it_pickles(classifier: wg.TextClassifier) -> None:
    again = pickle.loads(pickle.dumps(classifier))
    assert_array_equal(again.predict_proba(SENTENCES[:5]), classifier.predict_proba(SENTENCES[:5]))


def test_what_is_pickled_is_a_copy_where_the_device_is_another(
    classifier: wg.TextClassifier,
) -> None:
    state = vars(classifier)
    assert moved_to("cpu", state) is state
    moved = moved_to("meta", state)  # the one other device that every machine has
    parts = [moved["network_"], moved["layer_"].rows, classifier.network_, classifier.layer_.rows]
    devices = [{each.device.type for each in part.parameters()} for part in parts]
    assert devices == [{"meta"}, {"meta"}, {"cpu"}, {"cpu"}]
    assert moved["layer_"].device.type == "meta"


@pytest.mark.parametrize("regime", ["lp-ft", "embeddings", "full"])
def test_tables_take_regimes_and_refuse_lora(regime: str) -> None:
    words = ["sun", "warm", "rain", "cold"]
    table = table_of(words, np.random.default_rng(0).normal(size=(4, 8)) * 0.3)
    texts, labels = ["warm sun", "cold rain", "sun", "rain"] * 8, ["good", "bad"] * 16
    settings = {"held_out": 0, "max_epochs": 20, "hidden": 8, "random_state": 0, "device": "cpu"}

    def fitted(regularizer: str | None) -> wg.TextClassifier:
        model = wg.TextClassifier(table, regime=regime, regularizer=regularizer, **settings)
        return model.fit(texts, labels)

    free = fitted(None)
    assert free.score(texts, labels) == 1
    assert np.abs(free.table_.rows() - table.rows()).sum() > 0
    with pytest.raises(TrainingError, match="lora needs an encoder with linear layers"):
        fitted("lora")


def test_an_interruption_says_where_what_was_done_is(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kept = tmp_path / "m.progress"
    steps = [0]
    step = Run._step

    def stopped(self: Run, *arguments: Any) -> float:
        steps[0] += 1
        if steps[0] == 3:
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(Run, "_step", stopped)
    for every, says in ((60.0, 0), (-1.0, 1)):
        caplog.clear()
        steps[0] = 0
        monkeypatch.setattr(
            wg.TextClassifier,
            "_plan",
            lambda self, *given, every=every, plan=Grafted._plan: replace(
                plan(self, *given), keep_every=every
            ),
        )
        with pytest.raises(KeyboardInterrupt):
            wg.TextClassifier(checkpoint=folder, **QUICK, keep=kept).fit(SENTENCES, LABELS)
        assert caplog.text.count(f"{kept} holds what was done; run the same command again") == says
        assert kept.exists() == bool(says)
