"""Which file of the package imports which, read from the source without importing anything."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TypeGuard

Graph = dict[str, set[str]]


def read_modules(package: Path) -> dict[str, Path]:
    """Every module of a package, by its dotted name. A folder's `__init__` has the folder's name.

    Args:
        package: the folder of the package; its name is the package's.
    """
    modules = {}
    for file in sorted(package.rglob("*.py")):
        parts = [package.name, *file.relative_to(package).with_suffix("").parts]
        if parts[-1] == "__init__":
            parts.pop()
        modules[".".join(parts)] = file
    return modules


def read_imports(package: Path) -> Graph:
    """For each module of a package, the modules of the same package that it imports.

    Reads `import a.b`, `from a import b` (the submodule `a.b` if there is one, otherwise `a`),
    relative imports, and strings that name a module, f-strings and tables of names included.
    An import counts wherever it stands: inside a function and under `TYPE_CHECKING` too. Importing
    `a.b` counts as importing the file of `a.b`, not that of `a`.
    """
    modules = read_modules(package)
    return {
        name: _imports_of(file, name, modules, file.name == "__init__.py")
        for name, file in modules.items()
    }


def find_circles(graph: Mapping[str, Collection[str]]) -> list[list[str]]:
    """The groups of modules that import each other, directly or through others (Tarjan 1972).

    Each group is sorted, and so are the groups. A module that imports itself is a group of one.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for target in graph[module]:
            if target not in index:
                visit(target)
                low[module] = min(low[module], low[target])
            elif target in stack:
                low[module] = min(low[module], index[target])
        if low[module] == index[module]:
            at = stack.index(module)
            group = sorted(stack[at:])
            del stack[at:]
            if len(group) > 1 or module in graph[module]:
                groups.append(group)

    for module in sorted(graph):
        if module not in index:
            visit(module)
    return sorted(groups)


def _imports_of(file: Path, name: str, modules: Mapping[str, Path], is_folder: bool) -> set[str]:
    root = name.partition(".")[0]
    folder = name if is_folder else name.rpartition(".")[0]
    imported: set[str] = set()
    nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
    # A logger's name looks like a module's, and imports nothing.
    loggers = {id(call.args[0]) for call in nodes if _calls(call, "getLogger") and call.args}
    for node in nodes:
        if id(node) in loggers:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                imported |= _longest(alias.name, root, modules)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute("." * node.level + (node.module or ""), folder)
            for alias in node.names:
                submodule = f"{source}.{alias.name}"
                if submodule in modules:
                    imported.add(submodule)
                else:
                    imported |= _longest(source, root, modules)
        elif _calls(node, "import_module", "__import__") and node.args:
            imported |= set(_matching(_pattern(node.args[0]), folder, modules))
        elif isinstance(node, ast.Constant | ast.JoinedStr):
            pattern = _pattern(node)
            if pattern is not None and pattern.startswith(re.escape(f"{root}.")):
                imported |= set(_matching(pattern, folder, modules))
    return imported


def _calls(node: ast.AST, *functions: str) -> TypeGuard[ast.Call]:
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name in functions


def _absolute(name: str, folder: str) -> str:
    relative = name.lstrip(".")
    dots = len(name) - len(relative)
    if not dots:
        return name
    parts = folder.split(".")
    return ".".join(parts[: len(parts) - dots + 1] + ([relative] if relative else []))


def _longest(name: str, root: str, modules: Mapping[str, Path]) -> set[str]:
    if name.partition(".")[0] != root:
        return set()
    while name not in modules:
        name = name.rpartition(".")[0]
    return {name}


def _pattern(node: ast.expr) -> str | None:
    """A string or f-string as a regular expression; each field matches any dotted name."""
    if isinstance(node, ast.Constant):
        return re.escape(node.value) if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = (_pattern(part) for part in node.values)
        return "".join(r"[\w.]+" if part is None else part for part in parts)
    return None


def _matching(pattern: str | None, folder: str, modules: Mapping[str, Path]) -> Iterator[str]:
    if pattern is None:
        return
    dots = re.match(r"(?:\\\.)+", pattern)
    if dots:
        levels = dots.end() // 2
        pattern = re.escape(_absolute("." * levels, folder) + ".") + pattern[dots.end() :]
    for name in modules:
        # A table may name what it loads too: "a.b:function".
        if re.fullmatch(rf"(?:{pattern})", name) or pattern.startswith(f"{re.escape(name)}:"):
            yield name
