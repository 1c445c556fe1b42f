"""Keras itself, or what to install to have it."""

from __future__ import annotations

from typing import Any

from wordgraft.core.optional import require
from wordgraft.errors import MissingExtraError


def _keras() -> Any:
    try:
        return require("keras", purpose="grafting onto Keras")
    except ModuleNotFoundError as error:
        # Keras is there, and the framework that it is set to run on is not.
        missing = (error.name or "").partition(".")[0]
        if missing not in ("tensorflow", "jax", "torch"):
            raise
        raise MissingExtraError(
            f"Keras is set to run on {missing}, which is not installed: pip install "
            f"{missing}, or set KERAS_BACKEND to tensorflow, jax or torch, whichever is there"
        ) from error


keras = _keras()
