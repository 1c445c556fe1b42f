"""Each example runs and shows what it promises."""

from __future__ import annotations

import runpy
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wordgraft import Checkpoint, Vocabulary, build_table, open_checkpoint
from wordgraft.grafts import encoder_inputs, padded_ids

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, Any]]:
    """Return the names of an example, which can import the other examples as when it is run."""
    monkeypatch.syspath_prepend(EXAMPLES)
    return lambda name: runpy.run_path(str(EXAMPLES / f"{name}.py"))


@pytest.fixture
def bert(tiny_checkpoint: Callable[[str], Path]) -> Checkpoint:
    return open_checkpoint(tiny_checkpoint("bert"))


@pytest.fixture
def about_places(sentences: list[str]) -> tuple[list[str], np.ndarray]:
    """Return texts, and whether a word of a place occurs in each."""
    kind = [any(w in text for w in ("river", "bank", "station", "house")) for text in sentences]
    assert 10 < sum(kind) < len(kind) - 10
    return sentences, np.array(kind, np.float32)


@pytest.mark.slow
def test_the_demo_measures_every_method(minilm: str) -> None:
    if find_spec("scattertext") is None:
        pytest.skip("the package scattertext is not installed")
    demo = runpy.run_path(str(EXAMPLES / "demo.py"))
    assert demo["ENCODER"] == minilm
    measured = demo["measure"](labelled=60, unlabelled=100, test_texts=300, seeds=1)
    assert list(measured) == list(demo["ABOUT"])
    # Even 60 labels are enough for the encoder; the small networks are far smaller.
    assert measured["frozen encoder"].macro_f1[0] > 0.55
    assert measured["frozen encoder"].megabytes > 80
    for name in ("random start", "grafted", "distilled"):
        assert 0.1 < measured[name].megabytes < 30
        assert measured[name].milliseconds > 0
    table = demo["shown"](measured)
    assert [column.header for column in table.columns][:3] == ["method", "accuracy", "macro-F1"]
    assert table.row_count == len(measured)


def test_the_demo_s_verdict_is_what_the_figures_say() -> None:
    demo = runpy.run_path(str(EXAMPLES / "demo.py"))
    measured = {name: demo["Measured"]([0.5], [0.5], 1.0, 1.0) for name in demo["ABOUT"]}
    measured["distilled"] = demo["Measured"]([0.7], [0.7, 0.72], 0.5, 1.0)
    measured["frozen encoder"].milliseconds = 20.0
    assert demo["verdict"](measured) == (
        "The distilled network scores 21.0 points more than TF-IDF, and answers in 1/40 of the "
        "frozen encoder's time."
    )
    measured["TF-IDF"].macro_f1 = [0.75]
    assert "4.0 points less than TF-IDF" in demo["verdict"](measured)


@pytest.mark.slow
def test_the_demo_ends_with_a_comparison_and_its_page(minilm: str, tmp_path: Path) -> None:
    if find_spec("scattertext") is None:
        pytest.skip("the package scattertext is not installed")
    demo = runpy.run_path(str(EXAMPLES / "demo.py"))
    assert demo["ENCODER"] == minilm
    # Without `isolated`, which takes longer than the others.
    demo["report"].__globals__["COMPARED_METHODS"] = ("tfidf", "random", "composed")
    # So few texts that a budget is not needed.
    demo["report"].__globals__["COMPARED_TEXTS"] = 300
    page = demo["report"](tmp_path / "out", budget=None, test_texts=300)
    text = page.read_text("utf-8")
    assert page == tmp_path / "out" / "index.html"
    assert "Take " in text
    runs = [path.name for path in (tmp_path / "out" / "runs").glob("*.json")]
    assert len(runs) == 9 * len({name.split("-")[1] for name in runs})


@pytest.mark.keras
@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_sentiment_in_keras(
    example: Callable[[str], dict[str, Any]], bert: Checkpoint, sentences: list[str], pooling: str
) -> None:
    from wordgraft.grafts.keras import encoder

    inputs = encoder_inputs(bert, sentences, length=64)
    states = encoder(bert).predict(inputs, verbose=0)
    mask = inputs["attention_mask"][..., None]
    means = (states["sequence"] * mask).sum(axis=1) / mask.sum(axis=1)
    # Separable by a line in these vectors, and less so in those of the other pooling.
    values = (means if pooling == "mean" else states["cls"])[:, :4].sum(axis=1)
    kind = (values > np.median(values)).astype(np.float32)
    run = example("keras_sentiment")
    model = run["train"](bert, sentences * 4, np.tile(kind, 4), pooling, False)
    assert np.mean((model.predict(inputs, verbose=0)[:, 0] > 0.5) == kind) > 0.85


@pytest.mark.keras
@pytest.mark.slow
def test_sentiment_in_keras_trains_the_encoder(
    example: Callable[[str], dict[str, Any]],
    bert: Checkpoint,
    about_places: tuple[list[str], np.ndarray],
) -> None:
    from wordgraft.grafts.keras import encoder

    before = encoder(bert).get_weights()
    for full in (False, True):
        model = example("keras_sentiment")["train"](bert, *about_places, "mean", full)
        body = next(layer for layer in model.layers if layer.name == "encoder")
        pairs = zip(before, body.get_weights(), strict=True)
        assert any(not np.array_equal(old, new) for old, new in pairs) is full


@pytest.mark.keras
@pytest.mark.slow
def test_a_bilstm_in_keras(
    example: Callable[[str], dict[str, Any]],
    bert: Checkpoint,
    about_places: tuple[list[str], np.ndarray],
) -> None:
    texts, kind = about_places
    table = build_table(bert, Vocabulary.from_texts(texts, bert))
    train, length = example("keras_bilstm")["train"], 16
    train.__globals__["LENGTH"] = length  # a text here is no longer, and each place takes a step
    model = train(table, texts * 3, np.tile(kind, 3))
    scores = model.predict(padded_ids(table, texts, length=length), verbose=0)[:, 0]
    assert np.mean((scores > 0.5) == kind) > 0.9


@pytest.mark.slow
def test_named_entities_in_torch(
    example: Callable[[str], dict[str, Any]], bert: Checkpoint, sentences: list[str], tmp_path: Path
) -> None:
    names = dict.fromkeys(["river", "bank", "house", "station", "Berlin", "London"], "B-LOC")
    names |= dict.fromkeys(["Anna", "doctor", "farmer", "singer"], "B-PER") | {"Weber": "I-PER"}
    rows = [[(w, names.get(w, "O")) for w in text[:-1].split()] for text in sentences]
    blocks = ["\n".join(f"{word}\t{tag}" for word, tag in row) for row in rows]
    (tmp_path / "train.conll").write_text("\n\t\n".join(blocks) + "\n", "utf-8")
    run = example("torch_ner")
    read = run["read"](str(tmp_path / "train.conll"))
    assert read[-1] == ([w for w, _ in rows[-1]], [t for _, t in rows[-1]])
    test = [(["Anna", "works", "in", "Berlin"], ["B-PER", "O", "O", "B-LOC"])]
    assert run["entity_f1"](bert, read * 3, [*read, *test], epochs=100) > 0.9


@pytest.mark.slow
def test_full_fine_tuning_in_torch(
    example: Callable[[str], dict[str, Any]],
    bert: Checkpoint,
    about_places: tuple[list[str], np.ndarray],
) -> None:
    texts, kind = about_places
    run = example("finetune")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # transformers warns of a new head
        model = run["finetune"](bert, texts, kind.astype(np.int64), epochs=40, rate=3e-3)
    assert np.mean(run["predict"](model, bert, texts) == kind) > 0.9
