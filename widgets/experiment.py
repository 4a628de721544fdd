"""An experiment: two versions side by side, the evidence on their difference, and a person's last word."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import traitlets

from widgets.asked_view import AskedView
from widgets.parts import controls, curves
from widgets.parts.decision_form import attempt, decision_form, told
from widgets.parts.experiment_rows import arms_table, legend, metrics_table, pictures
from widgets.parts.formats import number, share
from widgets.parts.language import marked, say, say_each
from widgets.parts.markup import Markup, join, prose, tag
from widgets.values.experiment import Desk, Shown

_ACTIONS = {
    "promote": marked("Promote"),
    "roll back": marked("Roll back"),
    "stop": marked("Stop without a verdict"),
}
_SIGNS = {
    marked("running"): ("quiet", "●"),
    marked("promoted"): ("good", "✓"),
    marked("rolled back"): ("bad", "✗"),
    marked("stopped"): ("quiet", "■"),
}
_NO_EVIDENCE = (marked("without a user"), marked("of several users"), marked("version not loaded"))
_NOTE = marked(
    "A difference is candidate minus control; its bounds hold at all looks "
    "together, so you may look at any time. The candidate is rolled back once a "
    "metric is certainly beyond its limit, and promoted once none can be."
)


class Experiment(AskedView):
    """Shows an experiment in its current state, and lets a person end it.

    Args:
        desk: the desk where it is looked at and ended.
        state: traits to begin with, such as `who="Ann"`.
    """

    title = "Experiment"

    who = traitlets.Unicode(help="name of the person who decides").tag(sync=True)
    why = traitlets.Unicode(help="reason for the decision").tag(sync=True)
    fresh = traitlets.Int(help="counts how often the latest state was asked for").tag(sync=True)

    def __init__(self, desk: Desk, **state: Any) -> None:
        self._desk, self._told = desk, (True, "")
        self._shown = desk.look()
        super().__init__(**state)

    @traitlets.observe("fresh")
    def _look_again(self, _change: object) -> None:
        self._draw_again()

    def act(self, asked: Sequence[str], /) -> None:
        if self._shown is not None and self._shown.state != "running":
            return  # ended by a press just before this one
        self._told = attempt(partial(self._desk.decide, asked[0], self.who, self.why))
        self._draw_again()

    def _draw_again(self) -> None:
        self._shown = self._desk.look()
        self.content = self.draw_content()

    def draw_controls(self) -> Markup:
        return Markup("")

    def draw_content(self) -> Markup:
        again = controls.button("fresh", self.fresh + 1, say("Refresh"), key="fresh")
        one = self._shown
        if one is None:
            return join([tag("p", prose(_nothing()), role="status"), told(*self._told), tag("p", again)])
        form = None
        if one.state == "running":
            form = decision_form(
                say("End the experiment"), (self.who, self.why), say_each(_ACTIONS), "", again
            )
        return join([_sentence(one), told(*self._told), *_facts(one), form])

    def html_face(self) -> Markup:
        one = self._shown
        return tag("p", prose(_nothing())) if one is None else join([_sentence(one), *_facts(one)])

    def text_face(self) -> str:
        if self._shown is None:
            return _nothing()
        arms = [
            say("{name} {requests} requests", name=say(one.name), requests=number(one.requests))
            for one in self._shown.arms
        ]
        return say(
            "Experiment {in_words}\n{arms}; {why}",
            in_words=_in_words(self._shown),
            arms=", ".join(arms),
            why=self._shown.why,
        )


def _nothing() -> str:
    return say(
        "No experiment has been started yet. Push a model to try, and let `kit canary start` give it to some of "
        "the users; `kit canary watch` decides."
    )


def _in_words(one: Shown) -> str:
    control, candidate = one.arms
    by = say(" by {who}", who=one.who) if one.who else ""
    return say(
        "{name}, {state}{by}: version {version} for {share}, by {unit}; {other} for the others.",
        name=one.name,
        state=say(one.state),
        by=by,
        version=candidate.version,
        share=share(candidate.share),
        unit=one.unit,
        other=control.version,
    )


def _sentence(one: Shown) -> Markup:
    look, sign = _SIGNS[one.state]
    state = tag("p", tag("span", sign, class_=look), f" {_in_words(one)}", class_="state")
    return tag("div", state, tag("p", tag("b", _why(one))), role="status")


def _why(one: Shown) -> str:
    return f"{one.why[:1].upper()}{one.why[1:]}."


def _facts(one: Shown) -> list[Markup | None]:
    drawn = pictures(one.metrics)
    left_out = [f"{number(amount)} {say(why)}" for why, amount in one.left_out.items() if amount]
    failures = say(
        "Evidence that the candidate fails more often: {evidence}; {needed} rolls it "
        "back. Looks so far: {looks}.",
        evidence=number(one.evidence),
        needed=number(one.needed),
        looks=number(one.looks),
    )
    return [
        arms_table(one.arms),
        metrics_table(one.metrics),
        curves.grid(drawn) if drawn else None,
        legend() if drawn else None,
        tag("p", failures, class_="note"),
        tag(
            "p",
            say("Requests not counted as evidence: {left_out}.", left_out=", ".join(left_out)),
            class_="note",
        )
        if left_out
        else None,
        tag("p", say(_NOTE), class_="note"),
    ]
