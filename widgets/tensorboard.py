"""TensorBoard in the notebook, and static curves where it cannot run."""

from __future__ import annotations

from typing import Any, Protocol

import traitlets

from widgets.face import room
from widgets.parts import controls, curves
from widgets.parts.budget import fit
from widgets.parts.decision_form import attempt, told
from widgets.parts.formats import count, number
from widgets.parts.language import marked, say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.modules import extended, script
from widgets.values.training import Curves
from widgets.view import View

_DRAWN = 18  # runs, each in a colour or dashes of its own
_NAMED = 3  # tags named by the text face
_HEAD_BYTES = 20_000  # of a static face without its charts
_ADVICE = marked(
    "Expected TensorBoard from the Jupyter server, found {answer}. Run the cell again. If that does not help: is the "
    "server extension of this kit on (jupyter server extension list), and was Jupyter started from the kit's "
    "environment?"
)


class Server(Protocol):
    """A TensorBoard: its curves, and the server itself."""

    def curves(self) -> Curves:
        """Return the scalars."""

    def start(self) -> str:
        """Start it unless it is running; return its address below the base URL of the Jupyter server."""

    def stop(self) -> None:
        """End it."""


class TensorBoard(View):
    """Shows TensorBoard while a person is there, and pictures of its curves to everyone else.

    Args:
        server: started when the live view is shown, never in a batch.
        state: traits to begin with, such as `height=900`.
    """

    title = "TensorBoard"
    _esm = extended(script("view.js"), "tensorboard/frame.js")

    height = traitlets.Int(640, min=200, max=4000, help="height of the frame in CSS pixels").tag(
        sync=True, redraw=True
    )
    running = traitlets.Bool(True, help="whether TensorBoard runs").tag(sync=True, redraw=True)

    def __init__(self, server: Server, **state: Any) -> None:
        self._server = server
        super().__init__(**state)

    @traitlets.observe("running")
    def _end(self, _change: object) -> None:
        if not self.running:
            self._server.stop()

    def draw_controls(self) -> Markup:
        return Markup("")

    def draw_content(self) -> Markup:
        if not self.running:
            return join([_button(True, say("Start TensorBoard")), self.html_face()])
        done, said = attempt(self._server.start)
        if not done:
            return join([told(False, said), self.html_face()])
        new_tab = tag("a", say("Open in a tab of its own"), target="_blank", rel="noopener")
        frame = tag(
            "iframe",
            title=self.title,
            hidden=True,
            style=f"box-sizing:border-box;width:100%;height:{self.height}px;"
            "border:1px solid var(--line);border-radius:6px",
        )
        problem = tag("p", class_="bad", role="alert", hidden=True, data_advice=say(_ADVICE))
        bar = tag("p", new_tab, " ", _button(False, say("Stop TensorBoard")))
        return tag("div", bar, problem, frame, data_address=said)

    def html_face(self) -> Markup:
        found = self._server.curves()
        runs = _runs(found)
        looks = {run: place for place, run in enumerate(runs[:_DRAWN])}
        fitted = fit(
            sorted(found),
            [
                lambda name: curves.figure(
                    name,
                    {run: points for run, points in found[name].items() if run in looks},
                    looks,
                    say("step"),
                )
            ],
            room(_HEAD_BYTES),
        )
        return join(
            [
                tag(
                    "p",
                    say(
                        "{curves} of {runs}, as TensorBoard has them",
                        curves=count(len(found), "curve"),
                        runs=count(len(runs), "run"),
                    ),
                ),
                curves.legend(looks),
                curves.grid(fitted.rows),
                _left_out(len(found) - len(fitted.rows), "curve"),
                _left_out(len(runs) - len(looks), "run"),
            ]
        )

    def text_face(self) -> str:
        found = self._server.curves()
        last = [
            f"{name}: {', '.join(f'{run} {number(points[-1][1])}' for run, points in list(runs.items())[:_NAMED])}"
            for name, runs in sorted(found.items())[:_NAMED]
        ]
        return "\n".join(
            [
                say(
                    "TensorBoard: {curves} of {runs}",
                    curves=count(len(found), "curve"),
                    runs=count(len(_runs(found)), "run"),
                ),
                *last,
            ]
        )


def _runs(found: Curves) -> list[str]:
    return sorted({run for runs in found.values() for run in runs})


def _button(running: bool, text: str) -> Markup:
    return controls.button("running", running, text, key="run")


def _left_out(amount: int, what: str) -> Markup | None:
    text = say("{amount} are left out here; TensorBoard in JupyterLab has all.", amount=count(amount, what))
    return tag("p", text, class_="note") if amount else None
