"""Calibration: predicted against observed rates, bin by bin, on any slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import traitlets

from widgets.face import room
from widgets.parts import charts, controls
from widgets.parts.budget import fit
from widgets.parts.formats import count, number, signed
from widgets.parts.language import marked, say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.tables import listing
from widgets.values.calibration import CalibrationCurve
from widgets.view import View

_CHART = charts.Size(340, 260)
_ROOM = 6  # px around the marks
_BESIDE = 4  # px between the marks of two models in the same bin
_HEAD_BYTES = 20_000  # of a static face without its rows
_TITLES = (
    *(marked("Model"), marked("Rows"), marked("Predicted")),
    *(marked("Observed"), marked("95% interval"), marked("Too much")),
)
_NOTE = marked(
    "On the line, predicted and observed rates are equal; above it the model "
    "predicts too little, below it too much. A bar is the 95% confidence interval "
    "of the observed rate."
)
_NONE = marked("Nothing to show: it takes a label of two classes, and calibration_error among the metrics.")


class Calibration(View):
    """Shows the curves of one slice, those of several models in one chart.

    Args:
        curves: the curves of every slice and model; the first slice is shown first.
        state: traits to begin with, such as `chosen="device: mobile"`.
    """

    title = "Calibration"

    chosen = traitlets.Unicode(help="the slice that is shown; empty: the first").tag(sync=True, redraw=True)

    def __init__(self, curves: Sequence[CalibrationCurve], **state: Any) -> None:
        self.curves = list(curves)
        self._places = {
            model: place for place, model in enumerate(dict.fromkeys(c.model for c in self.curves))
        }
        super().__init__(**{"chosen": self.curves[0].slice if self.curves else "", **state})

    @classmethod
    def of(cls, curves: Sequence[Mapping[str, Any]], **state: Any) -> Self:
        """Show plain records, one per slice and model, with the fields of `CalibrationCurve`."""
        return cls([CalibrationCurve(**curve) for curve in curves], **state)

    def shown(self) -> list[CalibrationCurve]:
        """The curves of the chosen slice, one per model."""
        return [curve for curve in self.curves if curve.slice == self.chosen]

    def draw_controls(self) -> Markup:
        names = {curve.slice: curve.slice for curve in self.curves}
        return controls.choice("chosen", say("Slice"), names) if len(names) > 1 else Markup("")

    def draw_content(self) -> Markup:
        return join([self._picture(), _table(_rows(self.shown())) if self.curves else None])

    def html_face(self) -> Markup:
        fitted = fit(_rows(self.shown()), [lambda row: row], room(_HEAD_BYTES))
        others = len({curve.slice for curve in self.curves}) - 1
        note = say(
            "{more_slices} can be chosen in the live view in JupyterLab.",
            more_slices=count(others, "more slice"),
        )
        return join(
            [
                self._picture(),
                _table(fitted.rows) if self.curves else None,
                tag("p", note, class_="note") if others > 0 else None,
            ]
        )

    def text_face(self) -> str:
        return "\n".join(_sentence(curve) for curve in self.shown()) or say(
            "Calibration: {why}", why=say(_NONE)
        )

    def _picture(self) -> Markup:
        shown = self.shown()
        if not self.curves:
            return tag("p", say(_NONE), class_="note")
        if not any(len(curve.predicted) for curve in shown):
            return tag("p", say("There are no rows."), class_="note")
        most = max(max([*curve.predicted, *curve.upper], default=0.0) for curve in shown) or 1.0
        keys = [charts.key(self._places[curve.model], curve.model) for curve in shown]
        caption = tag("figcaption", tag("b", self.chosen), " ", tag("span", keys, class_="legend"))
        drawing = self._drawing(shown, most)
        top = tag("div", tag("span", say("observed {most}", most=number(most))), class_="axis")
        ends = [tag("span", say("predicted 0")), tag("span", number(most))]
        style = f"width:{_CHART.width}px;max-width:100%"
        return join(
            [
                tag("figure", caption, top, drawing, tag("div", ends, class_="axis"), style=style),
                tag("p", say(_NOTE), class_="note"),
            ]
        )

    def _drawing(self, shown: Sequence[CalibrationCurve], most: float) -> Markup:
        wide, high = _CHART.width - 2 * _ROOM, _CHART.height - 2 * _ROOM

        def across(value: float) -> float:
            return _ROOM + value / most * wide

        def up(value: float) -> float:
            return _ROOM + (1 - value / most) * high

        ideal = tag("line", x1=across(0), y1=up(0), x2=across(most), y2=up(most), class_="mark")
        marks = []
        for beside, curve in enumerate(shown):
            look = {"class_": charts.colour(self._places[curve.model])}
            for predicted, observed, lower, upper in zip(
                curve.predicted, curve.observed, curve.lower, curve.upper, strict=True
            ):
                x = f"{across(predicted) + beside * _BESIDE:.1f}"
                ends = {"y1": f"{up(lower):.1f}", "y2": f"{up(upper):.1f}"}
                marks += [
                    tag("line", x1=x, x2=x, **ends, **look, style="stroke:var(--series);stroke-width:1.5"),
                    tag("circle", cx=x, cy=f"{up(observed):.1f}", r=3.5, **look, style="fill:var(--series)"),
                ]
        return tag(
            "svg",
            ideal,
            marks,
            width=_CHART.width,
            style=f"height:{_CHART.height}px;border:solid var(--line);border-width:0 0 1px 1px",
            viewBox=f"0 0 {_CHART.width} {_CHART.height}",
            role="img",
            aria_label=" ".join(_sentence(curve) for curve in shown),
        )


def _rows(shown: Sequence[CalibrationCurve]) -> list[Markup]:
    rows = []
    for curve in shown:
        off = set(curve.off)
        for place in range(len(curve.predicted)):
            interval = say("{low} to {high}", low=number(curve.lower[place]), high=number(curve.upper[place]))
            gap = curve.predicted[place] - curve.observed[place]
            text = signed(gap)
            values = (
                number(curve.examples[place]),
                number(curve.predicted[place]),
                number(curve.observed[place]),
            )
            rows.append(
                tag(
                    "tr",
                    tag("th", curve.model, scope="row"),
                    [tag("td", value, class_="number") for value in (*values, interval)],
                    tag("td", tag("span", f"! {text}" if place in off else text), class_="number"),
                )
            )
    return rows


def _table(rows: Sequence[Markup]) -> Markup | None:
    if not rows:
        return None
    return listing(map(say, _TITLES), rows, say("Bins"), class_="slices")


def _sentence(curve: CalibrationCurve) -> str:
    rows = sum(curve.examples)
    if not rows:
        return say(
            "Calibration of {model} on {slice}: there are no rows.", model=curve.model, slice=curve.slice
        )
    promised = sum(one * weight for one, weight in zip(curve.predicted, curve.examples, strict=True)) / rows
    true = sum(one * weight for one, weight in zip(curve.observed, curve.examples, strict=True)) / rows
    return say(
        "Calibration of {model} on {slice}: {promised} predicted, {true} observed; "
        "{off} of {bins} outside the interval.",
        model=curve.model,
        slice=curve.slice,
        promised=number(promised),
        true=number(true),
        off=len(curve.off),
        bins=count(len(curve.predicted), "bin"),
    )
