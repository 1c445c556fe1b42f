"""The methods that are compared. To add one, write an entry in `registry.METHODS`."""

from wordgraft.comparison.methods.protocol import Fitted, Method, MethodSpec, Predictor
from wordgraft.comparison.methods.registry import (
    METHODS,
    MadeMethods,
    chosen_methods,
    refuse_unused,
)

__all__ = [
    "METHODS",
    "Fitted",
    "MadeMethods",
    "Method",
    "MethodSpec",
    "Predictor",
    "chosen_methods",
    "refuse_unused",
]
