"""Base classes of views with many rows: paging, and a search that filters them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, TypeVar

import traitlets

from widgets.parts import controls
from widgets.parts.markup import Markup
from widgets.view import View

_Row = TypeVar("_Row")


class PagedView(View):
    """A view that shows `page_rows` rows at a time.

    A trait that decides which rows there are, or their order, is tagged `narrows`: when it changes, the first page is
    shown again.
    """

    page_rows: ClassVar[int] = 20

    page = traitlets.Int(min=0).tag(sync=True, redraw=True)

    def __init__(self, **state: Any) -> None:
        super().__init__(**state)
        for name in self.traits(narrows=True):  # one by one: an empty list of names would mean every trait
            self.observe(self._to_first_page, names=name)

    def on_page(self, found: Sequence[_Row]) -> tuple[Sequence[_Row], Markup | None]:
        """Return the rows of the page, and the ways to other pages; the last page if there are fewer."""
        page = min(self.page, controls.last_page(len(found), self.page_rows))
        rows = found[page * self.page_rows :][: self.page_rows]
        return rows, controls.pager("page", page, size=self.page_rows, total=len(found))

    def _to_first_page(self, _change: object) -> None:
        self.page = 0


class SearchedView(PagedView):
    """A view that shows only the rows that contain all words of its search, whatever their case."""

    search = traitlets.Unicode(help="words that a row must contain").tag(sync=True, redraw=True, narrows=True)

    def having_words(self, rows: Iterable[_Row], text: Callable[[_Row], str]) -> list[_Row]:
        """Return the rows whose text has all words of the search."""
        words = self.search.casefold().split()
        if not words:
            return list(rows)
        return [
            row for row in rows if all(word in folded for folded in [text(row).casefold()] for word in words)
        ]
