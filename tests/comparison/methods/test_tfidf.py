"""The baseline learns, and counts its parameters."""

from __future__ import annotations

from fake_methods import texts_of

from wordgraft.comparison.methods.tfidf import TfIdfMethod


def test_the_baseline_learns_what_texts_name() -> None:
    fitted = TfIdfMethod().fit(*texts_of(90), seed=0, trials=3)
    texts, labels = texts_of(50, seed=1)
    assert list(fitted.predictor.predict(texts)) == labels
    assert fitted.settings["C"] in (10.0, 1.0, 100.0)
    words_and_pairs = len(fitted.predictor[0].vocabulary_)  # type: ignore[index]
    assert fitted.parameters == 3 * words_and_pairs + 3
    assert fitted.size() > 8 * fitted.parameters


def test_a_text_of_signs_alone_is_not_empty() -> None:
    fitted = TfIdfMethod().fit(["!", "?"] * 5, ["up", "down"] * 5, seed=0, trials=1)
    assert list(fitted.predictor.predict(["?", "!"])) == ["down", "up"]
