"""An exercise of the workshop: its fault, its hints one by one, its score, and how far the class is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import traitlets

from widgets.face import Face
from widgets.parts import controls
from widgets.parts.decision_form import attempt, told
from widgets.parts.language import marked, say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.tables import listing
from widgets.view import View

_MOST_PEOPLE = 200  # of a board; a class is smaller
_POINTS = (marked("found"), marked("proved"), marked("caught next time"))  # their names in records
# The first and last columns of a board; those between are titles of exercises, which come translated.
_COLUMNS = (marked("Participant"), marked("Points"))
_ANOTHER = marked("Run the cells below again; the parameter seed chooses the fault that they begin with.")
_AGAIN = marked("This fault is there already: give another seed for another variant of it.")


class Injected(View):
    """Shows whether the present fault is stopped, and puts another one in at the press of a button.

    Args:
        stopped: says whether anything stops the present fault.
        inject: puts in the fault of a seed, and says the same about it.
        seed: the seed of the present fault.
    """

    title = "The fault"

    seed = traitlets.CInt(min=0, help="seed of the next fault").tag(sync=True)
    asked = traitlets.Unicode(help="set when the button is pressed").tag(sync=True)

    def __init__(self, stopped: str, inject: Callable[[int], str], seed: int) -> None:
        self._inject, self._there = inject, seed
        self._stopped, self._refused, self._next = stopped, "", ""
        super().__init__(seed=seed)

    def parameters(self) -> dict[str, int]:
        """The parameters with which the notebook has the same fault."""
        return {"seed": self._there}

    @traitlets.observe("asked")
    def _press(self, _change: object) -> None:
        if not self.asked:
            return
        self.asked, seed = "", self.seed
        done, said = attempt(lambda: self._inject(seed))
        if done:
            self._next = say(_AGAIN) if seed == self._there else say(_ANOTHER)
            self._there, self._stopped = seed, said
        self._refused = "" if done else said
        self.content = self.draw_content()

    def draw_controls(self) -> Markup:
        press = controls.button("asked", "inject", say("Inject the fault"), key="inject")
        return join([controls.number_box("seed", say("Seed"), required=True), press])

    def draw_content(self) -> Markup:
        note = tag("p", self._next, class_="note", role="status") if self._next else None
        return join([told(done=False, text=self._refused), self.html_face(), note])

    def html_face(self) -> Markup:
        return join([tag("p", self._which()), tag("p", tag("b", self._stopped))])

    def text_face(self) -> str:
        return f"{self._which()}\n{self._stopped}"

    def _which(self) -> str:
        return say("The fault of seed {seed} is injected.", seed=self._there)


class Hints(View):
    """Shows hints one after the other; one that was opened stays open.

    Args:
        hints: the hints, the vaguest first.
        record: is called with the number of open hints; returns what went wrong, or an empty text.
        state: traits to begin with, such as `opened`.
    """

    title = "Hints"

    opened = traitlets.Int(0, min=0, help="how many hints are open").tag(sync=True, redraw=True)
    note = traitlets.Unicode(help="message of the last recording").tag(redraw=True)

    def __init__(
        self, hints: Sequence[str], record: Callable[[int], str] = lambda _: "", **state: Any
    ) -> None:
        self.hints, self._record = tuple(hints), record
        super().__init__(**state)
        self.observe(self._recorded, names=["opened"])  # from now on: what was open before is known

    @classmethod
    def of(cls, record: Mapping[str, Any], told: Callable[[int], str] = lambda _: "") -> Hints:
        """Make it of `hints` and how many are `opened`."""
        return cls(record["hints"], told, opened=record["opened"])

    @traitlets.validate("opened")
    def _never_closed(self, proposal: dict[str, Any]) -> int:
        return max(self.opened, min(int(proposal["value"]), len(self.hints)))

    def _recorded(self, _change: object) -> None:
        self.note = self._record(self.opened)

    def draw_controls(self) -> Markup:
        return Markup("")

    def draw_content(self) -> Markup:
        left = len(self.hints) - self.opened
        more = controls.button("opened", self.opened + 1, say("Open the next hint"), key="open hint")
        note = tag("p", self.note, class_="note", role="status") if self.note else None
        return join([self._list(), tag("p", more, " ", self._left()) if left else None, note])

    def html_face(self) -> Markup:
        return join([self._list(), tag("p", self._left(), class_="note")])

    def text_face(self) -> str:
        lines = [f"{number}. {hint}" for number, hint in enumerate(self.hints[: self.opened], 1)]
        return "\n".join([*lines, self._left()])

    def _list(self) -> Markup:
        return tag("ol", [tag("li", hint) for hint in self.hints[: self.opened]])

    def _left(self) -> str:
        return say("Hints opened: {opened} of {all}.", opened=self.opened, all=len(self.hints))


class Scored(Face):
    """Shows the points reached in an exercise, and the tests behind them.

    Args:
        record: `exercise`, its title; `points`, for each `name`, `reached` and what `said`; `note` on the board.
    """

    title = "Score"

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.exercise, self.points, self.note = record["exercise"], record["points"], record["note"]

    def html_face(self) -> Markup:
        rows = [
            tag(
                "tr",
                tag("td", _sign(one), class_=_class(one)),
                tag("th", _name(one), scope="row"),
                tag("td", one["said"]),
            )
            for one in self.points
        ]
        note = tag("p", self.note, class_="note") if self.note else None
        return join([tag("p", tag("b", self._sum())), tag("table", tag("tbody", rows)), note])

    def text_face(self) -> str:
        lines = [f"{_sign(one)} {_name(one)}: {one['said']}" for one in self.points]
        return "\n".join([self._sum(), *lines, *([self.note] if self.note else [])])

    def _sum(self) -> str:
        reached = sum(one["reached"] for one in self.points)
        return say(
            "{name}: {reached} of {all} points", name=self.exercise, reached=reached, all=len(self.points)
        )


class ClassBoard(Face):
    """Shows how far everybody in a class is.

    Args:
        record: `columns`, `rows` of texts, the furthest first, and who `you` are.
    """

    title = "Class board"

    def __init__(self, record: Mapping[str, Any]) -> None:
        self.columns, self.rows, self.you = record["columns"], record["rows"], record["you"]

    def html_face(self) -> Markup:
        columns = _points_first(self.columns)
        exercises = columns[len(_COLUMNS) :]
        # By their numbers, as the notebooks are: with their titles the last ones would be far out of sight.
        numbers = [tag("span", str(number), title=title) for number, title in enumerate(exercises, 1)]
        named = [f"{number} {title}" for number, title in enumerate(exercises, 1)]
        people = map(self._row, self.rows[:_MOST_PEOPLE])
        board = listing(
            [*map(_heading, columns[: len(_COLUMNS)]), *numbers], people, say(self.title), class_="board"
        )
        return join([board, tag("p", " · ".join(named), class_="note") if named else None])

    def text_face(self) -> str:
        mine = next((place for place, row in enumerate(self.rows, 1) if row[0] == self.you), 0)
        points = self.rows[mine - 1][-1] if mine else "0"
        return say(
            "{you}: points {points}, place {place} of {all}",
            you=self.you,
            points=points,
            place=mine,
            all=len(self.rows),
        )

    def _row(self, row: Sequence[str]) -> Markup:
        who, *cells = _points_first(row)
        name = tag("b", who) if who == self.you else who
        return tag("tr", tag("th", name, scope="row"), [tag("td", cell) for cell in cells])


def _points_first(row: Sequence[str]) -> list[str]:
    """Put the last column after the first: behind all exercises nobody would see it without scrolling."""
    return [*row[:1], *row[1:][-1:], *row[1:-1]]


def _sign(point: Mapping[str, Any]) -> str:
    return "✓" if point["reached"] else "✗"


def _name(point: Mapping[str, Any]) -> str:
    name = str(point["name"])
    return say(name) if name in _POINTS else name


def _heading(name: str) -> str:
    return say(name) if name in _COLUMNS else name


def _class(point: Mapping[str, Any]) -> str:
    return "good" if point["reached"] else "bad"
