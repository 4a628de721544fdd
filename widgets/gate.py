"""The gate: each threshold beside the model's value, the verdict in a sentence, and the signed override."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import traitlets

from widgets.asked_view import AskedView
from widgets.face import room
from widgets.paged_view import PagedView
from widgets.parts import charts, controls
from widgets.parts.budget import fit, left_out_note
from widgets.parts.decision_form import attempt, decision_form, told
from widgets.parts.formats import count, first_lines, number, signed
from widgets.parts.language import marked, say, say_known
from widgets.parts.markup import BREAK, Markup, join, tag
from widgets.parts.tables import listing
from widgets.values.decisions import Override, Threshold

_COLUMNS = (
    marked("Metric"),
    marked("Threshold"),
    marked("Value"),
    marked("Baseline"),
    marked("Change"),
    marked("Margin"),
    marked("Met"),
)
_BOUNDS = (marked("at least"), marked("at most"), marked("change at least"))
_CHART = charts.Size(90, 12)
_NAMED = 3  # thresholds named by the text face
_HEAD_BYTES = 4_000  # of a static face without its rows


class Gate(PagedView, AskedView):
    """Shows the thresholds, those that are missed first, and lets a person override the verdict.

    Args:
        thresholds: the thresholds, in the order of the project.
        verdict: whether the model passes and why, in a sentence.
        passed: whether it does.
        overridden: who let it pass all the same, when and why; empty: nobody.
        override: takes a name and a reason; None: it cannot be overridden here.
        state: traits to begin with.
    """

    title = "Gate"

    overriding = traitlets.Bool(help="whether the form for an override is open").tag(sync=True, redraw=True)
    who = traitlets.Unicode(help="name of the person who overrides").tag(sync=True)
    why = traitlets.Unicode(help="reason for the override").tag(sync=True)
    overridden = traitlets.Unicode(help="who overrode the verdict, when and why").tag(redraw=True)
    failure = traitlets.Unicode(help="why the last override was refused").tag(redraw=True)

    def __init__(
        self,
        thresholds: Sequence[Threshold],
        verdict: str,
        *,
        passed: bool,
        overridden: str = "",
        override: Override | None = None,
        **state: Any,
    ) -> None:
        self.thresholds = sorted(thresholds, key=lambda threshold: threshold.met)
        self.verdict, self.passed, self._override = verdict, passed, override
        super().__init__(**{"overridden": overridden, **state})

    def act(self, _asked: Sequence[str], /) -> None:
        if self._override is None or self.overridden:  # such as by a press just before this one
            return
        done, text = attempt(partial(self._override, self.who, self.why))
        self.failure = "" if done else text
        if done:
            self.overridden = text

    def draw_controls(self) -> Markup:
        return Markup("")

    def draw_content(self) -> Markup:
        shown, pager = self.on_page(self.thresholds)
        return join(
            [
                tag("div", self._verdict(), role="status"),
                _table([_row(threshold) for threshold in shown]),
                pager,
                self._form(),
            ]
        )

    def html_face(self) -> Markup:
        fitted = fit(self.thresholds, [_row], room(_HEAD_BYTES))
        left_out = len(self.thresholds) - len(fitted.rows)
        return join(
            [self._verdict(), _table(fitted.rows), left_out_note(left_out, count(left_out, "threshold"))]
        )

    def text_face(self) -> str:
        missed = [threshold for threshold in self.thresholds if not threshold.met]
        overridden = (
            [say("Overridden by {overridden}", overridden=self.overridden)] if self.overridden else []
        )
        return "\n".join([self.verdict, *overridden, *first_lines(missed, _NAMED, _line)])

    def _verdict(self) -> Markup:
        sign, class_ = ("✓ ", "good") if self.passed else ("✗ ", "bad")
        overridden = (
            tag("p", tag("b", say("! Overridden")), say(" by {overridden}", overridden=self.overridden))
            if self.overridden
            else None
        )
        return join([tag("p", sign, self.verdict, class_=class_), overridden])

    def _form(self) -> Markup | None:
        if self.passed or self.overridden or self._override is None:
            return None
        toggle = controls.button(
            "overriding",
            not self.overriding,
            say("Override the verdict"),
            key="open override",
            aria_expanded="true" if self.overriding else "false",
        )
        if not self.overriding:
            return tag("p", toggle)
        note = say("The model stays without a blessing, and is pushed under your name and for your reason.")
        form = decision_form(
            say("Override the verdict"), (self.who, self.why), {"override": say("Let it pass")}
        )
        return join([tag("p", toggle), tag("p", note, class_="note"), told(False, self.failure), form])


def _table(rows: Sequence[Markup]) -> Markup:
    if not rows:
        return tag("p", say("There are no thresholds."), class_="note")
    return listing(map(say, _COLUMNS), rows, say("Thresholds"), class_="slices")


def _row(threshold: Threshold) -> Markup:
    met = (
        tag("span", say("✓ met"), class_="good")
        if threshold.met
        else tag("span", say("✗ missed"), class_="bad")
    )
    if threshold.note:
        left_out = tag("span", say("not counted")) if threshold.met else met
        met = join([left_out, BREAK, tag("small", threshold.note)])
    return tag(
        "tr",
        tag("th", tag("b", threshold.metric), BREAK, tag("small", say_known(threshold.slice)), scope="row"),
        tag("td", f"{say(threshold.bound)} {number(threshold.threshold)}"),
        tag("td", tag("div", tag("span", number(threshold.value)), _chart(threshold)), class_="number"),
        [tag("td", text, class_="number") for text in (number(threshold.baseline), signed(threshold.change))],
        tag("td", signed(threshold.margin), class_="number"),
        tag("td", met, class_="number"),
    )


def _chart(threshold: Threshold) -> Markup | None:
    """The value with a line to the baseline's, and the limit that it must keep."""
    if threshold.value is None or threshold.limit is None:
        return None
    baseline = threshold.baseline if threshold.baseline is not None else threshold.value
    places = [threshold.value, baseline, threshold.limit]
    low, high = min(places), max(places)
    room = (high - low) * 0.15
    drawing = charts.whisker(
        threshold.value,
        min(threshold.value, baseline),
        max(threshold.value, baseline),
        low=low - room,
        high=high + room,
        size=_CHART,
        thresholds=[threshold.limit],
    )
    return tag("span", drawing, class_=f"whisker {charts.colour(0)}")


def _line(threshold: Threshold) -> str:
    found = threshold.note or say(
        "found {value} (margin {margin})", value=number(threshold.value), margin=signed(threshold.margin)
    )
    return say(
        "missed: {metric} on {slice}, {bound} {threshold}, {found}",
        metric=threshold.metric,
        slice=say_known(threshold.slice),
        bound=say(threshold.bound),
        threshold=number(threshold.threshold),
        found=found,
    )
