"""The shape of the package: what an import costs, what is public, and who may import whom."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import wordgraft
from wordgraft import errors

SOURCE = Path(wordgraft.__file__).parent
# From left to right, as data flows; `build` puts the first seven together.
ORDER = [
    *("errors", "core", "data", "checkpoint", "vocabulary", "table", "sources", "oov"),
    *("build", "features", "grafts", "networks", "metrics", "training", "estimators"),
    *("export", "comparison", "reports", "cli"),
]
HEAVY = ("torch", "transformers", "keras", "jax", "tensorflow", "datasets", "sklearn", "scipy")


def test_importing_brings_in_nothing_heavy() -> None:
    code = f"import sys, wordgraft; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_reading_texts_brings_in_neither_torch_nor_arrow() -> None:
    """A service that takes means of rows should not pay for what trains or reads corpora."""
    code = "import sys, wordgraft.grafts.mean_vectors; print({'torch', 'pyarrow'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_public_names_are_sorted_and_there() -> None:
    assert wordgraft.__all__ == sorted(wordgraft.__all__)
    for name in wordgraft.__all__:
        assert getattr(wordgraft, name) is not None


def test_every_folder_imports_only_from_its_left() -> None:
    wrong = []
    for file in SOURCE.rglob("*.py"):
        own = file.relative_to(SOURCE).parts[0].removesuffix(".py")
        if own in ("__init__", "__main__"):
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            modules = []
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            elif isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            for module in modules:
                match = re.fullmatch(r"wordgraft\.(\w+).*", module)
                if match and ORDER.index(match[1]) > ORDER.index(own):
                    wrong.append(f"{file.relative_to(SOURCE)} imports {module}")
    assert wrong == []


def test_the_error_tree_is_drawn_whole() -> None:
    drawn = set(re.findall(r"\w+Error", errors.__doc__ or "")) - {"ValueError", "ImportError"}
    assert drawn == {name for name in vars(errors) if name.endswith("Error")}
    for name in drawn:
        assert issubclass(getattr(errors, name), errors.WordgraftError)
