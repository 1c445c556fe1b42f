"""What a method is, and how it is described."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wordgraft.comparison.table_cache import TableCache


class Predictor(Protocol):
    """A fitted method."""

    def predict(self, texts: Sequence[Any]) -> Sequence[Any]:
        """A label for each text."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The result of a fit.

    Attributes:
        predictor: the model.
        fresh: the model without its cache of texts, for measuring times; None if it has no cache.
        parameters: number of trainable parameters.
        size: measures the bytes of the saved model.
        settings: those of the best trial.
        training: the record of the training loop, if there was one.
    """

    predictor: Predictor
    parameters: int
    size: Callable[[], int]
    settings: Mapping[str, Any]
    training: Mapping[str, Any] | None = None
    fresh: Predictor | None = None


class Method(Protocol):
    """Makes a model from labelled texts."""

    def fit(self, texts: Sequence[Any], labels: Sequence[Any], *, seed: int, trials: int) -> Fitted:
        """Train on these texts alone, trying at most `trials` settings."""


@dataclass(frozen=True)
class MethodSpec:
    """A method by name, with what it needs.

    Attributes:
        name: by which it is chosen and shown.
        about: what it does, for the page.
        needs: `checkpoint`, `vectors` or both; without them, the method is left out.
        make: makes the method; this may take as long as its table takes.
        takes: the fields of `MethodSettings` that change it, beside `trials`.
        table: the source of its table, None without one.
        tasks: the tasks that it can do.
        default: whether it runs if no methods are named.
    """

    name: str
    about: str
    needs: frozenset[str]
    make: Callable[[TableCache], Method]
    takes: frozenset[str] = frozenset()
    table: str | None = None
    tasks: frozenset[str] = frozenset({"classify", "tag"})
    default: bool = True
