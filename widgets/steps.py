"""One step while it runs, and then how it ended, why it was not cached, what it made, and the end of its log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import traitlets
from IPython.core.getipython import get_ipython
from IPython.display import display

from widgets.parts.formats import count, first_lines, shorten
from widgets.parts.language import marked, say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.modules import extended, script, source, styles
from widgets.parts.tables import listing, scrollable
from widgets.road import Road, Stop
from widgets.values.steps import Artifact, Step
from widgets.view import View

_SAID = {
    marked("begun"): ("○", marked("checks whether anything has changed")),
    marked("waiting"): ("○", marked("waits")),
    marked("running"): ("●", marked("is running")),
    marked("done"): ("✓", marked("done")),
    marked("cached"): ("✓", marked("unchanged, taken from the cache")),
    marked("failed"): ("✗", marked("failed")),
    marked("interrupted"): ("✗", marked("was stopped")),
}
_UNDER_WAY = ("begun", "waiting", "running")
_ENDED_BADLY = ("failed", "interrupted")
_DIFFERENCES, _ARTIFACTS, _LETTERS = 12, 20, 300  # shown of one step, and of one text
_HINT = marked("To stop it, interrupt the kernel (■ in the toolbar).")


def show_step(first: Step) -> Callable[[Step], None]:
    """Show a step below the cell that runs it.

    Returns:
        A function that takes every later state of the step.
    """
    view = StepView(first)
    handle: Any = display(view, display_id=True) if get_ipython() else None

    def update(now: Step) -> None:
        changed = now.state != view.state or view.road_changes(now)
        view.show(now)
        # The faces that stay in the notebook. With a person present only at the end: the live face has changed already,
        # and remaking it would take its focus, and lose a press of its button.
        if changed and handle is not None and (view.comm is None or not view.under_way):
            handle.update(view)

    return update


class StepView(View):
    """Shows the current state of a step; `show` takes the next one.

    While a cell runs its kernel takes no messages, so the stop button makes the page ask Jupyter's server to interrupt
    the kernel, like the button in the toolbar.
    """

    title = "Step"
    _esm = extended(script("view.js"), "steps/cancel.js")
    _css = styles("steps/steps.css")

    state = traitlets.Enum(list(_SAID), help="state of the step").tag(sync=True)
    under_way = traitlets.Bool(help="whether there is something to stop").tag(sync=True)

    def __init__(self, now: Step, **state: Any) -> None:
        self._now = now
        super().__init__(state=now.state, under_way=now.state in _UNDER_WAY, **state)

    def road_changes(self, now: Step) -> bool:
        """Whether a step of the road is done that was not, such as one that ran beside this one."""
        return dict(now.chain) != dict(self._now.chain)

    def show(self, now: Step) -> None:
        self._now = now
        with self.hold_sync():
            self.state, self.under_way = now.state, now.state in _UNDER_WAY
            self.content = self.draw_content()

    def draw_controls(self) -> Markup:
        name = self._now.step
        cancel = tag(
            "button",
            say("Stop {step}", step=name),
            type="button",
            data_cancel=True,
            data_key="cancel",
            hidden=True,
        )
        return join(
            [
                cancel,
                tag("small", say(_HINT), data_hint=True, data_failed=say("Stopping failed:"), hidden=True),
            ]
        )

    def draw_content(self) -> Markup:
        return self._facts()

    def html_face(self) -> Markup:
        return join([tag("style", Markup(source("steps/steps.css"))), self._facts()])

    def text_face(self) -> str:
        now = self._now
        lines = [f"{now.step}: {_state(now)}"]
        if now.differences:
            more = say(" and {number} more", number=len(now.differences) - 1) if now.differences[1:] else ""
            lines.append(
                say("not from the cache: {why}{more}", why=shorten(now.differences[0], _LETTERS), more=more)
            )
        if now.made:
            names = ", ".join(artifact.name for artifact in now.made[:_ARTIFACTS])
            lines.append(say("made {names}", names=names))
        if now.state in _ENDED_BADLY:
            lines.append(say("log: {file}", file=now.log))
        return "\n".join(lines)

    def _facts(self) -> Markup:
        now = self._now
        sign, _ = _SAID[now.state]
        line = [tag("span", sign, " ", tag("b", now.step), class_=_class(now.state)), f" {_state(now)}"]
        return join([tag("p", line, class_="state"), _road(now), _why(now), _made(now), _log(now)])


def _state(now: Step) -> str:
    """The state in words, such as `is running for 12 s: epoch 3 of 20`."""
    words = say(_SAID[now.state][1])
    if now.state in _UNDER_WAY:
        said = f": {shorten(now.said, _LETTERS)}" if now.said else ""
        return f"{words}, {now.seconds:.0f} s{said}"
    seconds = f"{now.seconds:.1f}"
    if now.state == "done":
        return say("done in {seconds} s", seconds=seconds)
    return f"{words}, {seconds} s"


def _class(state: str) -> str:
    if state in _ENDED_BADLY:
        return "bad"
    return "quiet" if state in _UNDER_WAY else "good"


def _road(now: Step) -> Markup | None:
    if not now.chain:
        return None
    stops = [
        Stop(name, "", done=state in {"done", "cached"}, now=_word(state) if name == now.step else "")
        for name, state in now.chain.items()
    ]
    return tag("div", Road(stops, brief=True).html_face(), class_="chain")


def _word(state: str) -> str:
    sign, _ = _SAID.get(state, ("", ""))
    return f"{sign} {say(state)}".strip()


def _why(now: Step) -> Markup | None:
    if not now.differences:
        return None
    reasons = first_lines(now.differences, _DIFFERENCES, lambda reason: shorten(reason, _LETTERS))
    listed = tag("ul", [tag("li", reason) for reason in reasons])
    return tag("div", tag("p", say("Not from the cache, because"), class_="note"), listed, class_="why")


def _made(now: Step) -> Markup | None:
    if not now.made:
        return None
    titles = (say("Made"), say("Type"), say("Folder"))
    rows = [_artifact(artifact) for artifact in now.made[:_ARTIFACTS]]
    left_out = len(now.made) - len(rows)
    table = listing(titles, rows, say("Artifacts"), class_="made")
    return join([table, tag("p", say("{number} more", number=left_out), class_="note") if left_out else None])


def _artifact(artifact: Artifact) -> Markup:
    name = tag("th", tag("b", shorten(artifact.name, _LETTERS)), scope="row")
    folder = tag("td", tag("code", shorten(artifact.folder, _LETTERS)))
    return tag("tr", name, tag("td", shorten(artifact.type, _LETTERS)), folder)


def _log(now: Step) -> Markup | None:
    if not now.last_lines:
        return None
    lines = "\n".join(shorten(line, _LETTERS) for line in now.last_lines)
    summary = tag("summary", say("Log, the last {lines}", lines=count(len(now.last_lines), "line")))
    text = scrollable(lines, say("The end of the log"), class_=None, element="pre")
    return tag("details", summary, text, tag("p", say("All of it: "), tag("code", now.log), class_="note"))
