"""A BiLSTM in Keras on grafted rows, compared with the same network on random rows.

KERAS_BACKEND=tensorflow python examples/keras_bilstm.py [--texts 2000]
"""

from argparse import ArgumentParser
from collections.abc import Sequence

import keras
import numpy as np
from demo import ENCODER, TEST_TEXTS, film_snippets

import wordgraft as wg
from wordgraft.grafts import padded_ids
from wordgraft.grafts.keras import embedding
from wordgraft.sources.random import random_like

LENGTH = 64


def train(table: wg.EmbeddingTable, texts: Sequence[str], positive: np.ndarray) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((LENGTH,), dtype="int32"),
            embedding(table, trainable=True, mask_zero=True),
            keras.layers.Dropout(0.3),
            keras.layers.Bidirectional(keras.layers.LSTM(64)),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    stop = keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True)
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    ids = padded_ids(table, texts, length=LENGTH)
    model.fit(ids, positive, validation_split=0.2, epochs=20, callbacks=[stop], verbose=0)
    return model


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=2_000)
    size = parser.parse_args().texts
    (texts, labels), checkpoint = film_snippets(), wg.open_checkpoint(ENCODER)
    fresh = (labels == "fresh").astype(np.float32)
    test, chosen = slice(0, TEST_TEXTS), slice(TEST_TEXTS, TEST_TEXTS + size)
    table = wg.build_table(checkpoint, wg.Vocabulary.from_texts(texts[chosen], checkpoint))
    noise = random_like(table, rows=np.arange(len(table)), seed=0)
    for start, rows in (("grafted", table), ("random", noise)):
        model = train(rows, texts[chosen], fresh[chosen])
        scores = model.predict(padded_ids(rows, texts[test], length=LENGTH), verbose=0)[:, 0]
        accuracy = np.mean((scores > 0.5) == fresh[test])
        print(f"{keras.backend.backend()}, {start}: accuracy {accuracy:.3f}")
