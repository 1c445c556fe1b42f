"""Which library versions a record holds."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import numpy as np
import pytest

import wordgraft as wg
from wordgraft.core import versions


def test_installed_libraries_only(monkeypatch: pytest.MonkeyPatch) -> None:
    real = versions.version

    def without_torch(library: str) -> str:
        if library == "torch":
            raise PackageNotFoundError(library)
        return real(library)

    monkeypatch.setattr(versions, "version", without_torch)
    found = versions.library_versions()
    assert found["wordgraft"] == wg.__version__
    assert found["numpy"] == np.__version__
    assert "torch" not in found
