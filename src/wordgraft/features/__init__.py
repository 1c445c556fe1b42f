"""The frozen encoder's vectors of words in their sentences, computed once and kept."""

from wordgraft.features.compute import Features, feature_encoder, features_of
from wordgraft.features.recipe import POOLINGS, FeatureRecipe
from wordgraft.features.store import CacheEntry, FeatureStore, cache_folder, clear, entries, prune

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
