"""Rows of the view of profiles: whole steps, and operations beside those of another training."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

from widgets.parts import charts
from widgets.parts.formats import MISSING, number, share
from widgets.parts.language import say
from widgets.parts.markup import Markup, tag
from widgets.parts.tables import listing, opened_row, titled_table
from widgets.values.profile import Operation, Profile

_SHOWN, _WAITING = 0, 4  # colours
_NODES = 60  # of a kernel that are listed


class Comparison:
    """Operations of one profile beside the time that the same nodes of the graph take in another.

    Args:
        shown: the profile.
        other: another; None: there is none.
        other_name: the name of its training.
    """

    def __init__(self, shown: Profile, other: Profile | None, other_name: str) -> None:
        self._shown, self._other, self._other_name = shown, other, other_name
        self._longest = max((one.microseconds for one in shown.operations), default=0.0) or 1.0

    @property
    def _titles(self) -> list[str]:
        own = [say("Operation"), say("Type"), say("Times per step"), say("µs per step")]
        return [*own, say("The same in {other_name}", other_name=self._other_name)] if self._other else own

    @cached_property
    def _before(self) -> Mapping[str, float]:
        """The time of each node of the graph in the other profile; a kernel's nodes all have its whole time."""
        found: defaultdict[str, float] = defaultdict(float)
        for one in self._other.operations if self._other else ():
            for node in {one.name, *one.fused}:
                found[node] += one.microseconds
        return found

    def before(self, one: Operation) -> float | None:
        """The time of an operation, or of all that a kernel holds, in the other profile; None: it is not there."""
        known = [self._before[node] for node in one.fused or [one.name] if node in self._before]
        return sum(known) if known else None

    def table(self, rows: Sequence[Markup]) -> Markup:
        """The rows below a header."""
        return listing(self._titles, rows, say("Operations"), class_="bars")

    def cells(self, one: Operation, name: Markup) -> list[Markup]:
        """The cells of an operation."""
        width = f"width:{one.microseconds / self._longest * 100:.0f}%"
        bar = tag("span", tag("i", style=width, class_=charts.colour(_SHOWN)), class_="bar")
        kind = (
            say("{part} of {total}", part=one.type, total=number(len(one.fused)))
            if len(one.fused) > 1
            else one.type
        )
        own = [
            tag("th", name, scope="row"),
            tag("td", kind),
            tag("td", number(round(one.times, 1)), class_="number"),
            tag("td", bar, tag("span", _micro(one.microseconds))),
        ]
        if self._other is None:
            return own
        before = self.before(one)
        return [*own, tag("td", MISSING if before is None else _micro(before), class_="number")]

    def detail_row(self, one: Operation, *, folded: bool = False) -> Markup:
        """What a kernel holds; `folded`: it opens without the kernel."""
        rows = [
            tag(
                "tr",
                tag("th", node, scope="row"),
                tag("td", _micro(self._before[node]) if node in self._before else MISSING, class_="number"),
            )
            for node in one.fused[:_NODES]
        ]
        took = say("µs in {other_name}", other_name=self._other_name) if self._other else say("µs before")
        more = len(one.fused) - _NODES
        note = tag("p", say("and {number} more", number=number(more)), class_="note") if more > 0 else None
        table = titled_table((say("Operation of the graph"), took), rows)
        content = tag("div", table, note, class_="detail")
        if folded:
            content = tag("details", tag("summary", say("What {name} holds", name=one.name)), content)
        return opened_row(content, len(self._titles))


def steps_table(profiles: Mapping[str, Profile]) -> Markup:
    """Whole steps, one row per training, with a bar for the time in which a step waits for its batch."""
    titles = (
        say("Training"),
        say("Steps traced"),
        say("ms per step"),
        say("Waits for its batch"),
        say("Input works for a batch"),
        say("Runs per step"),
    )
    rows = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            tag("td", number(one.steps), class_="number"),
            tag("td", number(round(one.microseconds / 1e3, 2)), class_="number"),
            tag("td", _waits(one.input_share), tag("span", share(one.input_share))),
            tag(
                "td",
                f"{number(round(one.producing / 1000.0, 2))} ms",
                class_="number",
            ),
            tag("td", number(round(sum(op.times for op in one.operations))), class_="number"),
        )
        for name, one in profiles.items()
    ]
    return listing(titles, rows, say("Steps"), class_="bars")


def _waits(part: float) -> Markup:
    return tag(
        "span", tag("i", style=f"width:{part * 100:.0f}%", class_=charts.colour(_WAITING)), class_="bar"
    )


def _micro(time: float) -> str:
    return number(round(time, 1))
