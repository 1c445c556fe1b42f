"""`Encoder`: at work, fine-tuned in tasks, saved for transformers too."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from file_modes import umask, wrong_modes
from numpy.testing import assert_allclose, assert_array_equal
from tiny import SENTENCES

import wordgraft as wg
from wordgraft.errors import SettingsError, TrainingError
from wordgraft.estimators.base import on_device
from wordgraft.estimators.first_layers import Encoder, LayerContext
from wordgraft.estimators.resolved import Resolved
from wordgraft.sources import Isolated
from wordgraft.training.network_optimizer import NetworkOptimizer
from wordgraft.training.regularizers import LayerDecay

Tiny = Callable[[str], Path]
LABELS = ["money" if "bank" in text or "market" in text else "other" for text in SENTENCES]
WORDS = [text.rstrip(".!?").replace(",", "").split() for text in SENTENCES]
PLACES = ("bank", "market", "river", "house", "station", "kitchen")
TAGS = [["B-PLACE" if word in PLACES else "O" for word in sentence] for sentence in WORDS]


def quick(
    kind: Any, folder: Any, *, training: dict[str, Any] | None = None, **arguments: Any
) -> Any:
    """An estimator that is fine-tuned for two epochs; `layer` holds the options of `Encoder`."""
    settings = {"epochs": 2, "device": "cpu", **(training or {})}
    first_layer = wg.Encoder(folder, **arguments.pop("layer", {}))
    return kind(
        first_layer, training=wg.TrainingSettings(**settings), **{"random_state": 0, **arguments}
    )


@pytest.fixture(scope="module")
def folder(tiny_checkpoint: Tiny) -> Path:
    return tiny_checkpoint("bert_cased")


@pytest.fixture(scope="module")
def classifier(folder: Path) -> wg.TextClassifier:
    training = {"epochs": 40, "rows_rate": 2e-3, "head_rate": 1e-2}
    return quick(wg.TextClassifier, folder, training=training).fit(SENTENCES, LABELS)


def test_it_learns_and_says_how(classifier: wg.TextClassifier) -> None:
    assert classifier.score(SENTENCES, LABELS) > 0.9
    record = classifier.record_
    assert (record.network, record.init, record.regime) == ("encoder", "checkpoint", "full")
    assert (record.texts, record.validation_texts, record.epochs) == (len(SENTENCES), 0, 40)


def test_saved_and_loaded_it_predicts_the_same(
    classifier: wg.TextClassifier, tmp_path: Path
) -> None:
    with umask(0o027):
        classifier.save(tmp_path / "m")
    assert wrong_modes(tmp_path, 0o027) == {}
    loaded = wg.TextClassifier.load(tmp_path / "m")
    assert_allclose(loaded.predict_proba(SENTENCES), classifier.predict_proba(SENTENCES), atol=1e-6)


def test_damaged_weights_are_refused(classifier: wg.TextClassifier, tmp_path: Path) -> None:
    classifier.save(tmp_path / "m")
    weights = tmp_path / "m" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"abcd")
    with pytest.raises(TrainingError, match=r"the encoder's weights in .* are not what was saved"):
        wg.TextClassifier.load(tmp_path / "m")


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_transformers_own_pipeline_predicts_the_same(
    pooling: str, folder: Path, tmp_path: Path
) -> None:
    fitted = quick(wg.TextClassifier, folder, layer={"pooling": pooling})
    fitted.fit(SENTENCES, LABELS).save(tmp_path / "m")
    pipe = transformers.pipeline("text-classification", str(tmp_path / "m"), device="cpu")
    answers = pipe(SENTENCES, top_k=None, batch_size=8)
    expected = fitted.predict_proba(SENTENCES)
    for answer, row in zip(answers, expected, strict=True):
        score_of = {label["label"]: label["score"] for label in answer}
        assert_allclose([score_of[name] for name in fitted.classes_], row, atol=2e-4)


def test_a_tagger_finds_places_and_so_does_the_pipeline(folder: Path, tmp_path: Path) -> None:
    training = {"epochs": 40, "rows_rate": 2e-3, "head_rate": 2e-2}
    tagger = quick(wg.SequenceTagger, folder, training=training).fit(WORDS, TAGS)
    assert tagger.evaluate(WORDS, TAGS).f1 > 0.8
    tagger.save(tmp_path / "m")
    assert wg.SequenceTagger.load(tmp_path / "m").predict(WORDS) == tagger.predict(WORDS)
    pipe = transformers.pipeline("token-classification", str(tmp_path / "m"), device="cpu")
    text = "Anna walked to market"
    # Each word's answer stands at its first piece; "O" is left out.
    answers = {span["start"]: span["entity"] for span in pipe(text)}
    starts = [0, 5, 12, 15]
    tags = [answers.get(start, "O") for start in starts]
    assert tags == tagger.predict([text.split()])[0]


def test_labels_of_several_kinds_at_once(folder: Path, tmp_path: Path) -> None:
    several = [[name for name in ("the", "a") if f" {name} " in f" {text} "] for text in SENTENCES]
    fitted = quick(wg.TextClassifier, folder).fit(SENTENCES, several)
    fitted.save(tmp_path / "m")
    pipe = transformers.pipeline("text-classification", str(tmp_path / "m"), device="cpu")
    score_of = {label["label"]: label["score"] for label in pipe(SENTENCES[:1], top_k=None)[0]}
    expected = dict(zip(fitted.label_names, fitted.predict_proba(SENTENCES[:1])[0], strict=True))
    for label, score in expected.items():
        assert score_of[label] == pytest.approx(score, abs=2e-4)


def test_what_transformers_has_no_class_for_is_said(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fitted = quick(wg.TextClassifier, folder, layer={"pooling": "attention"})
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
    again = quick(wg.TextClassifier, tmp_path / "m", training={"epochs": 1})
    assert again.fit(SENTENCES, LABELS).score(SENTENCES, LABELS) > 0.8


def test_a_seed_repeats_a_run(folder: Path) -> None:
    one, two = (
        quick(
            wg.TextClassifier, folder, layer={"regime": "lp-ft", "regularizer": "layer_decay"}
        ).fit(SENTENCES, LABELS)
        for _ in range(2)
    )
    assert one.record_.losses == two.record_.losses
    assert_array_equal(one.predict_proba(SENTENCES), two.predict_proba(SENTENCES))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"layer": {"regularizer": "ewc"}},
            "regularizer is 'ewc': unknown regularizer 'ewc'; expected",
        ),
        ({"layer": {"pooling": "first"}}, "pooling is 'first', expected one of auto, mean, cls"),
        ({"training": {"schedule": "cosine"}}, "schedule is 'cosine', expected one of auto, const"),
        ({"layer": {"regime": "thaw"}}, "regime is 'thaw', expected one of frozen"),
        ({"training": {"rows_rate": 0}}, "rows_rate is 0, expected a number above 0"),
        ({"layer": {"checkpoint": None}}, "checkpoint is None, expected an open checkpoint"),
        ({"network": "bilstm"}, "there is no network between an Encoder and the last layer"),
        ({"hidden": 8}, "hidden has no effect on a fine-tuned Encoder"),
        ({"training": {"patience": 3}}, "patience has no effect without a validation part"),
        ({"training": {"body_rate": 0.1}}, "body_rate has no effect"),
        (
            {"layer": {"regime": "frozen"}, "training": {"rows_rate": 1e-3}},
            "rows_rate has no effect: the first layer is not trained",
        ),
    ],
)
def test_arguments_that_make_no_sense(
    arguments: dict[str, Any], message: str, folder: Path
) -> None:
    layer = dict(arguments.get("layer", {}))
    checkpoint = layer.pop("checkpoint", folder)
    with pytest.raises(SettingsError, match=message):
        quick(wg.TextClassifier, checkpoint, **{**arguments, "layer": layer}).fit(SENTENCES, LABELS)


@pytest.mark.parametrize("name", ["casing", "letters"])
def test_an_encoder_reads_the_spelling_itself(name: str, folder: Path) -> None:
    with pytest.raises(SettingsError, match=f"{name} has no effect on a fine-tuned Encoder"):
        quick(wg.SequenceTagger, folder, **{name: True}).fit(WORDS, TAGS)


def test_a_head_that_starts_from_words_knows_classes_before_the_first_step(minilm: str) -> None:
    texts = ["the shares soared after the report", "profits fell and sales were weak"] * 3
    words = {"up": ["gain", "rise", "strong"], "down": ["loss", "fall", "drop"]}
    fitted = quick(wg.TextClassifier, minilm, training={"epochs": 0}, head_init=words).fit(
        texts, ["up", "down"] * 3
    )
    assert fitted.record_.epochs == 0
    texts_to_predict = ["a strong quarter, earnings rise", "a heavy loss; the stock drops"]
    assert fitted.predict(texts_to_predict).tolist() == ["up", "down"]


def test_it_pickles(classifier: wg.TextClassifier) -> None:
    again = pickle.loads(pickle.dumps(classifier))
    assert_array_equal(again.predict_proba(SENTENCES[:5]), classifier.predict_proba(SENTENCES[:5]))


def test_what_is_pickled_is_a_copy_where_the_device_is_another(
    classifier: wg.TextClassifier,
) -> None:
    state = vars(classifier)
    assert on_device("cpu", state) is state
    moved = on_device("meta", state)  # the one other device that every machine has
    parts = [moved["network_"], moved["layer_"].rows, classifier.network_, classifier.layer_.rows]
    devices = [{weight.device.type for weight in part.parameters()} for part in parts]
    assert devices == [{"meta"}, {"meta"}, {"cpu"}, {"cpu"}]
    assert moved["layer_"].device.type == "meta"


def test_an_interruption_says_where_the_progress_is(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    progress = tmp_path / "m.progress"
    steps = [0]
    step, plan = NetworkOptimizer.step, Resolved.plan

    def stopped(self: NetworkOptimizer, *arguments: Any) -> float:
        steps[0] += 1
        if steps[0] == 3:
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(NetworkOptimizer, "step", stopped)
    for every, messages in ((60.0, 0), (-1.0, 1)):
        caplog.clear()
        steps[0] = 0
        monkeypatch.setattr(
            Resolved,
            "plan",
            lambda self, *given, every=every, plan=plan: replace(
                plan(self, *given), save_every=every
            ),
        )
        with pytest.raises(KeyboardInterrupt):
            quick(wg.TextClassifier, folder, training={"progress_folder": progress}).fit(
                SENTENCES, LABELS
            )
        assert caplog.text.count(f"the progress is in {progress}; run the same again") == messages
        assert progress.exists() == bool(messages)


def test_training_begins_from_the_checkpoint_again(
    tiny_checkpoint: Callable[[str], Path],
) -> None:
    layer = Encoder(tiny_checkpoint("bert")).fitted(LayerContext(per_word=False, device="cpu"))
    start = next(layer.rows.parameters()).detach().clone()
    with torch.no_grad():
        next(layer.rows.parameters()).add_(1)
    assert torch.equal(next(layer.pretrained().parameters()), start)
    read = layer.begin(SENTENCES[:2])
    assert torch.equal(next(read.rows.parameters()), start)
    assert layer.start() is layer.checkpoint


def test_regularizers_by_name_or_as_they_are() -> None:
    decay = LayerDecay(0.8)
    for given in ("layer_decay:0.8", decay, [decay]):
        assert Encoder("c", regularizer=given).regularizers() == (decay,)
    assert Encoder("c").regularizers() == ()


@pytest.mark.parametrize(
    ("options", "per_word", "fault"),
    [
        ({"pooling": "first"}, False, "first_layer.pooling is 'first', expected one of auto, mean"),
        ({"pooling": "cls"}, True, "first_layer.pooling is 'cls', expected one of auto, first"),
        ({"regime": "thaw"}, True, "first_layer.regime is 'thaw', expected one of frozen"),
        ({"regularizer": "ewc"}, True, "first_layer.regularizer is 'ewc': unknown regularizer"),
    ],
)
def test_options_that_make_no_sense_by_themselves(
    options: dict, per_word: bool, fault: str
) -> None:
    (message,) = Encoder("c", **options).faults(per_word=per_word)
    assert message.startswith(fault)
