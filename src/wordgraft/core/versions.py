"""Versions of the libraries that can change a result, for the records of tables and runs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

LIBRARIES = (
    "wordgraft",
    "numpy",
    "tokenizers",
    "torch",
    "transformers",
    "accelerate",
    "scikit-learn",
)


def library_versions() -> dict[str, str]:
    """The version of each of `LIBRARIES` that is installed."""
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:  # most of them are optional
            continue
    return versions
