"""`forgetting_report`: what fine-tuning gained, what it cost, and the points in between."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wordgraft.core.optional import require
from wordgraft.errors import MissingExtraError
from wordgraft.estimators.argument_checks import check_fitted
from wordgraft.estimators.interpolation import encoder_layer_of, interpolate
from wordgraft.metrics.forgetting.abilities import Ability
from wordgraft.metrics.forgetting.drift import Drift
from wordgraft.metrics.forgetting.settings import ForgettingSettings, Measures
from wordgraft.table.similarity import Pair

if TYPE_CHECKING:
    from wordgraft.estimators.base import TextModel

_LOG = logging.getLogger(__name__)
# The weights of the fine-tuned end at which the model is measured.
WEIGHTS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# A smaller loss counts as none: half a point of accuracy, or of correlation.
_NOISE = 0.005


@dataclass(frozen=True)
class Point:
    """The model at one weight between the pretrained start and the fine-tuned end.

    Attributes:
        weight: 0 is the start, 1 is as trained; see `interpolate`.
        score: in the task; higher is better.
        forgotten: see `ForgettingReport.forgotten`.
    """

    weight: float
    score: float
    forgotten: float


@dataclass(frozen=True)
class ForgettingReport:
    """An encoder before and after fine-tuning.

    Attributes:
        abilities: word similarity, other tasks, masked words, before and after.
        drift: how far each layer moved.
        curve: the model at weights between start and end.
        score: what `Point.score` is, in words.
    """

    abilities: tuple[Ability, ...]
    drift: tuple[Drift, ...]
    curve: tuple[Point, ...]
    score: str

    @property
    def forgotten(self) -> float:
        """The largest loss of any ability; without abilities, 1 - CKA of the last layer.

        CKA is measured on the general texts, or on those of the task if there are none.
        """
        return _forgotten(self.abilities, self.drift)

    @property
    def verdict(self) -> str:
        """In words: what was forgotten most, or that nothing was forgotten."""
        if not self.abilities:
            last = self.drift[-1]
            if self.forgotten < _NOISE:
                return "nothing was forgotten: the last layer did not move"
            return (
                f"the last layer moved (CKA {last.cka:.3f} on {last.texts} texts); what that cost "
                "is unknown: give word pairs, general texts or labelled texts of another task"
            )
        worst = max(self.abilities, key=lambda ability: ability.lost)
        if worst.lost < _NOISE:
            return f"nothing was forgotten: no measure lost {_NOISE} or more"
        return (
            f"forgotten most: {worst.name}, {worst.unit} {worst.before:.3f} before and "
            f"{worst.after:.3f} after"
        )

    def best_weight(self, *, forget_at_most: float) -> float:
        """The weight with the highest score among those that forget no more.

        Args:
            forget_at_most: points of correlation or accuracy, or a share of a loss.
        """
        allowed = [point for point in self.curve if point.forgotten <= forget_at_most]
        # At weight 0 nothing is forgotten.
        return max(allowed or self.curve[:1], key=lambda point: (point.score, point.weight)).weight

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {
            "verdict": self.verdict,
            "forgotten": self.forgotten,
            **asdict(self),
        }

    def write(self, folder: Path) -> None:
        """Write forgetting.json into a folder and, with altair, forgetting.html."""
        text = json.dumps(self.as_dict(), indent=2) + "\n"
        (folder / "forgetting.json").write_text(text, "utf-8")
        try:
            page = self.plot().to_html(inline=True)
        except (MissingExtraError, ImportError) as error:
            _LOG.info("no plot was written: %s", error)
        else:
            (folder / "forgetting.html").write_text(page, "utf-8")

    def plot(self) -> Any:
        """An Altair chart: score against forgetting along the curve, and the drift by layer.

        Raises `MissingExtraError` without altair.
        """
        altair = require("altair", purpose="plotting")
        points = [asdict(point) for point in self.curve]
        line = (
            altair.Chart(altair.Data(values=points), title=self.verdict)
            .mark_line(point=True)
            .encode(
                altair.X("forgotten:Q", title="forgotten"),
                altair.Y("score:Q", title=self.score, scale=altair.Scale(zero=False)),
                order="weight:Q",
                tooltip=["weight:Q", "score:Q", "forgotten:Q"],
            )
        )
        names = line.mark_text(dy=-8).encode(text="weight:Q")
        moved = (
            altair.Chart(altair.Data(values=[asdict(drift) for drift in self.drift]))
            .mark_line(point=True)
            .encode(
                altair.X("layer:O", title="layer"),
                altair.Y("cka:Q", title="CKA with the start", scale=altair.Scale(zero=False)),
                color=altair.Color("texts:N", title="texts"),
            )
        )
        return altair.hconcat(line + names, moved)


def forgetting_report(
    model: TextModel,
    texts: Iterable[Any],
    labels: Iterable[Any],
    *,
    general_texts: Sequence[str] = (),
    pairs: Mapping[str, Sequence[Pair]] | None = None,
    probes: Mapping[str, tuple[Sequence[str], Sequence[Any]]] | None = None,
) -> ForgettingReport:
    """Compare a fine-tuned encoder with its pretrained start.

    Measured before and after are the similarity of word pairs, linear probes of other tasks, the
    loss of masked words if the checkpoint has a head for it, and how far each layer moved. Then the
    model is measured at weights between start and end, for `interpolate`.

    >>> settings = wg.TrainingSettings(epochs=1, device="cpu")
    >>> classifier = wg.TextClassifier(wg.Encoder("encoder"), training=settings)
    >>> report = wg.forgetting_report(classifier.fit(texts, labels), texts, labels)
    >>> [point.weight for point in report.curve]
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    >>> classifier = wg.interpolate(classifier, report.best_weight(forget_at_most=0.02))

    Args:
        model: fitted, with an `Encoder` as its first layer; it is not changed.
        texts, labels: of the task, as `evaluate` takes them; better not those of training.
        general_texts: texts on any subject.
        pairs: word pairs with human similarity scores, by name; see `read_pairs`.
        probes: texts and labels of other tasks, by name.

    Raises `SettingsError` for another first layer, and `TrainingError` if the start of a saved
    model is missing.
    """
    check_fitted(model)
    layer = encoder_layer_of(model)
    task_texts, task_labels = list(texts), list(labels)
    settings = ForgettingSettings(general_texts, pairs or {}, probes or {})
    plain = [text if isinstance(text, str) else " ".join(text) for text in task_texts]
    measures = Measures(layer.start(), settings, plain, device=layer.device.type)
    abilities = measures.abilities(layer.rows.model)
    moved = measures.drift(layer.rows.model)
    curve = []
    for weight in WEIGHTS:
        mixed = interpolate(model, weight)
        encoder = encoder_layer_of(mixed).rows.model
        lost = _forgotten(measures.abilities(encoder), () if abilities else measures.drift(encoder))
        curve.append(Point(weight, _score(mixed, task_texts, task_labels), lost))
    name = "entity F1" if model.per_word else "macro-F1"
    score = f"{name} on {len(task_texts):,} texts"
    return ForgettingReport(abilities, moved, tuple(curve), score)


def _score(model: Any, texts: list[Any], labels: list[Any]) -> float:
    scores = model.evaluate(texts, labels)
    return float(scores.f1 if model.per_word else scores.macro_f1)


def _forgotten(abilities: Sequence[Ability], moved: Sequence[Drift]) -> float:
    if abilities:
        return max(ability.lost for ability in abilities)
    return 1 - moved[-1].cka
