"""Keras itself, or an error that says what to install."""

from __future__ import annotations

from typing import Any

from wordgraft.core.optional import require
from wordgraft.errors import MissingExtraError


def _keras() -> Any:
    try:
        return require("keras", purpose="grafting onto Keras")
    except ModuleNotFoundError as error:
        # Keras is installed, but the framework that it is set to run on is not.
        missing = (error.name or "").partition(".")[0]
        if missing not in ("tensorflow", "jax", "torch"):
            raise
        raise MissingExtraError(
            f"Keras is set to run on {missing}, which is not installed: pip install "
            f"{missing}, or set KERAS_BACKEND to one that is: tensorflow, jax or torch"
        ) from error


keras = _keras()
