"""The gate simulator: move thresholds, and see which of the last runs would have passed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import traitlets

from widgets.face import room
from widgets.paged_view import PagedView
from widgets.parts import controls
from widgets.parts.budget import fit, left_out_note
from widgets.parts.copied import COPY, copied
from widgets.parts.formats import count, first_lines, number
from widgets.parts.language import say
from widgets.parts.markup import Markup, join, prose, tag
from widgets.parts.modules import extended, script, styles
from widgets.parts.simulator_rows import MOST_MOVED, run_row, said, sliders, table
from widgets.values.simulator import SimulatedRun, SimulatedThreshold, Write, passes

_NAMED = 3  # thresholds named by the text face
_HEAD_BYTES = 6_000  # of a static face without its rows and gates


class GateSimulator(PagedView):
    """Shows which runs would pass the moved thresholds, and the gates to put into the project.

    Args:
        thresholds: the thresholds of the project, in their order.
        runs: the newest first, each with what decides each threshold.
        write: gives the gates with other thresholds as text.
        state: traits to begin with, such as `at=[0.8]`.
    """

    title = "Gate simulator"
    _esm = extended(script("view.js"), COPY, "simulator/simulator.js")
    _css = styles("copied/copied.css", "simulator/simulator.css")

    at = traitlets.List(traitlets.Float(), help="one value per threshold, in the order of `thresholds`").tag(
        sync=True, redraw=True
    )

    def __init__(
        self,
        thresholds: Sequence[SimulatedThreshold],
        runs: Sequence[SimulatedRun],
        write: Write,
        **state: Any,
    ) -> None:
        self.thresholds, self.runs, self._write = tuple(thresholds), tuple(runs), write
        super().__init__(**{"at": self._own(), **state})

    @traitlets.validate("at")
    def _check_at(self, proposal: dict[str, Any]) -> list[float]:
        at: list[float] = proposal["value"]
        if len(at) != len(self.thresholds) or not all(map(math.isfinite, at)):
            raise traitlets.TraitError(
                say(
                    "Expected {amount} finite numbers, one per threshold, found {at}. Give all of them.",
                    amount=len(self.thresholds),
                    at=at,
                )
            )
        return at

    def passing(self) -> list[bool | None]:
        """Whether each run would pass; None: not known."""
        return [passes(self.thresholds, self.at, run) for run in self.runs]

    def draw_controls(self) -> Markup:
        if not self.thresholds:
            return Markup("")
        left_out = len(self.thresholds) - MOST_MOVED
        note = say(
            "{thresholds} more stay where they are; set the trait `at` to move them.",
            thresholds=count(left_out, "threshold"),
        )
        return join(
            [
                sliders(self.thresholds, self.runs),
                controls.button("at", self._own(), say("Back to the project"), key="back"),
                tag("span", prose(note), class_="note") if left_out > 0 else None,
            ]
        )

    def draw_content(self) -> Markup:
        shown, pager = self.on_page(self.runs)
        rows = [self._row(run) for run in shown]
        return join(
            [
                tag("p", self._sentence(), role="status"),
                table(rows) if rows else None,
                pager,
                tag("p", say("The gates with these thresholds, for project.yml:"), class_="note"),
                copied(self._write(self.at), "gates"),
            ]
        )

    def html_face(self) -> Markup:
        moved = self._moved()
        gates = self._write(self.at)
        fitted = fit(self.runs, [self._row], room(_HEAD_BYTES + 2 * len(gates.encode())))
        left_out = len(self.runs) - len(fitted.rows)
        return join(
            [
                tag("p", self._sentence()),
                tag("ul", [tag("li", one) for one in moved[:MOST_MOVED]]) if moved else None,
                table(fitted.rows) if fitted.rows else None,
                left_out_note(left_out, count(left_out, "run")),
                tag("details", tag("summary", say("Gates for project.yml")), tag("pre", gates)),
            ]
        )

    def text_face(self) -> str:
        return "\n".join([self._sentence(), *first_lines(self._moved(), _NAMED, str)])

    def _own(self) -> list[float]:
        return [float(threshold.threshold) for threshold in self.thresholds]

    def _moved(self) -> list[str]:
        return [
            say(
                "moved: {name} {at}, in the project {threshold}",
                name=said(threshold),
                at=number(at),
                threshold=number(threshold.threshold),
            )
            for threshold, at in zip(self.thresholds, self.at, strict=True)
            if at != threshold.threshold
        ]

    def _row(self, run: SimulatedRun) -> Markup:
        return run_row(run, self.thresholds, self.at)

    def _sentence(self) -> str:
        if not self.runs:
            return say("No run to try thresholds on: nothing was evaluated here yet.")
        if not self.thresholds:
            return say(
                "There are no thresholds: each of {runs} would pass.", runs=count(len(self.runs), "run")
            )
        passing = self.passing()
        unknown = passing.count(None)
        others = [
            run
            for run, now in zip(self.runs, passing, strict=True)
            if None not in {now, run.blessed} and now != run.blessed
        ]
        words = [
            say(
                "{passing} of {runs} would pass",
                passing=number(passing.count(True)),
                runs=count(len(self.runs), "run"),
            ),
            *([say("{unknown} unknown", unknown=number(unknown))] if unknown else []),
            say(
                "{number} differs from its verdict then"
                if len(others) == 1
                else "{number} differ from their verdict then",
                number=number(len(others)),
            ),
        ]
        return "; ".join(words) + "."
