"""`Params`: values whose fields scikit-learn reads and sets by name."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any, Self

from wordgraft.errors import SettingsError


class Params:
    """A dataclass with scikit-learn's `get_params` and `set_params`.

    `sklearn.base.clone` copies it, and `GridSearchCV` reaches its fields through the estimator that
    holds it, as in `training__epochs`.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Settings(Params):
    ...     epochs: int = 3
    >>> Settings().set_params(epochs=5).get_params()
    {'epochs': 5}
    """

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The fields by name. `deep` is scikit-learn's; fields have no parameters of their own."""
        del deep
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    def set_params(self, **params: Any) -> Self:
        """Set fields by name. Raises `SettingsError` (also a `ValueError`) for an unknown name."""
        known = self.get_params()
        unknown = [name for name in params if name not in known]
        if unknown:
            raise SettingsError(
                f"{type(self).__name__} has no parameter {', '.join(unknown)}; it has "
                f"{', '.join(known)}"
            )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def given(self) -> list[str]:
        """The names of the fields that differ from their defaults."""
        names = []
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            default = field.default
            if default is MISSING or not (value is default or is_equal(value, default)):
                names.append(field.name)
        return names


def is_equal(value: Any, default: Any) -> bool:
    """Whether a value is of the same type as a default and equal to it.

    Arrays and other objects whose comparison gives no single answer are never equal to it.
    """
    return isinstance(value, type(default)) and bool(value == default)
