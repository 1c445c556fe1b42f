"""The methods that are compared. To add one, write an entry in `METHODS`.

Every method gets the same texts and the same number of trials: settings that it may try on a part
of its own sample, of which the best is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wordgraft.comparison.method_settings import MethodSettings
from wordgraft.comparison.methods.network import NetworkMethod
from wordgraft.comparison.methods.protocol import Method, MethodSpec
from wordgraft.comparison.methods.tfidf import TfIdfMethod
from wordgraft.comparison.table_cache import FEATURES, TableCache
from wordgraft.errors import TrainingError
from wordgraft.estimators.first_layers import Encoder, FrozenEncoder, TableRows

# Settings in the order in which they are tried; the first are the defaults.
_ROWS_TRIALS: tuple[Mapping[str, Any], ...] = (
    {},
    {"first_layer__trainable": False},
    {"dropout": 0.5},
    {"hidden": 512, "dropout": 0.5},
)
_RANDOM_TRIALS: tuple[Mapping[str, Any], ...] = (
    {},
    {"training__rows_rate": 3e-3},
    {"dropout": 0.5},
    {"hidden": 512, "dropout": 0.5},
)
_ENCODER_TRIALS: tuple[Mapping[str, Any], ...] = (
    {},
    {"first_layer__regularizer": "layer_decay:0.9"},
)
_TAG_TRIALS: tuple[Mapping[str, Any], ...] = ({}, {"letters": True}, {"dropout": 0.3})


def _rows(source: str, start: str = "table") -> Callable[[TableCache], Method]:
    def make(tables: TableCache) -> Method:
        # Random rows need only words and a width.
        source_name = "vectors" if start == "random" and tables.checkpoint is None else source
        layer = TableRows(tables.table(source_name), start=start)
        if tables.task == "tag":
            # Random rows must be trained; for grafted ones the tagger's default is better.
            trials = _TAG_TRIALS
            if start == "random":
                layer.trainable = True
        else:
            trials = _ROWS_TRIALS if start == "table" else _RANDOM_TRIALS
        return NetworkMethod(tables.task, layer, tables.network, trials)

    return make


def _features(tables: TableCache) -> Method:
    tags = tables.task == "tag"
    cache = tables.features("words" if tags else "text")
    layer = FrozenEncoder(tables.opened(), cache=cache)
    if tags:
        return NetworkMethod(tables.task, layer, tables.network, _TAG_TRIALS)
    return NetworkMethod(tables.task, layer, "auto", ({},))


def _fine_tuned(regime: str) -> Callable[[TableCache], Method]:
    def make(tables: TableCache) -> Method:
        layer = Encoder(tables.opened(), regime=regime)
        return NetworkMethod(
            tables.task, layer, "auto", _ENCODER_TRIALS, forgetting=tables.forgetting()
        )

    return make


_ENCODER = frozenset({"checkpoint"})
_NETWORK, _PAIRS = frozenset({"network"}), frozenset({"pairs"})
METHODS: dict[str, MethodSpec] = {
    spec.name: spec
    for spec in (
        MethodSpec(
            "tfidf",
            "TF-IDF of words and word pairs with a logistic regression",
            frozenset(),
            lambda _: TfIdfMethod(),
            tasks=frozenset({"classify"}),
        ),
        MethodSpec(
            "random",
            "the same network with randomly drawn rows",
            frozenset({"checkpoint or vectors"}),
            _rows("lookup", start="random"),
            takes=_NETWORK | {"vectors"},
            table="lookup",
        ),
        MethodSpec(
            "lookup",
            "word-embedding rows of one-piece words; other words by their pieces",
            _ENCODER,
            _rows("lookup"),
            takes=_NETWORK,
            table="lookup",
            default=False,
        ),
        MethodSpec(
            "composed",
            "the mean of each word's word-embedding rows",
            _ENCODER,
            _rows("composed"),
            takes=_NETWORK,
            table="composed",
        ),
        MethodSpec(
            "isolated",
            "each word alone through the encoder",
            _ENCODER,
            _rows("isolated"),
            takes=_NETWORK,
            table="isolated",
        ),
        MethodSpec(
            "contextual",
            "the mean of each word over the places where the training texts use it",
            _ENCODER,
            _rows("contextual"),
            takes=_NETWORK | {"corpus"},
            table="contextual",
        ),
        MethodSpec(
            "features",
            "the frozen encoder's vectors of the texts themselves with a small head",
            _ENCODER,
            _features,
            takes=_NETWORK,
            table=FEATURES,
        ),
        MethodSpec(
            "vectors",
            "word vectors from a file of another tool",
            frozenset({"vectors"}),
            _rows("vectors"),
            takes=_NETWORK | {"vectors"},
            table="vectors",
        ),
        MethodSpec(
            "lp-ft",
            "the encoder fine-tuned after its head",
            _ENCODER,
            _fine_tuned("lp-ft"),
            takes=_PAIRS,
        ),
        MethodSpec(
            "full",
            "the whole encoder fine-tuned at once",
            _ENCODER,
            _fine_tuned("full"),
            takes=_PAIRS,
        ),
    )
}


def chosen_methods(
    names: Sequence[str] | None, tables: TableCache
) -> tuple[tuple[MethodSpec, ...], tuple[str, ...]]:
    """The methods to run, and notes on those left out.

    By default all that the task and the given files allow. Raises `TrainingError` for a method
    that is unknown, or was named and cannot run.
    """
    unknown = [name for name in names or () if name not in METHODS]
    if unknown:
        raise TrainingError(
            f"there is no method {', '.join(unknown)}; expected one of {', '.join(METHODS)}"
        )
    available = {
        name
        for name, value in (
            ("checkpoint", tables.checkpoint),
            ("vectors", tables.vectors),
            ("checkpoint or vectors", tables.checkpoint or tables.vectors),
        )
        if value is not None
    }
    chosen, notes = [], []
    for spec in (METHODS[name] for name in names) if names else METHODS.values():
        if not names and not spec.default:
            continue
        lacking = sorted(spec.needs - available)
        if tables.task not in spec.tasks:
            reason = f"it cannot do the task {tables.task!r}"
        elif lacking:
            arguments = (f"{name}=...".replace(" or ", "=... or ") for name in lacking)
            reason = f"it needs {' and '.join(arguments)}"
        else:
            chosen.append(spec)
            continue
        if names:
            raise TrainingError(f"the method {spec.name!r} cannot run: {reason}")
        if lacking != ["vectors"]:
            notes.append(f"the method {spec.name} was left out: {reason}")
    if not chosen:
        raise TrainingError("no method can run; give checkpoint=... or vectors=...")
    return tuple(chosen), tuple(notes)


def refuse_unused(settings: MethodSettings, specs: Sequence[MethodSpec]) -> None:
    """Raise `TrainingError` for a setting that changes none of these methods."""
    taken = {name for spec in specs for name in spec.takes}
    known = {name for spec in METHODS.values() for name in spec.takes}
    for name in sorted(known - taken):
        if getattr(settings, name):
            users = ", ".join(spec.name for spec in METHODS.values() if name in spec.takes)
            raise TrainingError(
                f"{name} has no effect on {', '.join(spec.name for spec in specs)}, only on "
                f"{users}: leave out {name}=..., or add one of these methods"
            )


@dataclass(eq=False)
class MadeMethods:
    """Makes methods when they are first needed; one may take as long as its table takes."""

    specs: Mapping[str, MethodSpec]
    tables: TableCache
    _made: dict[str, Method] = field(default_factory=dict)

    def get(self, name: str) -> Method:
        """The method of a name."""
        if name not in self._made:
            self._made[name] = self.specs[name].make(self.tables)
        return self._made[name]

    def preparation(self, name: str) -> float:
        """Seconds that the method's table took; 0 without a table."""
        table = self.specs[name].table
        return self.tables.seconds.get(table, 0.0) if table else 0.0
