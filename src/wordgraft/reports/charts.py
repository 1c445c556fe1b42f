"""The charts of a comparison, as Vega-Lite specifications made by Altair.

A method has the same color, shape and dash in all charts. The colors have a contrast of at least
3 to 1 on white and on near-black, and differ for people with red-green color blindness
(tests/reports/test_charts.py). Shapes differ as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from wordgraft.core.optional import require

DASHES = ([1, 0], [6, 3], [2, 2])
_SHAPES = (
    *("circle", "square", "triangle-up", "diamond", "cross", "triangle-down"),
    *("triangle-left", "triangle-right", "wedge", "arrow"),
)
_COLORS = (
    *("#776677", "#dd7700", "#aa55ff", "#6699bb", "#9900ff", "#446699"),
    *("#995533", "#889977", "#9977dd", "#dd7744"),
)
# The rows of one chart's values.
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Chart:
    """A chart, with its values as a table for readers who cannot see it.

    Attributes:
        id: the name of its element on the page.
        title: what it shows, in a few words.
        summary: its content in a sentence.
        spec: the Vega-Lite specification.
        columns, rows: its values as text.
    """

    id: str
    title: str
    summary: str
    spec: Mapping[str, Any]
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Look:
    """How methods are drawn. It depends on their place among all methods, so pages look alike."""

    methods: Sequence[str]
    every: Sequence[str]

    @property
    def places(self) -> list[int]:
        return [self.every.index(method) for method in self.methods]

    @property
    def colors(self) -> list[str]:
        return [_COLORS[place % len(_COLORS)] for place in self.places]

    @property
    def shapes(self) -> list[str]:
        return [_SHAPES[place % len(_SHAPES)] for place in self.places]

    @property
    def dashes(self) -> list[list[int]]:
        return [DASHES[place % len(DASHES)] for place in self.places]


@cache
def bundle() -> str:
    """Vega, Vega-Lite and vega-embed as one script, from the files of vl-convert."""
    convert = require("vl_convert", purpose="drawing charts")
    altair = require("altair", purpose="drawing charts")
    version = ".".join(altair.SCHEMA_VERSION.removeprefix("v").split(".")[:2])
    script: str = convert.javascript_bundle(vl_version=version)
    # These would end the script element of the page.
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def learning_curves(rows: Rows, metric: str, look: Look) -> dict[str, Any]:
    """Score against number of labels, with bands; rows: method, labels, score, low, high."""
    alt = _altair()
    sizes = sorted({row["labels"] for row in rows})
    x = alt.X(
        "labels:Q",
        title="labelled texts",
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(values=sizes, format=","),
    )
    tooltip = [
        alt.Tooltip("method:N"),
        alt.Tooltip("labels:Q", format=","),
        *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("score", "low", "high")),
    ]
    base = alt.Chart(_data(rows))
    score = alt.Y("score:Q", title=metric, scale=alt.Scale(zero=False))
    band = base.mark_area(opacity=0.12, tooltip=False).encode(
        x, alt.Y("low:Q", title=metric), alt.Y2("high:Q"), _color(look)
    )
    line = base.mark_line(strokeWidth=2).encode(
        x, score, _color(look), strokeDash=_dash(look), tooltip=tooltip
    )
    points = base.mark_point(filled=True, size=70, opacity=1).encode(
        x, score, _color(look), shape=_shape(look), tooltip=tooltip
    )
    return _spec((band + line + points).properties(height=340))


def trade_off(rows: Rows, metric: str, cost: str, unit: str, look: Look) -> dict[str, Any]:
    """Score against a cost, with the Pareto front as a line.

    Rows: method, score, low, high, `cost`, best (whether on the front).
    """
    alt = _altair()
    scale = alt.Scale(type="log", nice=False, padding=20)
    axis = alt.Axis(tickCount=5, format="~g", grid=False, labelBound=True)
    x = alt.X(f"{cost}:Q", title=unit, scale=scale, axis=axis)
    y = alt.Y("score:Q", title=metric, scale=alt.Scale(zero=False, padding=14))
    base = alt.Chart(_data(rows))
    front = (
        base.transform_filter("datum.best")
        .mark_line(interpolate="step-after", strokeDash=[4, 3], color="currentColor", opacity=0.6)
        .encode(x, alt.Y("score:Q", title=metric), order=alt.Order(f"{cost}:Q"))
    )
    bars = base.mark_rule(opacity=0.5).encode(
        x, alt.Y("low:Q", title=metric), alt.Y2("high:Q"), _color(look)
    )
    points = base.mark_point(filled=True, size=130, opacity=1).encode(
        x,
        y,
        _color(look),
        shape=_shape(look),
        tooltip=[
            alt.Tooltip("method:N"),
            alt.Tooltip("score:Q", format=".3f"),
            alt.Tooltip(f"{cost}:Q", title=unit, format=",.3~g"),
        ],
    )
    return _spec((front + bars + points).properties(height=280))


def training_times(rows: Rows, look: Look) -> dict[str, Any]:
    """Seconds of training and of making the table; rows: method, part, seconds."""
    alt = _altair()
    chart = (
        alt.Chart(_data(rows))
        .mark_bar()
        .encode(
            alt.X("sum(seconds):Q", title="seconds", stack="zero"),
            alt.Y("method:N", title=None, sort=list(look.methods)),
            alt.Color(
                "part:N",
                scale=alt.Scale(domain=["training", "table"], range=["#446699", "#dd7700"]),
                legend=alt.Legend(orient="bottom", title=None),
            ),
            tooltip=["method:N", "part:N", alt.Tooltip("seconds:Q", format=",.2f")],
        )
        .properties(height=24 * len(look.methods))
    )
    return _spec(chart)


def confusion(rows: Rows, labels: Sequence[str], method: str) -> dict[str, Any]:
    """True against predicted labels; rows: true, predicted, texts, share (of the true label's)."""
    alt = _altair()
    base = alt.Chart(_data(rows)).encode(
        alt.X(
            "predicted:N", sort=list(labels), title=f"predicted by {method}", axis=_upright(labels)
        ),
        alt.Y("true:N", sort=list(labels), title="true"),
        tooltip=["true:N", "predicted:N", alt.Tooltip("texts:Q", format=",")],
    )
    cells = base.mark_rect(color="#446699", stroke="currentColor", strokeOpacity=0.15).encode(
        alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.03, 0.95]), legend=None)
    )
    if len(labels) > 8:
        return _spec(cells.properties(height=28 * len(labels)))
    numbers = base.mark_text(fontSize=12).encode(
        alt.Text("texts:Q", format=",.0f"),
        color=alt.condition("datum.share > 0.5", alt.value("#fff"), alt.value("currentColor")),
    )
    return _spec((cells + numbers).properties(height=44 * len(labels)))


def scores_by_label(rows: Rows, look: Look) -> dict[str, Any]:
    """F1 of each label for each method; rows: label, method, f1."""
    alt = _altair()
    labels = list(dict.fromkeys(row["label"] for row in rows))
    chart = (
        alt.Chart(_data(rows))
        .mark_point(filled=True, size=80, opacity=1)
        .encode(
            alt.X(
                "f1:Q",
                title="F1",
                scale=alt.Scale(zero=False, padding=10),
                axis=alt.Axis(tickCount=6),
            ),
            alt.Y("label:N", title=None, sort=labels),
            _color(look),
            shape=_shape(look),
            tooltip=["label:N", "method:N", alt.Tooltip("f1:Q", format=".3f")],
        )
        .properties(height=28 * len(labels))
    )
    return _spec(chart)


def forgetting(rows: Rows, look: Look) -> dict[str, Any]:
    """Changes of an encoder by fine-tuning; rows: method, measure, change."""
    alt = _altair()
    chart = (
        alt.Chart(_data(rows))
        .mark_point(filled=True, size=80, opacity=1)
        .encode(
            alt.X("change:Q", title="change by training"),
            alt.Y("measure:N", title=None),
            _color(look),
            shape=_shape(look),
            tooltip=["method:N", "measure:N", alt.Tooltip("change:Q", format=".4f")],
        )
        .properties(height=28 * len({row["measure"] for row in rows}))
    )
    return _spec(chart)


def _upright(labels: Sequence[str]) -> Any:
    fits = max(map(len, labels)) <= 8 and len(labels) <= 6
    return _altair().Axis(labelAngle=0 if fits else -45)


def _altair() -> Any:
    return require("altair", purpose="drawing charts")


def _data(rows: Rows) -> Any:
    return _altair().InlineData(values=[dict(row) for row in rows])


def _color(look: Look) -> Any:
    alt = _altair()
    scale = alt.Scale(domain=list(look.methods), range=look.colors)
    return alt.Color("method:N", scale=scale, legend=_legend())


def _shape(look: Look) -> Any:
    alt = _altair()
    scale = alt.Scale(domain=list(look.methods), range=look.shapes)
    return alt.Shape("method:N", scale=scale, legend=_legend())


def _dash(look: Look) -> Any:
    alt = _altair()
    scale = alt.Scale(domain=list(look.methods), range=look.dashes)
    return alt.StrokeDash("method:N", scale=scale, legend=_legend())


def _legend() -> Any:
    # Layers with different legends would lose them.
    return _altair().Legend(
        orient="bottom", title=None, columns=3, symbolOpacity=1, symbolStrokeWidth=0
    )


def _spec(chart: Any) -> dict[str, Any]:
    """As wide as its element; in the text color of the page, which follows light and dark mode."""
    ink, faint = "currentColor", 0.18
    axis = {
        "labelColor": ink,
        "titleColor": ink,
        "domainColor": ink,
        "tickColor": ink,
        "gridColor": ink,
        "gridOpacity": faint,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelOverlap": True,
        "labelSeparation": 8,
    }
    spec: dict[str, Any] = (
        chart.properties(width="container", background="transparent")
        .configure(font="system-ui, sans-serif", autosize={"type": "fit-x", "contains": "padding"})
        .configure_axis(**axis)
        .configure_legend(labelColor=ink, titleColor=ink, labelFontSize=12, labelLimit=0)
        .configure_view(stroke=None)
        .to_dict()
    )
    return spec
