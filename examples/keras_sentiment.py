"""The classic sentiment model in Keras: an encoder's [CLS] or mean vector and a sigmoid.

    KERAS_BACKEND=jax python examples/keras_sentiment.py [--pooling cls] [--full]

The encoder is frozen and reads each text only once; --full fine-tunes it.
"""

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from demo import ENCODER, TEST_TEXTS, film_snippets

import wordgraft as wg
from wordgraft.grafts import encoder_inputs
from wordgraft.grafts.keras import encoder

LENGTH = 64


def train(
    checkpoint: wg.Checkpoint, texts: Sequence[str], positive: np.ndarray, pooling: str, full: bool
) -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = encoder_inputs(checkpoint, texts, length=LENGTH)
    body = encoder(checkpoint, trainable=full)
    states, mask = body(body.input), body.input["attention_mask"]
    mean = keras.layers.GlobalAveragePooling1D()(states["sequence"], mask=mask)
    vector = states["cls"] if pooling == "cls" else mean
    head = keras.layers.Dense(1, activation="sigmoid", kernel_initializer="glorot_uniform")
    model = keras.Model(body.input, head(vector))
    if full:
        fit(model, inputs, positive, rate=1e-4, epochs=6)
    else:
        vectors = keras.Model(body.input, vector).predict(inputs, verbose=0)
        fit(keras.Sequential([head]), vectors, positive, rate=1e-2, epochs=200)
    return model


def fit(model: keras.Model, inputs: Any, positive: np.ndarray, rate: float, epochs: int) -> None:
    stop = keras.callbacks.EarlyStopping(patience=min(10, epochs // 3), restore_best_weights=True)
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy")
    model.fit(inputs, positive, validation_split=0.2, epochs=epochs, callbacks=[stop], verbose=0)


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--pooling", choices=("cls", "mean"), default="mean")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--texts", type=int, default=2_000)
    options = parser.parse_args()
    (texts, labels), checkpoint = film_snippets(), wg.open_checkpoint(ENCODER)
    fresh = (labels == "fresh").astype(np.float32)
    test, chosen = slice(0, TEST_TEXTS), slice(TEST_TEXTS, TEST_TEXTS + options.texts)
    model = train(checkpoint, texts[chosen], fresh[chosen], options.pooling, options.full)
    scores = model.predict(encoder_inputs(checkpoint, texts[test], length=LENGTH), verbose=0)
    print(f"{keras.backend.backend()}: accuracy {np.mean((scores[:, 0] > 0.5) == fresh[test]):.3f}")
