"""An experiment: two versions beside each other, what is known of their difference, and a person's last word."""

from __future__ import annotations

from functools import partial
from typing import Any

import traitlets

from widgets.parts import controls, curves
from widgets.parts.decision_form import attempt, decision_form, told
from widgets.parts.experiment_rows import arms_table, legend, metrics_table, pictures
from widgets.parts.formats import number, share
from widgets.parts.markup import Markup, join, tag
from widgets.values_experiment import Desk
from widgets.view import View

_ACTIONS = {"promote": "Promote", "roll back": "Roll back", "stop": "Stop without a verdict"}
_SIGNS = {
    "running": ("quiet", "●"),
    "promoted": ("good", "✓"),
    "rolled back": ("bad", "✗"),
    "stopped": ("quiet", "■"),
}
_NOTE = (
    "A difference is candidate minus control; its bounds hold at all looks together, so that one may look at any time. "
    "The candidate is taken back when a metric is beyond its limit for sure, and promoted when none can be."
)


class Experiment(View):
    """Shows an experiment as it is known when it is drawn, and lets a person end it.

    Args:
        desk: where it is looked at and ended.
        state: traits to begin with, such as `who="Ann"`.
    """

    title = "Experiment"

    who = traitlets.Unicode(help="name of the person who decides").tag(sync=True)
    why = traitlets.Unicode(help="reason of the decision").tag(sync=True)
    asked = traitlets.List(traitlets.Unicode(), maxlen=2, help="decision to take").tag(sync=True)
    fresh = traitlets.Int(help="counts how often somebody asked for what is known now").tag(sync=True)

    def __init__(self, desk: Desk, **state: Any) -> None:
        self._desk, self._told = desk, (True, "")
        self._shown = desk.look()
        super().__init__(**state)

    @traitlets.observe("fresh")
    def _look_again(self, _change: object) -> None:
        self._draw_again()

    @traitlets.observe("asked")
    def _take_decision(self, _change: object) -> None:
        if not self.asked:
            return
        action = self.asked[0]
        self._told = attempt(partial(self._desk.decide, action, self.who, self.why))
        self.asked = []
        self._draw_again()

    def _draw_again(self) -> None:
        self._shown = self._desk.look()
        self.content = self.draw_content()

    def draw_controls(self) -> Markup:
        return Markup("")

    def draw_content(self) -> Markup:
        again = controls.button("fresh", self.fresh + 1, "Look at what is known now", key="fresh")
        if self._shown.state == "running":
            form = decision_form("End the experiment", (self.who, self.why), _ACTIONS, "", again)
        else:
            form = None
        return join([self._sentence(), told(*self._told), *self._facts(), form])

    def html_face(self) -> Markup:
        return join([self._sentence(), *self._facts()])

    def text_face(self) -> str:
        arms = [f"{one.name} {number(one.requests)} requests" for one in self._shown.arms]
        return f"Experiment {self._in_words()}\n{', '.join(arms)}; {self._shown.why}"

    def _in_words(self) -> str:
        one = self._shown
        control, candidate = one.arms
        by = f" by {one.who}" if one.who else ""
        return (
            f"{one.name}, {one.state}{by}: version {candidate.version} for {share(candidate.share)}, by {one.unit}; "
            f"{control.version} for the others."
        )

    def _sentence(self) -> Markup:
        look, sign = _SIGNS[self._shown.state]
        state = tag("p", tag("span", sign, class_=look), f" {self._in_words()}", class_="state")
        return tag("div", state, tag("p", tag("b", self._why())), role="status")

    def _why(self) -> str:
        return f"{self._shown.why[:1].upper()}{self._shown.why[1:]}."

    def _facts(self) -> list[Markup | None]:
        one = self._shown
        drawn = pictures(one.metrics)
        left_out = [f"{number(amount)} {why}" for why, amount in one.left_out.items() if amount]
        failures = (
            f"Evidence that the candidate fails more often: {number(one.evidence)}; {number(one.needed)} takes it "
            f"back. Looked at {number(one.looks)} times."
        )
        return [
            arms_table(one.arms),
            metrics_table(one.metrics),
            curves.grid(drawn) if drawn else None,
            legend() if drawn else None,
            tag("p", failures, class_="note"),
            tag("p", f"No evidence are requests: {', '.join(left_out)}.", class_="note")
            if left_out
            else None,
            tag("p", _NOTE, class_="note"),
        ]
