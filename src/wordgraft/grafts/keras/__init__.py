"""A table, or a whole encoder, as the first layers of a Keras 3 network.

They run on TensorFlow, JAX or PyTorch, whichever KERAS_BACKEND or `keras.json` sets.

    layer = wordgraft.grafts.keras.embedding(table, trainable=False)
    hidden = layer(wordgraft.grafts.padded_ids(table, texts))  # (texts, length, dims)

    encoder = wordgraft.grafts.keras.encoder(checkpoint, trainable=True)
    hidden = encoder(wordgraft.grafts.encoder_inputs(checkpoint, texts))["sequence"]
"""

from wordgraft.grafts.keras.embedding import Embedding, embedding, write_back
from wordgraft.grafts.keras.encoder import encoder

__all__ = ["Embedding", "embedding", "encoder", "write_back"]
