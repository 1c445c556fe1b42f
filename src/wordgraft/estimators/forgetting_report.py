"""`ForgettingReport`: what a training gained and what it cost, and the points between."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wordgraft.core.optional import require
from wordgraft.errors import MissingExtraError
from wordgraft.metrics.forgetting.abilities import Ability
from wordgraft.metrics.forgetting.drift import Drift
from wordgraft.metrics.forgetting.settings import Measures
from wordgraft.training.interpolation import interpolated, snapshot

if TYPE_CHECKING:
    from torch import Tensor

    from wordgraft.networks.network import Network

_LOG = logging.getLogger(__name__)
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# A loss smaller than this is called nothing: half a point of accuracy, or of correlation.
NOISE = 0.005


@dataclass(frozen=True)
class Point:
    """One mix of the weights before and after.

    Attributes:
        share: 0 is the start, 1 is as trained.
        score: in the task; higher is better.
        forgotten: see `ForgettingReport.forgotten`.
    """

    share: float
    score: float
    forgotten: float


@dataclass(frozen=True)
class ForgettingReport:
    """An encoder before and after training.

    Attributes:
        abilities: what it could do: word similarity, other tasks, masked words.
        drift: how far each layer moved.
        curve: mixes of start and end.
        score: what `Point.score` is, in words.
        allowed: the most that may be forgotten, None where nothing was asked.
        chosen: the share that scores best within it.
    """

    abilities: tuple[Ability, ...]
    drift: tuple[Drift, ...]
    curve: tuple[Point, ...]
    score: str
    allowed: float | None = None
    chosen: float | None = None

    @property
    def forgotten(self) -> float:
        """The largest loss of any ability; without one, 1 - CKA of the last layer.

        That layer is read on the general texts, or on those of training where there are none.
        """
        return forgotten(self.abilities, self.drift)

    @property
    def verdict(self) -> str:
        """In words: what was forgotten most, or that nothing was."""
        if not self.abilities:
            last = self.drift[-1]
            if self.forgotten < NOISE:
                return "nothing was forgotten: the last layer is where it was"
            return (
                f"the last layer moved (CKA {last.cka:.3f} on {last.texts} texts); what that cost "
                "is unknown: give word pairs, general text or other labelled texts to find out"
            )
        worst = max(self.abilities, key=lambda each: each.lost)
        if worst.lost < NOISE:
            return f"nothing was forgotten: no measure lost {NOISE} or more"
        return (
            f"forgotten most: {worst.name}, {worst.unit} {worst.before:.3f} before and "
            f"{worst.after:.3f} after"
        )

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
                order="share:Q",
                tooltip=["share:Q", "score:Q", "forgotten:Q"],
            )
        )
        names = line.mark_text(dy=-8).encode(text="share:Q")
        moved = (
            altair.Chart(altair.Data(values=[asdict(each) for each in self.drift]))
            .mark_line(point=True)
            .encode(
                altair.X("layer:O", title="layer"),
                altair.Y("cka:Q", title="CKA with the start", scale=altair.Scale(zero=False)),
                color=altair.Color("texts:N", title="texts"),
            )
        )
        return altair.hconcat(line + names, moved)


def forgotten(abilities: Sequence[Ability], moved: Sequence[Drift]) -> float:
    """See `ForgettingReport.forgotten`."""
    if abilities:
        return max(each.lost for each in abilities)
    return 1 - moved[-1].cka


def report(
    network: Network,
    start: Mapping[str, Tensor],
    measures: Measures,
    score_of: Callable[[Network], float],
    *,
    score: str,
    at_most: float | None = None,
) -> ForgettingReport:
    """Measure `network`, whose rows are an encoder, against its `start`.

    Args:
        start: its weights when the rows began to learn.
        score_of: how good it is at its task; higher is better.
        score: what that is, in words.
        at_most: the most that may be forgotten; the report then names the best share within it.

    The network is left as it was given.
    """
    end = snapshot(network)
    model: Any = network.rows.model
    abilities, moved = measures.abilities(model), measures.drift(model)
    curve = []
    for share in SHARES:
        network.load_state_dict(interpolated(start, end, share))
        lost = forgotten(measures.abilities(model), () if abilities else measures.drift(model))
        curve.append(Point(share, score_of(network), lost))
    network.load_state_dict(end)
    chosen = None
    if at_most is not None:
        within = [point for point in curve if point.forgotten <= at_most]
        chosen = max(within, key=lambda point: (point.score, point.share)).share
    return ForgettingReport(abilities, moved, tuple(curve), score, at_most, chosen)
