"""Where the time of a run went: a flame graph, and the kinds of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import traitlets

from widgets.parts import controls
from widgets.parts.flame_rows import Shown, bars, css_class, kinds_table, longest, told
from widgets.parts.formats import count, number, share
from widgets.parts.language import say
from widgets.parts.markup import Markup, join, prose, tag
from widgets.values.flame import Frame
from widgets.view import View

_MOST_BARS = 500  # of a face; others would be narrower than a letter
_NAMED = 3  # kinds named by the text face


class Flame(View):
    """Shows a run as bars; a chosen one becomes as wide as the view, with what it called below it.

    Args:
        root: the run, as `kit.batch.times.flame` gives it.
        state: traits to begin with, such as `at="0/1"`.
    """

    title = "Where the time went"

    at = traitlets.Unicode(help="the bar that is as wide as the view: indices among the children").tag(
        sync=True, redraw=True
    )

    def __init__(self, root: Frame, **state: Any) -> None:
        self.root = root
        super().__init__(**state)

    @traitlets.validate("at")
    def _there(self, proposal: Mapping[str, Any]) -> str:
        path = str(proposal["value"])
        try:
            self._walk(path)
        except (ValueError, IndexError):
            raise traitlets.TraitError(
                say(
                    "Expected the places of a bar from the top, such as 0/1, found {path!r}. Choose a bar "
                    "that is there, or an empty text for all.",
                    path=path,
                )
            ) from None
        return path

    def draw_controls(self) -> Markup:
        return Markup()

    def draw_content(self) -> Markup:
        if not self.root.seconds:
            return tag("p", prose(_nothing()), role="status")
        above = self._walk(self.at)
        chosen, path = above[-1]
        shown, left_out = longest(chosen, path, _MOST_BARS)
        return join(
            [
                tag("p", self._sentence(chosen), role="status"),
                tag(
                    "nav",
                    [self._step_up(frame, path) for frame, path in above[:-1]],
                    aria_label=say("Around it"),
                ),
                tag("div", bars(shown, self._button), class_="flames"),
                _left_out(left_out),
                kinds_table(chosen.kinds, chosen.seconds),
            ]
        )

    def html_face(self) -> Markup:
        if not self.root.seconds:
            return tag("p", prose(_nothing()))
        shown, left_out = longest(self.root, (), _MOST_BARS)
        return join(
            [
                tag("p", self._sentence(self.root)),
                tag("div", bars(shown, _bar), class_="flames"),
                _left_out(left_out),
                kinds_table(self.root.kinds, self.root.seconds),
            ]
        )

    def text_face(self) -> str:
        if not self.root.seconds:
            return _nothing()
        parts = ", ".join(
            f"{one.name} {number(round(one.seconds, 1))} s"
            for one in sorted(self.root.children, key=lambda child: -child.seconds)[:_NAMED]
        )
        return say(
            "{sentence}\nLongest: {parts}", sentence=self._sentence(self.root), parts=parts or self.root.name
        )

    def _walk(self, path: str) -> list[tuple[Frame, tuple[int, ...]]]:
        """Return the bars from the top down to that of a path."""
        found: list[tuple[Frame, tuple[int, ...]]] = [(self.root, ())]
        places: tuple[int, ...] = ()
        for word in filter(None, path.split("/")):
            place = int(word)
            if place < 0:
                raise IndexError(place)
            places = (*places, place)
            found.append((found[-1][0].children[place], places))
        return found

    def _button(self, shown: Shown) -> Markup:
        path = "/".join(map(str, shown.path))
        return controls.button(
            "at",
            path,
            shown.frame.name,
            key=f"bar {path}",
            class_=css_class(shown.frame),
            title=told(shown.frame),
        )

    def _step_up(self, frame: Frame, path: tuple[int, ...]) -> Markup:
        place = "/".join(map(str, path))
        return controls.button("at", place, f"↑ {frame.name}", key=f"up {place}")

    def _sentence(self, frame: Frame) -> str:
        kinds = sorted(frame.kinds.items(), key=lambda item: -item[1])[:_NAMED]
        parts = ", ".join(
            f"{say(kind)} {share(seconds / frame.seconds)}" for kind, seconds in kinds if seconds
        )
        if frame is self.root:  # notebooks of a run may run side by side: its bar is longer than the run was
            return say(
                "{name}: {seconds} s of all its notebooks together, also of those side by side: {parts}.",
                name=frame.name,
                seconds=number(round(frame.seconds, 1)),
                parts=parts,
            )
        return say(
            "{name} took {seconds} s: {parts}.",
            name=frame.name,
            seconds=number(round(frame.seconds, 1)),
            parts=parts,
        )


def _bar(shown: Shown) -> Markup:
    return tag("div", shown.frame.name, class_=css_class(shown.frame), title=told(shown.frame))


def _left_out(amount: int) -> Markup | None:
    return (
        tag("p", say("{amount} left out.", amount=count(amount, "short bar")), class_="note")
        if amount
        else None
    )


def _nothing() -> str:
    return say(
        "No run has been sampled yet. Run a batch with `kit run`, which samples its kernels and steps."
    )
