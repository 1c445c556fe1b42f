"""Python in a new process where only the libraries of `wordgraft[onnx]` can be imported."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from processes import finished

# What the full environment has and the extra does not bring.
BARRED = (
    *("torch", "transformers", "sklearn", "scipy", "pandas", "datasets", "pyarrow", "accelerate"),
    *("joblib", "loky", "rapidfuzz", "xxhash", "platformdirs", "zstandard", "jinja2"),
)
_BAR = f"""
import sys
from importlib.abc import MetaPathFinder

class Bar(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {BARRED}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Bar())
"""


def run_bare(code: str, *arguments: Any) -> subprocess.CompletedProcess[str]:
    """Run `code`, with `arguments` in `sys.argv[1:]`."""
    return finished([sys.executable, "-c", _BAR + code, *arguments])
