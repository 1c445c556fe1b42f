"""Arms: the ways that are compared. To add one: one entry in `ARMS`.

Every arm gets the same texts and the same number of trials: settings that it may try on a part of
its own sample, of which the best is kept.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from wordgraft.comparison.scoring import JUDGES
from wordgraft.comparison.splits import spread_out
from wordgraft.comparison.table_cache import FEATURES, Materials
from wordgraft.core.optional import require
from wordgraft.errors import TrainingError
from wordgraft.estimators.first_layers import (
    Encoder,
    FeatureLayer,
    FirstLayer,
    FrozenEncoder,
    TableRows,
)

# A fifth of its sample is what an arm chooses its settings on.
_TRIAL_SHARE = 5
# Of so many texts, larger steps: macro-F1 of 8,543 tweets on 1,000 held-out ones was 0.722 as
# before (0.722) from composed rows and 0.704 (0.717) from random ones, in a third of the time.
_LARGE = 4_000
_LARGE_PACE: Mapping[str, Any] = {
    "training__batch_size": 128,
    "training__rows_rate": 2e-3,
    "training__head_rate": 2e-3,
}
_ESTIMATORS = {"classify": "TextClassifier", "tag": "SequenceTagger"}


class Predictor(Protocol):
    """A fitted arm."""

    def predict(self, texts: Sequence[Any]) -> Sequence[Any]:
        """A label a text."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """What came of a fit.

    Attributes:
        predictor: the model.
        fresh: the model without what it remembers of texts it has read, for figures of time; None
            where it remembers nothing.
        parameters: numbers that could learn.
        size: bytes of the saved model, measured when asked.
        settings: those of the trial that was kept.
        training: the loop's own record, where there was a loop.
    """

    predictor: Predictor
    parameters: int
    size: Callable[[], int]
    settings: Mapping[str, Any]
    training: Mapping[str, Any] | None = None
    fresh: Predictor | None = None


class Arm(Protocol):
    """One way from labelled texts to a model."""

    def fit(self, texts: Sequence[Any], labels: Sequence[Any], *, seed: int, trials: int) -> Fitted:
        """Train on these texts alone, trying at most `trials` settings."""


@dataclass(frozen=True)
class ArmSpec:
    """How an arm is known.

    Attributes:
        name: by which it is chosen and shown.
        about: what it does, for the page.
        needs: `checkpoint`, `vectors` and the like; an arm is left out where one is missing.
        make: the arm out of the materials; may take as long as its table takes.
        table: the source of its table, None without one.
        tasks: what it can do.
        default: whether it runs unless arms are named.
    """

    name: str
    about: str
    needs: frozenset[str]
    make: Callable[[Materials], Arm]
    table: str | None = None
    tasks: frozenset[str] = frozenset({"classify", "tag"})
    default: bool = True


@dataclass(frozen=True, eq=False)
class NetworkArm:
    """A network of wordgraft: `TextClassifier` or `SequenceTagger` on this first layer.

    Attributes:
        settings: of each trial, as `set_params` takes them.
        forgetting: what a fine-tuned encoder is measured on, None for nothing.
    """

    task: str
    first_layer: FirstLayer
    network: str
    settings: Sequence[Mapping[str, Any]]
    forgetting: Any = None

    def fit(self, texts: Sequence[Any], labels: Sequence[Any], *, seed: int, trials: int) -> Fitted:
        pace: Mapping[str, Any] = {}
        if self._is_bag and len(texts) >= _LARGE:
            pace = _LARGE_PACE
        tried = [{**pace, **each} for each in self.settings[:trials]]
        settings = _best_of(tried, self._fitted, self.task, texts, labels, seed)
        model = self._fitted(settings, texts, labels, seed)
        record = model.record_.as_dict()
        if self.forgetting is not None:
            record["forgetting"] = _forgotten(model, self.forgetting, texts)
        return Fitted(
            model,
            record["parameters"],
            lambda: _saved_size(model),
            settings,
            record,
            _forgetful(model),
        )

    @property
    def _is_bag(self) -> bool:
        return self.task == "classify" and self.network == "bag"

    def _fitted(
        self, settings: Mapping[str, Any], texts: Sequence[Any], labels: Sequence[Any], seed: int
    ) -> Any:
        clone = require("sklearn.base", purpose="a comparison").clone
        kind = _estimator(self.task)
        model = kind(clone(self.first_layer), network=self.network, random_state=seed)
        return model.set_params(**settings).fit(texts, labels)


def _best_of(
    settings: Sequence[Mapping[str, Any]],
    fitted: Callable[[Mapping[str, Any], Sequence[Any], Sequence[Any], int], Predictor],
    task: str,
    texts: Sequence[Any],
    labels: Sequence[Any],
    seed: int,
) -> Mapping[str, Any]:
    """The settings that do best on a fifth of the sample, trained on the rest of it."""
    if len(settings) == 1:
        return settings[0]
    judge = JUDGES[task](labels)
    order = spread_out(judge.strata(labels), np.random.default_rng([seed, 2]))
    held = np.zeros(len(order), bool)
    held[order[_TRIAL_SHARE - 1 :: _TRIAL_SHARE]] = True
    rest, judges = np.flatnonzero(~held).tolist(), np.flatnonzero(held).tolist()
    learnt = [labels[i] for i in rest]
    if not judges or len(judge.label_counts(learnt)) < judge.fewest_labels:
        return settings[0]
    truth = judge.coded([labels[i] for i in judges])
    scores = []
    for each in settings:
        model = fitted(each, [texts[i] for i in rest], learnt, seed)
        said = judge.coded(list(model.predict([texts[i] for i in judges])))
        scores.append(float(judge.score(judge.counts(truth, said).sum(axis=0))))
    return settings[int(np.argmax(scores))]


def _estimator(task: str) -> Any:
    from wordgraft import estimators as tasks

    return getattr(tasks, _ESTIMATORS[task])


def _forgetful(model: Any) -> Predictor | None:
    """A model that looks no text up in a cache, if this one does."""
    if not isinstance(model.layer_, FeatureLayer):
        return None
    other = copy(model)
    other.layer_ = model.layer_.without_cache()
    return other  # type: ignore[no-any-return]


def _forgotten(model: Any, settings: Any, texts: Sequence[Any]) -> dict[str, float]:
    """What a fine-tuned encoder gained or lost, by measure."""
    from wordgraft.metrics.forgetting import Measures

    layer = model.layer_
    plain = [text if isinstance(text, str) else " ".join(text) for text in texts]
    measures = Measures(layer.start(), settings, plain, device=layer.device.type)
    abilities = measures.abilities(layer.rows.model)
    return {f"{each.name}, {each.unit}": each.after - each.before for each in abilities}


def _saved_size(model: Any) -> int:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "model"
        model.save(place)
        return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())


@dataclass(frozen=True)
class TfIdfArm:
    """Counted words and pairs of words under a logistic regression: what any of this must beat."""

    # Macro-F1 on held-out tweets with 134, 534 and 2,136 to learn from, mean of 5 seeds:
    # 10: 0.455 0.563 0.690; 1: 0.462 0.568 0.673; 100: 0.453 0.557 0.689 (spread 0.01 to 0.03).
    strengths: tuple[float, ...] = (10.0, 1.0, 100.0)

    def fit(self, texts: Sequence[Any], labels: Sequence[Any], *, seed: int, trials: int) -> Fitted:
        tried = [{"C": strength} for strength in self.strengths[:trials]]
        settings = _best_of(tried, self._fitted, "classify", texts, labels, seed)
        model = self._fitted(settings, texts, labels, seed)
        regression = model[-1]
        return Fitted(
            model,
            int(regression.coef_.size + regression.intercept_.size),
            lambda: len(pickle.dumps(model)),
            settings,
        )

    def _fitted(
        self, settings: Mapping[str, Any], texts: Sequence[Any], labels: Sequence[Any], seed: int
    ) -> Any:
        del seed  # nothing is drawn
        return _tf_idf(settings["C"]).fit(texts, labels)


def _tf_idf(strength: float) -> Any:
    text = require("sklearn.feature_extraction.text", purpose="the arm 'tfidf'")
    linear = require("sklearn.linear_model", purpose="the arm 'tfidf'")
    pipeline = require("sklearn.pipeline", purpose="the arm 'tfidf'")
    # Words of one letter and signs count too: a text of nothing else must not be empty.
    words = text.TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+|[^\w\s]"
    )
    regression = linear.LogisticRegression(C=strength, class_weight="balanced", max_iter=1_000)
    return pipeline.make_pipeline(words, regression)


# Settings in the order in which trials take them; the first are the defaults.
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


def _rows(source: str, start: str = "table") -> Callable[[Materials], Arm]:
    def make(materials: Materials) -> Arm:
        # A random start needs words and a width only.
        of = "vectors" if start == "random" and materials.checkpoint is None else source
        layer = TableRows(materials.table(of), start=start)
        if materials.task == "tag":
            # Random rows must be trained; for grafted ones the tagger's default is better.
            trials = _TAG_TRIALS
            if start == "random":
                layer.trainable = True
        else:
            trials = _ROWS_TRIALS if start == "table" else _RANDOM_TRIALS
        return NetworkArm(materials.task, layer, materials.network, trials)

    return make


def _features(materials: Materials) -> Arm:
    tags = materials.task == "tag"
    cache = materials.features("words" if tags else "text")
    layer = FrozenEncoder(materials.opened(), cache=cache)
    if tags:
        return NetworkArm(materials.task, layer, materials.network, _TAG_TRIALS)
    return NetworkArm(materials.task, layer, "auto", ({},))


def _fine_tuned(regime: str) -> Callable[[Materials], Arm]:
    def make(materials: Materials) -> Arm:
        layer = Encoder(materials.opened(), regime=regime)
        return NetworkArm(
            materials.task, layer, "auto", _ENCODER_TRIALS, forgetting=materials.forgetting()
        )

    return make


_ENCODER = frozenset({"checkpoint"})
ARMS: dict[str, ArmSpec] = {
    spec.name: spec
    for spec in (
        ArmSpec(
            "tfidf",
            "TF-IDF of words and word pairs under a logistic regression",
            frozenset(),
            lambda _: TfIdfArm(),
            tasks=frozenset({"classify"}),
        ),
        ArmSpec(
            "random",
            "the same network with rows drawn at random",
            frozenset({"checkpoint or vectors"}),
            _rows("lookup", start="random"),
            table="lookup",
        ),
        ArmSpec(
            "lookup",
            "word-embedding rows of one-piece words, the others by their pieces",
            _ENCODER,
            _rows("lookup"),
            table="lookup",
            default=False,
        ),
        ArmSpec(
            "composed",
            "the mean of each word's word-embedding rows",
            _ENCODER,
            _rows("composed"),
            table="composed",
        ),
        ArmSpec(
            "isolated",
            "each word alone through the encoder",
            _ENCODER,
            _rows("isolated"),
            table="isolated",
        ),
        ArmSpec(
            "contextual",
            "each word's mean over places where the training texts use it",
            _ENCODER,
            _rows("contextual"),
            table="contextual",
        ),
        ArmSpec(
            "features",
            "the frozen encoder's vectors of the texts themselves under a small head",
            _ENCODER,
            _features,
            table=FEATURES,
        ),
        ArmSpec(
            "vectors",
            "the vectors of a file of another tool",
            frozenset({"vectors"}),
            _rows("vectors"),
            table="vectors",
        ),
        ArmSpec(
            "lp-ft",
            "the encoder fine-tuned, its head first",
            _ENCODER,
            _fine_tuned("lp-ft"),
        ),
        ArmSpec("full", "the whole encoder fine-tuned at once", _ENCODER, _fine_tuned("full")),
    )
}


def chosen_arms(
    names: Sequence[str] | None, materials: Materials
) -> tuple[tuple[ArmSpec, ...], tuple[str, ...]]:
    """The arms to run, and notes on those left out.

    By default all that the task and the materials allow. Raises `TrainingError` for one that is
    unknown, or asked for by name and impossible.
    """
    unknown = [name for name in names or () if name not in ARMS]
    if unknown:
        raise TrainingError(f"no arm {', '.join(unknown)}; there are {', '.join(ARMS)}")
    at_hand = {
        name
        for name, value in (
            ("checkpoint", materials.checkpoint),
            ("vectors", materials.vectors),
            ("checkpoint or vectors", materials.checkpoint or materials.vectors),
        )
        if value is not None
    }
    found, notes = [], []
    for spec in (ARMS[name] for name in names) if names else ARMS.values():
        if not names and not spec.default:
            continue
        lacking = sorted(spec.needs - at_hand)
        if materials.task not in spec.tasks:
            reason = f"it does not {materials.task}"
        elif lacking:
            reason = f"it needs --{' and --'.join(lacking)}"
        else:
            found.append(spec)
            continue
        if names:
            raise TrainingError(f"the arm {spec.name!r} cannot run: {reason}")
        if lacking != ["vectors"]:
            notes.append(f"the arm {spec.name} was left out: {reason}")
    if not found:
        raise TrainingError("no arm can run; give --checkpoint or --vectors")
    return tuple(found), tuple(notes)


@dataclass(eq=False)
class MadeArms:
    """Arms as they are first needed; making one may take as long as its table takes."""

    specs: Mapping[str, ArmSpec]
    materials: Materials
    _made: dict[str, Arm] = field(default_factory=dict)

    def get(self, name: str) -> Arm:
        if name not in self._made:
            self._made[name] = self.specs[name].make(self.materials)
        return self._made[name]

    def preparation(self, name: str) -> float:
        """Seconds that the arm's table took; 0 without one."""
        table = self.specs[name].table
        return self.materials.seconds.get(table, 0.0) if table else 0.0
