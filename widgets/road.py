"""The production road as one picture: the steps in order, what each makes, and which have been done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from widgets.face import Face
from widgets.parts.markup import Markup, tag


@dataclass(frozen=True)
class Stop:
    """One step on the road: its name, the notebook it is in, and whether it has been done in this workspace."""

    name: str
    notebook: str
    done: bool

    @property
    def state(self) -> str:
        return "✓ done" if self.done else "to do"


class Road(Face):
    """Shows the stops as boxes in reading order, or as text."""

    title = "The road"

    def __init__(self, stops: Sequence[Stop]) -> None:
        self.stops = tuple(stops)

    def text_face(self) -> str:
        return " → ".join(f"{stop.name} [{'done' if stop.done else 'to do'}]" for stop in self.stops)

    def html_face(self) -> Markup:
        return tag("ol", [_box(stop) for stop in self.stops], class_="road")


def _box(stop: Stop) -> Markup:
    lines = [tag("b", stop.name), tag("span", stop.notebook), tag("small", stop.state)]
    return tag("li", lines, class_="done" if stop.done else "open")
