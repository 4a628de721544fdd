"""A load sweep: throughput against p99 for each batching setting, and the cheapest that meets the goal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import traitlets

from widgets.face import room
from widgets.parts import controls, curves
from widgets.parts.budget import fit, left_out_note
from widgets.parts.formats import MISSING, count, number
from widgets.parts.language import marked, say
from widgets.parts.load_rows import WANTED, Setting, row, settings_of, table
from widgets.parts.markup import Markup, join, prose, tag
from widgets.values.load import Sweep
from widgets.view import View

# The highest p99 that the chart shows, as a multiple of the wanted one: above it the queue only grows.
_HIGHEST = 4.0
_HEAD_BYTES = 40_000  # of a static face without its rows
_NOTE = marked(
    "Requests arrived at random times, whether or not earlier ones had been "
    "answered, and waiting counts. Further right, more requests are answered; "
    "further down, sooner. In time means within the wanted p99 and without errors. "
    "The table has the p99 at the wanted rate, and the server's processor time per "
    "answer."
)


class LoadSweep(View):
    """Shows how each batching setting does at rising rates, and which is chosen.

    Args:
        sweep: what was measured; None: nothing yet.
        state: traits to begin with, such as `only="32 rows"`.
    """

    title = "Load sweep"

    only = traitlets.Unicode(help="the one setting that is drawn beside the chosen one; empty: all").tag(
        sync=True, redraw=True
    )

    def __init__(self, sweep: Sweep | None, **state: Any) -> None:
        self._settings = settings_of(sweep) if sweep else []
        if sweep:
            self._sweep = sweep
        super().__init__(**state)

    def draw_controls(self) -> Markup:
        names = [one.name for one in self._settings if not one.chosen]
        if len(names) < 2:  # noqa: PLR2004  nothing to choose from
            return Markup("")
        return controls.choice("only", say("Setting"), {"": say("all"), **{name: name for name in names}})

    def draw_content(self) -> Markup:
        if not self._settings:
            return tag("p", prose(_nothing()), role="status")
        drawn = self._drawn()
        rows = [row(one) for one in self._settings]
        return join(
            [self._sentence(), self._chart(drawn), self._legend(drawn), self._table(rows), self._note()]
        )

    def html_face(self) -> Markup:
        if not self._settings:
            return tag("p", prose(_nothing()))
        fitted = fit(self._settings, [row], room(_HEAD_BYTES))
        left_out = len(self._settings) - len(fitted.rows)
        drawn = self._some()
        return join(
            [
                self._sentence(),
                self._chart(drawn),
                self._legend(drawn),
                self._table(fitted.rows),
                left_out_note(left_out, count(left_out, "setting")),
                self._note(),
            ]
        )

    def text_face(self) -> str:
        return f"{self._asked()}\n{self._in_words()}" if self._settings else _nothing()

    def _asked(self) -> str:
        measured = say(
            "{settings} measured in {points}",
            settings=count(len(self._settings), "setting"),
            points=count(len(self._sweep.points), "point"),
        )
        return say("Wanted: {wanted}. {measured}.", wanted=_wanted(self._sweep), measured=measured)

    def _in_words(self) -> str:
        chosen = next((one for one in self._settings if one.chosen), None)
        if chosen is None or chosen.there is None:
            if plain := next((one for one in self._settings if one.serves_plainly), None):
                return say(
                    "Chosen: none. No batching setting meets the target, but {name} does: use that.",
                    name=plain.name,
                )
            return say(
                "Chosen: none. No setting meets the target: ask for less, or serve with more processors."
            )
        there = chosen.there
        cost = say("{processor_ms} ms of processor time per answer", processor_ms=number(there.processor_ms))
        said = say(
            "Chosen: {name}. At that rate its p99 is {p99_ms} ms, for {cost}, the least of the settings that batch.",
            name=chosen.name,
            p99_ms=number(there.p99_ms),
            cost=cost,
        )
        without = next((one.there for one in self._settings if one.serves_plainly), None)
        if without is None or without.processor_ms >= there.processor_ms:
            return said
        less = say(
            "Without batching it is less: {processor_ms} ms.", processor_ms=number(without.processor_ms)
        )
        return f"{said} {less}"

    def _sentence(self) -> Markup:
        look = "good" if self._sweep.chosen else "bad"
        return tag(
            "div", tag("p", self._asked()), tag("p", tag("b", self._in_words(), class_=look)), role="status"
        )

    def _drawn(self) -> list[Setting]:
        """The lines of the live chart."""
        chosen = [one for one in self._settings if one.chosen or one.name == self.only]
        return chosen if any(one.name == self.only for one in chosen) else self._some()

    def _some(self) -> list[Setting]:
        return curves.some_lines(self._settings, lambda one: one.chosen)

    def _chart(self, drawn: Sequence[Setting]) -> Markup | None:
        highest = _HIGHEST * self._sweep.target.p99_ms
        runs: dict[str, list[tuple[float, float]]] = {
            one.name: [(each.rate, each.p99_ms) for each in one.points if each.p99_ms <= highest]
            for one in drawn
        }
        rates = [rate for points in runs.values() for rate, _ in points if math.isfinite(rate)]
        if not rates:
            return None
        wanted = self._sweep.target.p99_ms
        runs[say(WANTED)] = [(min(rates), wanted), (max(*rates, self._sweep.target.rate), wanted)]
        return curves.figure(
            say("p99 in milliseconds over answers per second"),
            runs,
            self._looks(drawn),
            say("answers per second"),
            _whole,
        )

    def _legend(self, drawn: Sequence[Setting]) -> Markup | None:
        looks = self._looks(drawn)
        chosen = self._sweep.chosen
        return curves.legend({f"✓ {name}" if name == chosen else name: look for name, look in looks.items()})

    def _looks(self, drawn: Sequence[Setting]) -> dict[str, int]:
        """The colours of the lines, which do not depend on what else is drawn."""
        looks = {one.name: one.place for one in drawn}
        return {**looks, say(WANTED): curves.dashed(len(self._settings))}

    def _table(self, rows: Sequence[Markup]) -> Markup | None:
        return table(rows) if rows else None

    def _note(self) -> Markup:
        highest = number(_HIGHEST * self._sweep.target.p99_ms)
        return tag(
            "p",
            say(_NOTE) + say(" Points above {highest} ms are not drawn.", highest=highest),
            class_="note",
        )


def _nothing() -> str:
    return say(
        "No load has been measured yet. `kit tune-batching --rate 500 --p99 20` queries a server at rising rates with "
        "each batching setting, and writes the cheapest that answers so many requests per second in time."
    )


def _wanted(sweep: Sweep) -> str:
    return say(
        "{rate} requests per second, 99 of 100 within {p99_ms} ms",
        rate=number(sweep.target.rate),
        p99_ms=number(sweep.target.p99_ms),
    )


def _whole(rate: float) -> str:
    return number(round(rate)) if math.isfinite(rate) else MISSING
