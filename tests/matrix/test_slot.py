"""The error for a layer that does not exist lists the nearest names."""

from __future__ import annotations

from wordgraft.matrix.slot import no_such_layer


def test_the_nearest_names_come_first() -> None:
    error = no_such_layer("encoder.embd", ["x", "encoder.embed"], "there is no such module")
    assert str(error) == (
        "the model has no embedding layer 'encoder.embd' (there is no such module); its embedding "
        "layers: 'encoder.embed'"
    )
