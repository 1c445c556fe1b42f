"""Optional libraries, and which extra installs each."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from wordgraft.errors import MissingExtraError

EXTRA_OF = {
    "accelerate": "train",
    "altair": "report",
    "datasets": "data",
    "flax": "flax",
    "gensim": "gensim",
    "jax": "flax",
    "jinja2": "report",
    "keras": "keras",
    "loky": "train",
    "markupsafe": "report",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "optuna": "finetune",
    "peft": "finetune",
    "platformdirs": "torch",
    "pyarrow": "data",
    "rapidfuzz": "torch",
    "ray": "ray",
    "rich": "cli",
    "sklearn": "train",
    "spacy": "spacy",
    "torch": "torch",
    "transformers": "torch",
    "typer": "cli",
    "umap": "umap",
    "vl_convert": "report",
    "xxhash": "torch",
    "zstandard": "zstd",
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
        extra = EXTRA_OF[library]
        raise MissingExtraError(
            f"{purpose} needs {library}, which is not installed: pip install 'wordgraft[{extra}]'"
        ) from error
