"""The encoder as a Keras model gives the states that transformers gives."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from processes import finished

from wordgraft import open_checkpoint
from wordgraft.errors import CheckpointError
from wordgraft.grafts import encoder_inputs

pytestmark = pytest.mark.keras
KINDS = ["bert", "bert_legacy", "bert_sharded", "distilbert", "electra", "roberta", "xlm_roberta"]


def reference(folder: str | Path, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The states of every layer by transformers, in PyTorch."""
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    model = transformers.AutoModel.from_pretrained(folder).eval()
    tensors = {name: torch.from_numpy(values).long() for name, values in inputs.items()}
    with torch.inference_mode():
        found = model(**tensors, output_hidden_states=True).hidden_states
    return [states.numpy() for states in found]


def states_of(model: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.asarray(value) for name, value in model.predict(inputs, verbose=0).items()}


@pytest.mark.parametrize("kind", KINDS)
def test_states_are_those_of_transformers(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], kind: str
) -> None:
    from wordgraft.grafts.keras import encoder

    checkpoint = open_checkpoint(tiny_checkpoint(kind))
    inputs = encoder_inputs(checkpoint, sentences[:12])
    words = inputs["attention_mask"] == 1
    assert not words.all()
    expected = reference(checkpoint.folder, inputs)
    found = states_of(encoder(checkpoint), inputs)
    assert_allclose(found["sequence"][words], expected[-1][words], atol=1e-4)
    assert_allclose(found["cls"], expected[-1][:, 0], atol=1e-4)
    found = states_of(encoder(checkpoint, layers=[0, 2]), inputs)
    assert_allclose(
        found["sequence"][words], np.concatenate([expected[0], expected[2]], -1)[words], atol=1e-4
    )


def test_minilm_and_the_other_gelu(minilm: str, sentences: list[str]) -> None:
    from wordgraft.grafts.keras import encoder

    checkpoint = open_checkpoint(minilm)
    inputs = encoder_inputs(checkpoint, sentences[:8])
    words = inputs["attention_mask"] == 1
    expected = reference(checkpoint.folder, inputs)[-1]
    found = states_of(encoder(checkpoint), inputs)["sequence"]
    assert_allclose(found[words], expected[words], atol=1e-4)
    # What keras-hub's BERT computes, whatever the configuration says.
    checkpoint.config["hidden_act"] = "gelu_pytorch_tanh"
    off = np.abs(states_of(encoder(checkpoint), inputs)["sequence"] - expected)[words].max()
    assert 0.001 < off < 0.01


def test_only_what_is_trainable_learns(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str]
) -> None:
    import keras

    from wordgraft.grafts.keras import encoder

    checkpoint = open_checkpoint(tiny_checkpoint("bert"))
    inputs = encoder_inputs(checkpoint, sentences[:8])
    targets = np.arange(8) % 2
    for trainable in (False, True):
        keras.utils.set_random_seed(0)
        body = encoder(checkpoint, layers=[1], trainable=trainable)
        # A frozen encoder drops nothing, also when called as in training.
        again = [
            np.asarray(keras.ops.convert_to_numpy(body(inputs, training=True)["cls"])) for _ in "ab"
        ]
        assert np.array_equal(*again) is not trainable
        output = keras.layers.Dense(1, "sigmoid")(body(body.input)["cls"])
        network = keras.Model(body.input, output)
        network.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
        before = [np.asarray(w) for w in body.get_weights()]
        network.fit(inputs, targets, epochs=2, verbose=0)
        changed = [
            not np.array_equal(a, b) for a, b in zip(before, body.get_weights(), strict=True)
        ]
        assert all(changed[: len(body.trainable_weights)]) if trainable else not any(changed)


def test_a_saved_encoder_needs_no_wordgraft(
    tiny_checkpoint: Callable[[str], Path], sentences: list[str], tmp_path: Path
) -> None:
    import keras

    from wordgraft.grafts.keras import encoder

    checkpoint = open_checkpoint(tiny_checkpoint("roberta"))
    inputs = encoder_inputs(checkpoint, sentences[:4])
    model = encoder(checkpoint)
    expected = states_of(model, inputs)["sequence"]
    model.save(tmp_path / "encoder.keras")
    np.savez(tmp_path / "inputs.npz", **inputs)
    code = (
        "import sys; sys.modules['wordgraft'] = None\n"
        "import keras, numpy as np\n"
        f"m = keras.saving.load_model({str(tmp_path / 'encoder.keras')!r})\n"
        f"found = m.predict(dict(np.load({str(tmp_path / 'inputs.npz')!r})), verbose=0)\n"
        f"np.save({str(tmp_path / 'found.npy')!r}, found['sequence'])\n"
    )
    environment = os.environ | {"KERAS_BACKEND": keras.backend.backend()}
    done = finished([sys.executable, "-c", code], env=environment)
    assert done.returncode == 0, done.stderr
    assert_allclose(np.load(tmp_path / "found.npy"), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("albert", {}, "model_type 'albert'; the Keras encoder supports bert"),
        ("bert", {"hidden_act": "swish"}, "activation 'swish'"),
        ("bert", {"position_embedding_type": "relative_key"}, "'relative_key' positions"),
    ],
)
def test_what_cannot_be_made_is_refused(
    tiny_checkpoint: Callable[[str], Path], kind: str, change: dict[str, str], said: str
) -> None:
    from wordgraft.grafts.keras import encoder

    checkpoint = open_checkpoint(tiny_checkpoint(kind))
    checkpoint.config.update(change)
    with pytest.raises(CheckpointError, match=said):
        encoder(checkpoint)


def test_a_layer_there_is_not(tiny_checkpoint: Callable[[str], Path]) -> None:
    from wordgraft.grafts.keras import encoder

    with pytest.raises(CheckpointError, match=r"has layers 0 to 3; asked for \[4\]"):
        encoder(str(tiny_checkpoint("bert")), layers=[4])
