"""A hyperparameter search while it runs: its trials as parallel coordinates and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import traitlets

from widgets.face import room
from widgets.live_view import LiveView
from widgets.paged_view import PagedView
from widgets.parts import controls
from widgets.parts.axes import axes_of, passes, said
from widgets.parts.budget import fit, left_out_note
from widgets.parts.formats import MISSING, count, number, shorten
from widgets.parts.language import marked, say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.modules import extended, script, source, styles
from widgets.parts.parallel import picture
from widgets.parts.tables import scrollable, sort_header
from widgets.parts.training_runs import duration
from widgets.values.tuning import Desk, Search, Trial, Value

_HEAD_BYTES = 60_000  # of a static face without its rows, but with the picture
_STATIC_ROWS = 300
_LETTERS = 300  # of the reason why a trial failed
_SIGNS = {
    marked("running"): ("quiet", "●"),
    marked("done"): ("good", "✓"),
    marked("failed"): ("bad", "✗"),
}
_NUMBER, _STATE, _EPOCH, _TIME = _OWN = (marked("Trial"), marked("State"), marked("Epoch"), marked("Time"))
_HINT = marked(
    "Drag along an axis to see only the trials that pass there; a click removes "
    "the filter. With the keyboard, arrows move its lower end, with Shift its "
    "upper end, and Escape removes it."
)


class Tuning(PagedView, LiveView):
    """Shows the search that runs inside its `with` block, and keeps its final state.

    Args:
        desk: the desk where the search is looked at.
        state: traits to begin with, such as `brushes={"dropout": [0, 0.5]}`.
    """

    title = "Tuning"
    _esm = extended(script("view.js"), "tuning/brush.js")
    _css = styles("tuning/tuning.css")

    brushes = traitlets.Dict(
        traitlets.List(traitlets.Float(), minlen=2, maxlen=2),
        help="for each filtering axis, its lower and upper end, from 0 at the bottom to 1",
    ).tag(sync=True, redraw=True, narrows=True)
    order = traitlets.Tuple(
        traitlets.Unicode(),
        traitlets.Bool(),
        default_value=("", False),
        help="column to sort by, and whether backwards",
    ).tag(sync=True, redraw=True, narrows=True)

    def __init__(self, desk: Desk, **state: Any) -> None:
        self._desk = desk
        self._search: Search | None = desk.search()
        super().__init__(**state)

    def take(self) -> None:
        self._search = self._desk.search()

    def found(self) -> list[Trial]:
        """The trials that pass the filters, in the chosen order: the best first, and those without a value last."""
        search = self._search
        if search is None:
            return []
        axes = axes_of(search)
        left = [one for one in search.trials if passes(one, axes, search.objective, self.brushes)]
        column, backwards = self.order
        column = column or search.objective
        known = [one for one in left if _sortable(one, column, search) is not None]
        best_first = column == search.objective and search.direction == "max"
        known.sort(key=lambda one: _sortable(one, column, search) or (), reverse=best_first != backwards)
        return known + [one for one in left if _sortable(one, column, search) is None]

    def draw_controls(self) -> Markup:
        return Markup("")  # filters are on the axes, sorting is in the table

    def draw_content(self) -> Markup:
        search = self._search
        if search is None:
            return tag("div", self._state(), role="status")
        found, axes = self.found(), axes_of(search)
        shown, pager = self.on_page(found)
        drawn = picture(search, axes, self.brushes, live=True)
        rows = [self._row(one, search, live=True) for one in shown]
        return join(
            [
                tag("div", self._state(), role="status"),
                self._bar(),
                drawn,
                tag("p", say(_HINT), class_="note") if drawn else None,
                self._filtered(len(found)),
                self._table(rows, search, live=True),
                pager,
            ]
        )

    def html_face(self) -> Markup:
        style = tag("style", Markup(source("tuning/tuning.css")))
        search = self._search
        if search is None:
            return join([style, self._state()])
        found, axes = self.found(), axes_of(search)
        fitted = fit(
            found[:_STATIC_ROWS],
            [lambda one: self._row(one, search, live=False)],
            room(_HEAD_BYTES),
        )
        left_out = len(found) - len(fitted.rows)
        return join(
            [
                style,
                self._state(),
                picture(search, axes, self.brushes, live=False),
                tag("p", self._left(len(found)), class_="note") if self.brushes else None,
                self._table(fitted.rows, search, live=False),
                left_out_note(left_out, count(left_out, "trial")),
            ]
        )

    def text_face(self) -> str:
        best = self._search.best if self._search else None
        values = (
            ", ".join(f"{name} {said(value)}" for name, value in list(best.values.items())[:8])
            if best
            else ""
        )
        return "\n".join(
            [say("Tuning: {said}", said=self._said()), *([f"{best.name}: {values}"] if best else [])]
        )

    def _said(self) -> str:
        search = self._search
        if search is None:
            return (
                say("Tuner has ended without a search") if self.failed else say("waits for the first trial")
            )
        over = sum(one.state != "running" for one in search.trials)
        failed = sum(one.state == "failed" for one in search.trials)
        kept = sum(one.reused for one in search.trials)
        of = say(" of {total}", total=number(search.trials_at_most)) if search.trials_at_most else ""
        limit = say(", at most {time}", time=duration(search.minutes * 60)) if search.minutes else ""
        parts = [
            say(
                "{over}{of} trial over after {time}{limit}"
                if (search.trials_at_most or over) == 1
                else "{over}{of} trials over after {time}{limit}",
                over=number(over),
                of=of,
                time=duration(search.seconds),
                limit=limit,
            )
        ]
        parts += [say("{number} known from before", number=number(kept))] if kept else []
        parts += [say("{number} failed", number=number(failed))] if failed else []
        parts += [say("Tuner has ended without a result")] if self.failed else []
        if (best := search.best) is not None:
            parts.append(
                say(
                    "best {objective} {value} ({name})",
                    objective=search.objective,
                    value=number(best.objective),
                    name=best.name,
                )
            )
        return "; ".join(parts)

    def _ended(self) -> bool:
        return bool(self._search and self._search.ended) and not self._running()

    def _running(self) -> bool:
        return any(one.state == "running" for one in self._search.trials) if self._search else False

    def _state(self) -> Markup:
        if self.failed:
            sign, look = "✗", "bad"
        elif self._ended():
            sign, look = "✓", "good"
        else:
            sign, look = "●" if self._search else "○", "quiet"
        return tag("p", tag("span", sign, class_=look), f" {self._said()}", class_="state")

    def _bar(self) -> Markup | None:
        search = self._search
        if search is None or not search.trials_at_most or self._ended() or self.failed:
            return None
        over = sum(one.state != "running" for one in search.trials)
        words = say(
            "{over} of {trials_at_most} trials",
            over=number(over),
            trials_at_most=number(search.trials_at_most),
        )
        return tag("progress", words, value=over, max=search.trials_at_most, aria_label=words)

    def _filtered(self, found: int) -> Markup | None:
        if not self.brushes:
            return None
        clear = controls.button("brushes", {}, say("Remove all filters"), key="clear")
        return tag("p", self._left(found), " ", clear, class_="note")

    def _left(self, found: int) -> str:
        total = len(self._search.trials) if self._search else 0
        return say(
            "{found} of {trials} pass the filters on {brushes}.",
            found=number(found),
            trials=count(total, "trial"),
            brushes=", ".join(self.brushes),
        )

    def _table(self, rows: Sequence[Markup], search: Search, *, live: bool) -> Markup:
        names = [_NUMBER, _STATE, search.objective, *search.axes, _EPOCH, _TIME]
        head = tag("tr", [self._header(name, search, live=live) for name in names])
        table = tag("table", tag("thead", head), tag("tbody", rows), class_="trials")
        return scrollable(table, say("Trials"))

    def _header(self, name: str, search: Search, *, live: bool) -> Markup:
        if not live:
            return tag("th", _title(name), scope="col")
        column, backwards = self.order
        rises = name != search.objective or search.direction == "min"
        mine = name == (column or search.objective)
        return sort_header(name, _title(name), mine=mine, backwards=backwards, rises=rises)

    def _row(self, one: Trial, search: Search, *, live: bool) -> Markup:
        look, sign = _SIGNS[one.state]
        state = say("known from before") if one.reused and one.state == "done" else say(one.state)
        message = shorten(one.message, _LETTERS)
        retried = say("the first attempt failed: ") if message and one.state != "failed" else ""
        cells = [
            tag(
                "td",
                tag("span", sign, class_=look),
                f" {state}",
                tag("small", retried + message) if message else None,
            ),
            tag("td", number(one.objective), class_="number"),
            [tag("td", said(one.values.get(name)), class_="number") for name in search.axes],
            tag(
                "td",
                say("{part} of {total}", part=number(one.epoch), total=number(one.epochs))
                if one.epoch
                else MISSING,
                class_="number",
            ),
            tag("td", duration(one.seconds) if one.seconds else MISSING, class_="number"),
        ]
        best = search.best is not None and search.best.number == one.number
        return tag(
            "tr",
            tag("th", number(one.number), scope="row"),
            cells,
            class_="best" if best else None,
            data_trial=one.number if live else None,
        )


def _title(column: str) -> str:
    """The title of a column; those of the search space keep their names."""
    return say(column) if column in _OWN else column


def _sortable(one: Trial, column: str, search: Search) -> tuple[int, float, str] | None:
    """The sort key of a trial: numbers before texts; None where it has no value."""
    own: dict[str, Value | None] = {
        _NUMBER: one.number,
        _STATE: one.state,
        _EPOCH: one.epoch,
        _TIME: one.seconds,
        search.objective: one.objective,
    }
    value = own.get(column, one.values.get(column))
    if value is None:
        return None
    return (1, 0.0, value) if isinstance(value, str) else (0, float(value), "")
