"""The production road as one picture: the steps in order, what each makes, and which are done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from widgets.face import Face
from widgets.parts.language import say
from widgets.parts.markup import Markup, tag


@dataclass(frozen=True)
class Stop:
    """One step on the road: its name, its notebook, and whether it has been done in this workspace.

    `now` replaces that for the current step, such as `● running`.
    """

    name: str
    notebook: str
    done: bool
    now: str = ""

    @property
    def state(self) -> str:
        return self.now or (f"✓ {say('done')}" if self.done else say("to do"))


class Road(Face):
    """Shows the stops as boxes in reading order, or as text; in brief, only a sign says which are done."""

    title = "The road"

    def __init__(self, stops: Sequence[Stop], *, brief: bool = False) -> None:
        self.stops, self.brief = tuple(stops), brief

    def text_face(self) -> str:
        return " → ".join(
            f"{stop.name} [{stop.now or say('done' if stop.done else 'to do')}]" for stop in self.stops
        )

    def html_face(self) -> Markup:
        return tag("ol", [_box(stop, brief=self.brief) for stop in self.stops], class_="road")


def _box(stop: Stop, *, brief: bool) -> Markup:
    said = stop.now or ("✓" if stop.done else "") if brief else stop.state
    lines = [tag("span", stop.notebook) if stop.notebook else None, tag("small", said) if said else None]
    now = " now" if stop.now else ""
    return tag("li", [tag("b", stop.name), *lines], class_=f"{'done' if stop.done else 'open'}{now}")
