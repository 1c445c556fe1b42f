"""Optional libraries, and which extra installs each."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from wordgraft.errors import MissingExtraError

_EXTRA_OF = {
    "torch": "torch",
    "transformers": "torch",
    "accelerate": "train",
    "sklearn": "train",
    "ray": "ray",
    "zstandard": "zstd",
    "gensim": "gensim",
    "spacy": "spacy",
    "jinja2": "report",
    "markupsafe": "report",
    "vl_convert": "report",
    "umap": "umap",
    "peft": "finetune",
    "optuna": "finetune",
    "keras": "keras",
    "flax": "flax",
    "jax": "flax",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "altair": "report",
}


def require(module: str, *, purpose: str) -> Any:
    """Import `module`, or say which extra installs it.

    Raises `MissingExtraError` with the pip command if the library is not installed.
    """
    library = module.partition(".")[0]
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != library:
            raise  # the library is installed but broken: show its own error
        extra = _EXTRA_OF[library]
        raise MissingExtraError(
            f"{purpose} needs {library}, which is not installed: pip install 'wordgraft[{extra}]'"
        ) from error
