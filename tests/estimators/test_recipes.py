"""What `auto` stands for."""

from __future__ import annotations

from wordgraft.estimators.recipes import (
    BILSTM,
    CLASSIFY,
    ENCODER,
    SEQUENCES,
    TAG,
    EpochsByTexts,
    recipe_of,
)


def test_epochs_fall_with_the_number_of_texts() -> None:
    assert isinstance(ENCODER.epochs, EpochsByTexts)
    epochs = [ENCODER.epochs.of(texts) for texts in (10, 100, 500, 2_000, 9_543, 10**6)]
    assert epochs == [40, 40, 13, 5, 3, 3]


def test_each_kind_of_network_has_its_recipe() -> None:
    def of(network: str, **kind: bool) -> object:
        return recipe_of(network, **{"per_word": False, "fine_tuned": False, "pads": True, **kind})

    assert of("bag", pads=False) is CLASSIFY
    assert of("cnn") is SEQUENCES
    assert of("bilstm") is BILSTM
    assert of("bilstm", per_word=True) is TAG
    assert of("encoder", per_word=True, fine_tuned=True) is ENCODER
