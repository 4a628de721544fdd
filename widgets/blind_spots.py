"""Blind spots: slices in which a model is worse than it has to be, the costliest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import traitlets

from widgets.copied_view import CopiedView
from widgets.face import room
from widgets.paged_view import SearchedView
from widgets.parts import controls
from widgets.parts.blind_spot_rows import BlindSpotRows, problem
from widgets.parts.budget import fit, left_out_note
from widgets.parts.formats import count, first_lines, number, share
from widgets.parts.language import say
from widgets.parts.markup import Markup, join, tag
from widgets.values.blind_spots import BlindSpot, Searched

_NAMED = 4  # blind spots named by the text face
_HEAD_BYTES = 6_000  # of a static face without its rows


class BlindSpots(SearchedView, CopiedView):
    """Shows blind spots with their size and evidence; behind each are the lines for project.yml that watch it.

    Args:
        found: the result of a search.
        state: traits to begin with, such as `opened="device=mobile"`.
    """

    title = "Blind spots"

    opened = traitlets.Unicode(help="name of the slice whose evidence is shown").tag(sync=True, redraw=True)

    def __init__(self, found: Searched, **state: Any) -> None:
        self._found, self._rows = found, BlindSpotRows(found.spots)
        super().__init__(**state)

    def found(self) -> list[BlindSpot]:
        """The blind spots that match the search."""
        return self.having_words(self._found.spots, lambda spot: spot.name)

    def draw_controls(self) -> Markup:
        return controls.search_box() if self._found.spots else Markup("")

    def draw_content(self) -> Markup:
        found = self.found()
        shown, pager = self.on_page(found)
        return join(
            [
                tag("div", self._sentence(), role="status"),
                self._table([self._live_row(spot) for spot in shown]),
                pager,
            ]
        )

    def html_face(self) -> Markup:
        rows = self._rows
        levels: list[Callable[[BlindSpot], Markup]] = [
            lambda spot: tag("tr", rows.cells(spot, tag("b", spot.name))),
            rows.with_details,
        ]
        fitted = fit(self._found.spots, levels, room(_HEAD_BYTES))
        left_out = len(self._found.spots) - len(fitted.rows)
        return join(
            [
                self._sentence(),
                self._table(fitted.rows),
                left_out_note(left_out, count(left_out, "blind spot")),
            ]
        )

    def text_face(self) -> str:
        return "\n".join([self._in_words(), *first_lines(self._found.spots, _NAMED, _line)])

    def _in_words(self) -> str:
        of = say(
            "{slices} of {rows}",
            slices=count(self._found.slices, "slice"),
            rows=count(self._found.rows, "row"),
        )
        spots = self._found.spots
        if not self._found.slices:
            return say("Nothing to search: the rows have no columns to be cut by, or one outcome only.")
        if not spots:
            return say("No blind spot among {of}.", of=of)
        cost = share(sum(spot.harm for spot in spots))
        return say(
            "{blind_spots} among {of}; right scores there would save {cost} of the loss.",
            blind_spots=count(len(spots), "blind spot"),
            of=of,
            cost=cost,
        )

    def _sentence(self) -> Markup:
        facets = ", ".join(self._found.facets)
        note = (
            say(
                "Searched by up to {most} of {facets}. What comes true: {outcome}.",
                most=str(self._found.deepest),
                facets=facets,
                outcome=self._found.outcome,
            )
            if facets
            else None
        )
        sign, class_ = ("! ", "bad") if self._found.spots else ("✓ " if self._found.slices else "", "good")
        head = tag("p", sign, self._in_words(), class_=class_ if self._found.slices else None)
        return join([head, tag("p", note, class_="note") if note else None])

    def _table(self, rows: Sequence[Markup]) -> Markup | None:
        return self._rows.table(rows) if rows else None

    def _live_row(self, spot: BlindSpot) -> Markup:
        is_open = spot.name == self.opened
        row = tag("tr", self._rows.cells(spot, controls.opener(spot.name, spot.name, is_open=is_open)))
        return join([row, self._rows.detail_row(spot)]) if is_open else row


def _line(spot: BlindSpot) -> str:
    return say(
        "{name}: {rows} rows, {problem}; {harm} of the loss",
        name=spot.name,
        rows=number(spot.rows),
        problem=problem(spot),
        harm=share(spot.harm),
    )
