"""The profile of a training step, beside another training's, and what XLA fused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import traitlets

from widgets.face import room
from widgets.paged_view import SearchedView
from widgets.parts import controls
from widgets.parts.budget import fit, left_out_note
from widgets.parts.formats import count, number, share
from widgets.parts.language import say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.profile_rows import Comparison, steps_table
from widgets.values.profile import Operation, Profile

NONE = ""
_NAMED = 3  # operations named by the text face
_HEAD_BYTES = 12_000  # of a static face without its rows


class Profiles(SearchedView):
    """Shows the steps of one training, compared with those of another.

    Args:
        profiles: the profiles, by the names of the trainings; the first is shown first.
        state: traits to begin with, such as `against="12"`.
    """

    title = "Profile"

    run = traitlets.Unicode(help="name of the training that is shown").tag(
        sync=True, redraw=True, narrows=True
    )
    against = traitlets.Unicode(NONE, help="name of the training to compare with; empty: none").tag(
        sync=True, redraw=True, narrows=True
    )
    opened = traitlets.Unicode(help="name of the kernel that is opened").tag(sync=True, redraw=True)

    def __init__(self, profiles: Mapping[str, Profile], **state: Any) -> None:
        self.profiles = dict(profiles)
        names = [*self.profiles, NONE, NONE]
        super().__init__(**{"run": names[0], "against": names[1], **state})

    @traitlets.validate("run", "against")
    def _known(self, proposal: Mapping[str, Any]) -> str:
        name = str(proposal["value"])
        if name not in {*self.profiles, NONE}:
            raise traitlets.TraitError(
                say(
                    "Expected one of {names} as {trait}, found {value!r}. Choose one of them; a training is traced "
                    "when profile_steps is above 0.",
                    names=", ".join(self.profiles) or say("no training"),
                    trait=proposal["trait"].name,
                    value=name,
                )
            )
        return name

    def found(self) -> list[Operation]:
        """The operations of the chosen training that match the search, the longest first."""
        shown = self.profiles.get(self.run)
        return self.having_words(
            shown.operations if shown else (), lambda one: " ".join([one.name, one.type, *one.fused])
        )

    def draw_controls(self) -> Markup:
        if not self.profiles:  # nothing to choose or to search
            return Markup("")
        names = {name: name for name in self.profiles}
        return join(
            [
                controls.choice("run", say("Training"), names),
                controls.choice("against", say("Compare with"), {NONE: say("nothing"), **names}),
                controls.search_box(),
            ]
        )

    def draw_content(self) -> Markup:
        compared = self._compared()
        if compared is None:
            return tag("p", _nothing(), role="status")
        found = self.found()
        shown, pager = self.on_page(found)
        rows = [self._row(one, compared) for one in shown]
        return join(
            [
                tag("p", self._sentence(), role="status"),
                steps_table(self._chosen()),
                compared.table(rows) if rows else tag("p", say("No operation matches the search.")),
                pager,
            ]
        )

    def html_face(self) -> Markup:
        compared = self._compared()
        if compared is None:
            return tag("p", _nothing())
        found = list(self.profiles[self.run].operations)
        levels = [
            lambda one: tag("tr", compared.cells(one, tag("span", one.name))),
            lambda one: join([tag("tr", compared.cells(one, tag("span", one.name))), _folded(one, compared)]),
        ]
        fitted = fit(found, levels, room(_HEAD_BYTES))
        left_out = len(found) - len(fitted.rows)
        return join(
            [
                tag("p", self._sentence()),
                steps_table(self._chosen()),
                compared.table(fitted.rows) if fitted.rows else None,
                left_out_note(left_out, count(left_out, "operation")),
            ]
        )

    def text_face(self) -> str:
        shown = self.profiles.get(self.run)
        if shown is None:
            return _nothing()
        longest = ", ".join(
            f"{one.name} {number(round(one.microseconds, 1))} µs" for one in shown.operations[:_NAMED]
        )
        return say(
            "{run}: {sentence}\nLongest: {longest}",
            run=self.run,
            sentence=self._sentence(),
            longest=longest or say("nothing was traced"),
        )

    def _chosen(self) -> dict[str, Profile]:
        names = [self.run, *([self.against] if self.against not in {NONE, self.run} else [])]
        return {name: self.profiles[name] for name in names}

    def _compared(self) -> Comparison | None:
        if self.run not in self.profiles:
            return None
        other = self.profiles.get(self.against) if self.against != self.run else None
        return Comparison(self.profiles[self.run], other, self.against)

    def _row(self, one: Operation, compared: Comparison) -> Markup:
        if not one.fused:
            return tag("tr", compared.cells(one, tag("span", one.name)))
        is_open = one.name == self.opened
        row = tag("tr", compared.cells(one, controls.opener(one.name, one.name, is_open=is_open)))
        return join([row, compared.detail_row(one)]) if is_open else row

    def _sentence(self) -> str:
        shown = self.profiles[self.run]
        fusions = [one for one in shown.kernels if len(one.fused) > 1]
        nodes = {node for one in fusions for node in one.fused}
        xla = (
            say(
                " XLA made {kernels}; {fusions} {nodes} operations of the graph together.",
                kernels=count(len(shown.kernels), "kernel"),
                fusions=count(len(fusions), "of them holds", "of them hold"),
                nodes=number(len(nodes)),
            )
            if shown.kernels
            else say(" XLA compiled nothing.")
        )
        return say(
            "A step takes {milliseconds} ms, and waits {share} of that for its batch.{xla}",
            milliseconds=number(round(shown.microseconds / 1000.0, 2)),
            share=share(shown.input_share),
            xla=xla,
        )


def _folded(one: Operation, compared: Comparison) -> Markup | None:
    return compared.detail_row(one, folded=True) if len(one.fused) > 1 else None


def _nothing() -> str:
    return say("No training was traced. Run Trainer with profile_steps above 0, 20 for example.")
