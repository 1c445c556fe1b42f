"""Texts as lists of words, and the frozen vectors of one of them."""

from __future__ import annotations

import numpy as np

from wordgraft.features import Features

TEXTS = [["The", "sun", "is", "warm", "."], ["unbelievably", "cold"], [], ["rain"]]


def vectors_of(features: Features, text: int) -> np.ndarray:
    places = features.places
    return features.stored[places.ids[places.offsets[text] : places.offsets[text + 1]]]
