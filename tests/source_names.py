"""Names in the package's source: where a class is defined, and who uses another file's private."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path


def find_classes(package: Path) -> dict[str, list[str]]:
    """For each class name in a package, the files that define it."""
    files = defaultdict(list)
    for file in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                files[node.name].append(str(file.relative_to(package)))
    return dict(files)


def find_private_uses(package: Path) -> list[str]:
    """The lines, as `file:line name`, that use a private name of another file of the package.

    Counts `from x import _y`, and `anything._y` when `_y` is defined in another file and not in
    this one. `self._y` and `cls._y` do not count: a class may use what it inherits.
    """
    trees = {
        file.relative_to(package): ast.parse(file.read_text("utf-8"))
        for file in sorted(package.rglob("*.py"))
    }
    defined = {file: set(_defined(tree)) for file, tree in trees.items()}
    uses = []
    for file, tree in trees.items():
        elsewhere = set().union(*(names for other, names in defined.items() if other != file))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                if (node.module or "").startswith(package.name) or node.level:
                    names = [name.name for name in node.names if _is_private(name.name)]
                    uses += [f"{file}:{node.lineno} {name}" for name in names]
            elif isinstance(node, ast.Attribute) and node.attr in elsewhere - defined[file]:
                owner = node.value.id if isinstance(node.value, ast.Name) else ""
                if owner not in ("self", "cls"):
                    uses.append(f"{file}:{node.lineno} {node.attr}")
    return uses


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_version"


def _defined(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        name = ""
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name = node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            name = node.attr
        if _is_private(name):
            yield name
