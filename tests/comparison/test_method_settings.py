"""Settings of methods: names alone, or all of them as one value."""

from __future__ import annotations

from wordgraft.comparison import MethodSettings


def test_names_alone_have_the_defaults_of_the_rest() -> None:
    assert MethodSettings.of(["tfidf"]) == MethodSettings(names=("tfidf",))
    assert MethodSettings.of(None).names is None
    settings = MethodSettings(network="cnn", trials=3)
    assert MethodSettings.of(settings) is settings


def test_the_default_network_depends_on_the_task() -> None:
    assert [MethodSettings().network_of(task) for task in ("classify", "tag")] == ["bag", "bilstm"]
    assert MethodSettings(network="cnn").network_of("tag") == "cnn"
