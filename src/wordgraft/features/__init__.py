"""The frozen encoder's vectors of words in their sentences, computed once and cached on disk."""

from wordgraft.features.cache import CacheEntry, cache_folder, clear, entries, prune
from wordgraft.features.compute import Features, feature_encoder, features_of
from wordgraft.features.recipe import POOLINGS, FeatureRecipe
from wordgraft.features.store import FeatureStore

__all__ = [
    "POOLINGS",
    "CacheEntry",
    "FeatureRecipe",
    "FeatureStore",
    "Features",
    "cache_folder",
    "clear",
    "entries",
    "feature_encoder",
    "features_of",
    "prune",
]
