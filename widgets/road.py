"""The production road as one picture: the steps in order, what each makes, and which have been done."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

_BOX_WIDTH, _BOX_HEIGHT, _GAP, _PER_ROW, _MARGIN = 150, 62, 34, 4, 8


@dataclass(frozen=True)
class Stop:
    """One step on the road: its name, the notebook it is in, and whether it has been done in this workspace."""

    name: str
    notebook: str
    done: bool


class Road:
    """Shows the stops as an SVG that needs nothing from outside, or as text."""

    def __init__(self, stops: Sequence[Stop]) -> None:
        self.stops = tuple(stops)

    def __repr__(self) -> str:
        return " → ".join(f"{stop.name} [{'done' if stop.done else 'to do'}]" for stop in self.stops)

    def _repr_html_(self) -> str:
        rows = -(-len(self.stops) // _PER_ROW)
        width = _PER_ROW * (_BOX_WIDTH + _GAP) + _MARGIN
        height = rows * (_BOX_HEIGHT + _GAP)
        boxes = "".join(self._box(index, stop) for index, stop in enumerate(self.stops))
        # currentColor follows the front end's light or dark theme.
        return (
            f'<svg role="img" aria-label="{html.escape(repr(self))}" viewBox="0 0 {width} {height}" '
            f'style="max-width:{width}px;font:13px sans-serif" fill="currentColor">{boxes}</svg>'
        )

    def _box(self, index: int, stop: Stop) -> str:
        row, column = divmod(index, _PER_ROW)
        x, y = _MARGIN + column * (_BOX_WIDTH + _GAP), 4 + row * (_BOX_HEIGHT + _GAP)
        middle, state = x + _BOX_WIDTH / 2, "✓ done" if stop.done else "to do"
        dash = "" if stop.done else ' stroke-dasharray="5 4"'
        arrow = ""
        if index + 1 < len(self.stops) and column + 1 < _PER_ROW:
            arrow = f'<text x="{x + _BOX_WIDTH + 9}" y="{y + 36}">→</text>'
        return (
            f'<rect x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="8" fill="none" '
            f'stroke="currentColor"{dash}/>'
            f'<text x="{middle}" y="{y + 20}" text-anchor="middle" font-weight="bold">{html.escape(stop.name)}</text>'
            f'<text x="{middle}" y="{y + 37}" text-anchor="middle">{html.escape(stop.notebook)}</text>'
            f'<text x="{middle}" y="{y + 54}" text-anchor="middle">{state}</text>{arrow}'
        )
