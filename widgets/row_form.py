"""Shared by views that take a row of a split and let its values be overwritten."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import traitlets

from widgets.written_view import WrittenView

BY_HAND = ""  # the split of a row that has no values yet


class RowForm(WrittenView):
    """A view with a row to start from; choosing another row discards what was written over the last one."""

    split = traitlets.Unicode(help="split that the row is from; empty: it is written by hand").tag(
        sync=True, redraw=True
    )
    row = traitlets.CInt(help="index of the row in the split, from 0").tag(sync=True, redraw=True)
    written = traitlets.Dict(
        value_trait=traitlets.Dict(value_trait=traitlets.Unicode()),
        help="texts that were written, by their cell",
    ).tag(sync=True, redraw=True)

    def __init__(self, rows: Mapping[str, int], **state: Any) -> None:
        self.rows = {split: amount for split, amount in rows.items() if amount}
        written = state.pop("written", {})
        super().__init__(**{"split": next(iter(self.rows), BY_HAND), **state})
        self.written = written  # after the row that it is written over

    @traitlets.validate("row")
    def _within_split(self, proposal: Mapping[str, Any]) -> int:
        return max(0, min(int(proposal["value"]), self.rows.get(self.split, 1) - 1))

    @traitlets.observe("split", "row")
    def _another_row(self, change: Any) -> None:
        self.written = {}
        if change["name"] == "split":
            self.row = self._within_split({"value": self.row})
