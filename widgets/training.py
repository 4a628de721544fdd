"""A training while it runs: its curves beside earlier ones, the remaining time, and a way to stop it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets

from widgets.face import room
from widgets.live_view import LiveView
from widgets.parts import charts, controls, curves
from widgets.parts.budget import fit
from widgets.parts.decision_form import attempt, told
from widgets.parts.formats import count, number
from widgets.parts.language import marked, say, say_known
from widgets.parts.markup import Markup, join, tag
from widgets.parts.modules import extended, script, source, styles
from widgets.parts.training_runs import duration, metrics, pictures, sentence, table
from widgets.values.training import Desk, TrainingRun

_SIGNS = {"waiting": "○", "training": "●", "stopping": "●", "stopped": "✓", "done": "✓"}
_ALL = "all"
_DRAWN = 12  # charts of the live face, which is redrawn every second
_MOST = 60  # charts of the static face, before its bytes are counted
_NAMED = 3  # metrics named by the text face
_HEAD_BYTES = 30_000  # of a static face without its charts
_NOTE = marked("Over epochs, solid lines are for held-out rows, dashed ones for training rows.")
_NOTE_OF_MANY = marked(
    "Over epochs, solid lines are for held-out rows, dashed ones for training rows; from the seventh training on, dots "
    "are for held-out rows, dashes and dots for training rows."
)


class Training(LiveView):
    """Shows the training that runs inside its `with` block, and keeps its final state.

    The request to stop comes in while the kernel is busy, if the front end has subshells. Otherwise the view names the
    command that does the same in a terminal.

    Args:
        desk: the desk where the training is looked at and ended.
        state: traits to begin with, such as `compared="all"`.
    """

    title = "Training"
    _esm = extended(script("view.js"), "training/stop.js")
    _css = styles("training/training.css")

    compared = traitlets.Unicode(help="name of an earlier training, `all`, or empty").tag(
        sync=True, redraw=True
    )
    stopping = traitlets.Bool(help="set when somebody wants the training to end").tag(sync=True)
    under_way = traitlets.Bool(help="whether there is something to stop").tag(sync=True)
    by_hand = traitlets.Unicode(help="the command that stops it").tag(sync=True)

    def __init__(self, desk: Desk, **state: Any) -> None:
        self._desk = desk
        self._told = (True, "")
        self._runs: Sequence[TrainingRun] = desk.runs()
        super().__init__(**state)

    def end_well(self) -> None:
        self._desk.end()

    def take(self) -> None:
        self._runs = self._desk.runs()
        self.by_hand = self._desk.by_hand()
        self.under_way = self._runs[0].state in {"training", "stopping"} and not self.failed

    @traitlets.observe("stopping")
    def _stop(self, _change: object) -> None:
        if not self.stopping:
            return
        self._told = attempt(self._desk.stop)
        if not self._told[0]:
            self.stopping = False
        self._redraw(None)

    def draw_controls(self) -> Markup:
        options = {"": say("nothing")} | {run.name: run.name for run in self._runs[1:]}
        if len(options) > 2 or self.compared == _ALL:  # noqa: PLR2004  nothing, and one training
            options[_ALL] = say("all of them")
        stop = controls.button("stopping", True, say("Stop and keep the best epoch"), key="stop", hidden=True)
        hint = tag("p", say("To stop it and keep the best epoch, in a terminal: "), tag("code"), hidden=True)
        choice = controls.choice("compared", say("Compare with"), options) if len(options) > 1 else None
        return join([choice, stop, hint])

    def draw_content(self) -> Markup:
        shown = self._shown()
        drawn = pictures(shown, _DRAWN)
        return join(
            [
                tag("div", self._state(), role="status"),
                told(*self._told) if not self._ended() else None,
                self._bar(),
                table(shown) if self._ended() or len(shown) > 1 else None,
                curves.grid(drawn),
                tag("p", self._note(), class_="note") if drawn else None,
                _left_out(metrics(shown) - len(drawn)),
            ]
        )

    def html_face(self) -> Markup:
        shown = self._shown()
        fitted = fit(pictures(shown, _MOST), [_as_it_is], room(_HEAD_BYTES))
        return join(
            [
                tag("style", Markup(source("training/training.css"))),
                self._state(),
                table(shown),
                curves.grid(fitted.rows),
                tag("p", self._note(), class_="note") if fitted.rows else None,
                _left_out(metrics(shown) - len(fitted.rows)),
            ]
        )

    def text_face(self) -> str:
        now = self._runs[0]
        last = [
            f"{name}: {', '.join(_last(part, points) for part, points in parts.items() if points)}"
            for name, parts in list(now.by_epoch.items())[:_NAMED]
        ]
        return "\n".join([say("Training: {said}", said=self._said()), *last])

    def _shown(self) -> list[TrainingRun]:
        now, *earlier = self._runs
        return [now, *(run for run in earlier if self.compared in {run.name, _ALL})]

    def _note(self) -> str:
        return say(_NOTE if len(self._shown()) <= charts.COLOURS else _NOTE_OF_MANY)

    def _ended(self) -> bool:
        return self.failed or self._runs[0].state in {"stopped", "done"}

    def _said(self) -> str:
        if not self.failed:
            if not self.entered and self._runs[0].state == "waiting":  # of no block: no step will come
                return say("follows no training; earlier ones can be compared")
            return sentence(self._runs[0])
        ended = say("Trainer has ended without a model")
        over = _epochs_over(self._runs[0])
        return (
            f"{ended}{say('; run it again: it resumes after epoch {epoch}', epoch=over)}" if over else ended
        )

    def _state(self) -> Markup:
        sign = "✗" if self.failed else _SIGNS[self._runs[0].state]
        look = "bad" if self.failed else "good" if self._ended() else "quiet"
        return tag("p", tag("span", sign, class_=look), f" {self._said()}", class_="state")

    def _bar(self) -> Markup | None:
        progress = self._runs[0].progress
        if progress is None or not progress.steps or self._ended():
            return None
        said = say(
            "{step} of {steps} steps after {time}",
            step=number(progress.step),
            steps=number(progress.steps),
            time=duration(progress.seconds),
        )
        return tag("progress", said, value=progress.step, max=progress.steps, aria_label=said)


def _epochs_over(run: TrainingRun) -> int:
    """How many epochs are over, each with a checkpoint; its curves outlive the folder of a training that failed."""
    steps = (points[-1][0] for parts in run.by_epoch.values() for points in parts.values() if points)
    return int(max(steps, default=0))


def _left_out(amount: int) -> Markup | None:
    text = say("{charts} more: TensorBoard has all.", charts=count(amount, "chart"))
    return tag("p", text, class_="note") if amount else None


def _as_it_is(drawn: Markup) -> Markup:
    return drawn


def _last(part: str, points: Sequence[tuple[float, float]]) -> str:
    return f"{say_known(part)} {number(points[-1][1])}"
