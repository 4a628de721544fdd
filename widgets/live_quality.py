"""Live quality by day, where labels have arrived, beside the evaluation before the push."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence

from widgets.face import Face, room
from widgets.parts import charts, curves
from widgets.parts.budget import fit
from widgets.parts.formats import MISSING, count, moment, number
from widgets.parts.language import marked, say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.tables import listing
from widgets.values.drift import Estimate, QualityDay

_WHISKER = charts.Size(64, 12)  # beside its value the table fits into the width of a notebook
_HEAD_BYTES = 40_000  # of the face without its rows, but with the curve
_BOUND = 6  # the colour of a curve's interval: the curve's own, dashed
_EVALUATED = 4
_COUNTS = (  # the outcomes of rows
    *(marked("logged"), marked("repeated"), marked("labelled")),
    *(marked("late"), marked("waiting"), marked("never")),
)


class LiveQuality(Face):
    """Shows counts of rows and metrics by day.

    Args:
        days: one by one.
        metric: the one that the model is judged by; "": none.
        evaluated: the metrics before the push.
        note: a remark on all days, such as why nothing was joined.
    """

    title = "Live quality"

    def __init__(
        self, days: Sequence[QualityDay], metric: str, evaluated: Mapping[str, Estimate], note: str = ""
    ) -> None:
        self.days, self.metric, self.evaluated, self.note = tuple(days), metric, dict(evaluated), note

    def html_face(self) -> Markup:
        names = _metrics(self.days)
        scale = _scale(
            [day.metrics[self.metric] for day in self.days if self.metric in day.metrics], self._before()
        )
        levels: list[Callable[[QualityDay], Markup]] = [
            lambda day: self._row(day, names, None),
            lambda day: self._row(day, names, scale),
        ]
        newest = fit(self.days[::-1], levels, room(_HEAD_BYTES))
        left_out = len(self.days) - len(newest.rows)
        return join(
            [
                self._legend(),
                tag("p", self.note, class_="note") if self.note else None,
                self._table(names, newest.rows)
                if newest.rows
                else tag("p", say("There is no day to judge.")),
                tag(
                    "p",
                    say("{amount} left out.", amount=count(left_out, "earlier day")),
                    class_="note",
                )
                if left_out
                else None,
                self._curve(),
            ]
        )

    def text_face(self) -> str:
        if not self.days:
            return say("Live quality: no day to judge. {note}", note=self.note).strip()
        total = {name: sum(day.counts[name] for day in self.days) for name in self.days[0].counts}
        known = [day for day in self.days if self.metric in day.metrics]
        lines = [
            say("Live quality of {days}: ", days=count(len(self.days), "day"))
            + ", ".join(f"{number(amount)} {say(name)}" for name, amount in total.items()),
            *(f"{day.day}: {self.metric} {_words(day.metrics[self.metric])}" for day in known[-2:]),
            say(
                "Before the push: {metric} {value}",
                metric=self.metric,
                value=_words(self.evaluated[self.metric]),
            )
            if self.metric in self.evaluated
            else "",
            self.note,
        ]
        return "\n".join(line for line in lines if line)

    def _before(self) -> float | None:
        known = self.evaluated.get(self.metric)
        return None if known is None or math.isnan(known.value) else known.value

    def _legend(self) -> Markup | None:
        if self._before() is None:
            return None
        mark = tag("i", class_="mark")
        return tag(
            "p",
            mark,
            say(
                "{metric} before the push: {value}",
                metric=self.metric,
                value=_words(self.evaluated[self.metric]),
            ),
            class_="legend",
        )

    def _table(self, names: Sequence[str], rows: Sequence[Markup]) -> Markup:
        titles = [say("Day"), *(say(name).capitalize() for name in self.days[0].counts), *names]
        return listing(titles, rows, say("Live quality by day"))

    def _row(self, day: QualityDay, names: Sequence[str], scale: tuple[float, float] | None) -> Markup:
        cells = [tag("td", number(amount), class_="number") for amount in day.counts.values()]
        metrics = [
            self._cell(day.metrics.get(name), scale if name == self.metric else None) for name in names
        ]
        return tag("tr", tag("th", str(day.day), scope="row", class_="number"), cells, metrics)

    def _cell(self, estimate: Estimate | None, scale: tuple[float, float] | None) -> Markup:
        if estimate is None:
            return tag("td", MISSING, class_="number")
        picture, before = None, self._before()
        if scale is not None:
            drawn = charts.whisker(
                estimate.value,
                estimate.lower,
                estimate.upper,
                low=scale[0],
                high=scale[1],
                size=_WHISKER,
                thresholds=[] if before is None else [before],
            )
            picture = tag("span", drawn, class_=f"whisker {charts.colour(0)}")
        between = _between(estimate)
        value = tag("div", tag("span", number(estimate.value)), picture)
        return tag("td", value, tag("small", between) if between else None, class_="number")

    def _curve(self) -> Markup | None:
        """The metric by day with its interval, and the evaluation's; None: fewer than two days have it."""
        known = [
            (_place(day.day), day.metrics[self.metric]) for day in self.days if self.metric in day.metrics
        ]
        if len(known) < 2:  # noqa: PLR2004  a curve has two ends
            return None
        lower, upper, pushed = say("lower bound"), say("upper bound"), say("before the push")
        lines = {
            self.metric: [(place, one.value) for place, one in known],
            lower: [(place, one.lower) for place, one in known],
            upper: [(place, one.upper) for place, one in known],
        }
        looks = {self.metric: 0, lower: _BOUND, upper: _BOUND}
        if (before := self._before()) is not None:
            lines[pushed] = [(place, before) for place in (known[0][0], known[-1][0])]
            looks[pushed] = _EVALUATED + _BOUND
        figure = curves.figure(say("Live {metric}", metric=self.metric), lines, looks, "", moment)
        return tag("div", curves.legend(looks), figure, style="padding-right:2px")  # room for half a line


def _metrics(days: Sequence[QualityDay]) -> list[str]:
    return list(dict.fromkeys(name for day in days for name in day.metrics))


def _words(estimate: Estimate) -> str:
    return f"{number(estimate.value)} {_between(estimate)}".rstrip()


def _between(estimate: Estimate) -> str:
    """The interval in words; empty where it is not known."""
    if math.isnan(estimate.lower) or math.isnan(estimate.upper):
        return ""
    return f"[{number(estimate.lower)}, {number(estimate.upper)}]"


def _scale(estimates: Sequence[Estimate], before: float | None) -> tuple[float, float]:
    places = [place for one in estimates for place in (one.value, one.lower, one.upper)]
    finite = [place for place in [*places, *([] if before is None else [before])] if math.isfinite(place)]
    return (min(finite), max(finite)) if finite else (0.0, 1.0)


def _place(day: dt.date) -> float:
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp()
