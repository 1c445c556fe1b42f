"""Array annotations such as `Float32[ndarray, "words dims"]`, checked whenever the tests call.

`install` adds an import hook for wordgraft: every function and method whose annotations name an
array type of jaxtyping checks its arguments and its result, and a dimension has one size throughout
a call. Type checkers that evaluate all annotations, such as beartype, do not fit here: most names
in wordgraft's annotations exist only under `TYPE_CHECKING`, so that an import loads no framework.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import sys
import types
from collections.abc import Callable
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from typing import Any, Union, get_args, get_origin

import jaxtyping
import numpy as np

_ARRAY_TYPE = re.compile(r"\b(Bool|Float\d*|Int\d*|UInt\d*|Integer|Num|Real|Shaped)\[")


# A table that was read from a damaged file has a Provenance whose arrays do not fit; the table
# refuses it.
_UNCHECKED = {"Provenance.__init__"}


class ShapeError(AssertionError):
    """An argument or a result is not what its annotation says."""


def install(package: str = "wordgraft") -> None:
    """Check every module of `package` that is imported from now on."""
    sys.meta_path.insert(0, _Finder(package))


class _Finder(MetaPathFinder):
    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name.partition(".")[0] != self.package:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    def exec_module(self, module: types.ModuleType) -> None:
        super().exec_module(module)
        names = _deferred_names(self.get_source(module.__name__) or "")
        for name, value in list(vars(module).items()):
            if getattr(value, "__module__", None) != module.__name__:
                continue
            if isinstance(value, types.FunctionType):
                setattr(module, name, checked(value, names))
            elif isinstance(value, type):
                _check_methods(value, names)


def _deferred_names(source: str) -> dict[str, tuple[str, str]]:
    """The names that are imported under `TYPE_CHECKING`, each with its module and name there."""
    names = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for line in node.body:
                if isinstance(line, ast.ImportFrom) and line.module:
                    for alias in line.names:
                        names[alias.asname or alias.name] = (line.module, alias.name)
    return names


def _check_methods(owner: type, names: dict[str, tuple[str, str]]) -> None:
    for name, value in list(vars(owner).items()):
        if isinstance(value, types.FunctionType):
            setattr(owner, name, checked(value, names))
        elif isinstance(value, classmethod | staticmethod):
            setattr(owner, name, type(value)(checked(value.__func__, names)))
        elif isinstance(value, property) and value.fget is not None:
            fget = checked(value.fget, names)
            if fget is not value.fget:
                setattr(owner, name, property(fget, value.fset, value.fdel, value.__doc__))


def checked(
    function: Callable[..., Any], names: dict[str, tuple[str, str]] | None = None
) -> Callable[..., Any]:
    """The function with its array annotations checked; itself if it has none.

    Args:
        names: what annotations may name beside the globals of the function: a module and a name.
    """
    texts = {
        name: hint
        for name, hint in getattr(function, "__annotations__", {}).items()
        if isinstance(hint, str) and _ARRAY_TYPE.search(hint)
    }
    if not texts or function.__qualname__ in _UNCHECKED:
        return function
    positional = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    hints: dict[str, Any] = {}

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if not hints:
            hints.update(_evaluated(function, texts, names or {}))
        values = {
            name: value
            for name, value in (*zip(positional, args, strict=False), *kwargs.items())
            if name in hints
        }
        wrong = _misfit(values, hints)
        try:
            result = function(*args, **kwargs)
        except ShapeError:
            if wrong is not None:
                raise ShapeError(_message(function, wrong, values, texts)) from None
            raise
        # Only now, since the function itself may refuse the argument.
        if wrong is None and "return" in hints:
            values["return"] = result
            wrong = _misfit(values, hints)
        if wrong is not None:
            raise ShapeError(_message(function, wrong, values, texts))
        return result

    return wrapper


def _misfit(values: dict[str, Any], hints: dict[str, Any]) -> str | None:
    """The first name whose value does not fit its annotation, nor the sizes of those before."""
    with jaxtyping.jaxtyped("context"):
        return next((name for name in values if not _fits(values[name], hints[name])), None)


def _evaluated(
    function: types.FunctionType, texts: dict[str, str], names: dict[str, tuple[str, str]]
) -> dict[str, Any]:
    known = dict(vars(jaxtyping)) | {"ndarray": np.ndarray} | function.__globals__
    for name, (module, attribute) in names.items():
        # A name of another framework means nothing before that is loaded.
        if name not in known and module in sys.modules:
            known[name] = getattr(sys.modules[module], attribute, Any)
    hints = {}
    for name, text in texts.items():
        try:
            hints[name] = eval(text, known)
        except NameError:
            hints[name] = Any
    return hints


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is what an annotation says of arrays; anything else fits."""
    if isinstance(hint, type) and issubclass(hint, jaxtyping.AbstractArray):
        # A reduction of NumPy over all axes gives a scalar, which counts as an array without axes.
        array = np.asarray(value) if isinstance(value, np.generic) else value
        try:
            return isinstance(array, hint)
        except jaxtyping.AnnotationError:  # a size like "2+top", of which no array has "top"
            return True
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _fits_one(value, parts)
    if origin is tuple and isinstance(value, tuple) and Ellipsis not in parts:
        return len(value) == len(parts) and all(map(_fits, value, parts))
    return True


def _fits_one(value: Any, parts: tuple[Any, ...]) -> bool:
    arrays = [
        part
        for part in parts
        if isinstance(part, type) and issubclass(part, jaxtyping.AbstractArray)
    ]
    if isinstance(value, np.ndarray) and arrays and np.ndarray not in parts:
        return any(isinstance(value, part) for part in arrays)
    return True


def _message(
    function: Callable[..., Any], name: str, values: dict[str, Any], texts: dict[str, str]
) -> str:
    found = _described(values[name])
    return f"{function.__qualname__}: {name} is {found}, expected {texts[name]}"


def _described(value: Any) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_described, value))})"
    if hasattr(value, "shape"):
        return f"{type(value).__name__} of {value.dtype} {tuple(value.shape)}"
    return type(value).__name__
