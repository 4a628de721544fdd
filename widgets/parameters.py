"""The parameters of a notebook as a panel: change them, save them to a file, run a batch with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import traitlets

from widgets.face import room
from widgets.parts import controls
from widgets.parts.budget import fit, left_out_note
from widgets.parts.copied import COPY, copied_from
from widgets.parts.decision_form import AttemptedOnce, attempt, told
from widgets.parts.formats import count, number, shorten
from widgets.parts.language import marked, say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.modules import extended, source, styles
from widgets.parts.parameter_rows import CHANGED, VALUE, batch, live_row, source_text, static_row, table
from widgets.parts.repeat import Repeat
from widgets.parts.tables import scrollable
from widgets.values.parameters import Parameter, ParameterDesk
from widgets.written_view import WRITTEN, WrittenView

_NAMED = 4  # values named by the text face
_LETTERS = 60  # of a value there
_HEAD_BYTES = 8_000  # of a static face without its rows
_ACTIONS = {
    "save": marked("Save as YAML"),
    "start": marked("Run as batch"),
    "command": marked("Copy as batch"),
    "reset": marked("Reset"),
}
_AGAIN = marked("Run the cells below again to use what was changed.")
_NONE = marked("This notebook has no parameters.")


class Parameters(WrittenView):
    """Shows the parameters with their values; a control changes the variable of the notebook.

    Args:
        desk: the desk where they are read and changed.
        state: traits to begin with.
    """

    title = "Parameters"
    _esm = extended(WRITTEN, COPY, "parameters/panel.js")
    _css = styles("copied/copied.css", "parameters/parameters.css")

    edits = traitlets.Dict(
        value_trait=traitlets.Dict(value_trait=traitlets.Unicode()),
        help="parameter, `value`, new text; what could not be taken stays",
    ).tag(sync=True)
    asked = traitlets.Unicode(help="set when a button is pressed: the action").tag(sync=True)
    progress = traitlets.Unicode(help="HTML of the batch that was started here").tag(sync=True)

    def __init__(self, desk: ParameterDesk, **state: Any) -> None:
        self._desk = desk
        self._wrong: dict[str, str] = {}
        self._told = (True, "")
        self._once = AttemptedOnce()
        self._command = ""
        self._repeat: Repeat | None = None
        super().__init__(**state)

    @traitlets.observe("edits")
    def _take(self, _change: object) -> None:
        """Give the variables what was written; an invalid text stays, with the reason beside it."""
        self._wrong, self._told, self._command = {}, (True, ""), ""
        for name, fields in self.edits.items():
            try:
                self._desk.set(name, fields.get(VALUE, ""))
            except (ValueError, KeyError) as error:
                self._wrong[name] = str(error)
        left = {name: fields for name, fields in self.edits.items() if name in self._wrong}
        if left != self.edits:
            wrong = dict(self._wrong)
            self.edits = left  # comes here again, with the same outcome
            self._wrong = wrong
        self.content = self.draw_content()

    @traitlets.observe("asked")
    def _act(self, _change: object) -> None:
        actions: Mapping[str, Callable[[], str]] = {
            "save": self._desk.save,
            "start": self._desk.start,
            "command": self._desk.command,
            "reset": self._reset,
        }
        asked, self.asked = self.asked, ""
        if asked not in actions:
            return
        self._command = ""
        if self._wrong and asked != "reset":
            self._told = (False, say("First correct {names}.", names=", ".join(self._wrong)))
        elif asked == "start":
            self._told = self._once.attempt(asked, actions[asked])
        else:
            self._told = attempt(actions[asked])
        if asked == "command" and self._told[0]:
            self._command, self._told = self._told[1], (True, "")
        if asked == "start" and self._told[0]:
            self._follow()
        self.content = self.draw_content()

    def draw_controls(self) -> Markup:
        return join(
            [controls.button("asked", action, say(text), key=action) for action, text in _ACTIONS.items()]
        )

    def draw_content(self) -> Markup:
        sources = self._desk.sources()
        rows = [
            live_row(spec, text, sources.get(spec.name, ""), self._wrong.get(spec.name, ""))
            for spec, text in self._texts()
        ]
        changed = CHANGED in sources.values()
        return join(
            [
                table(rows) if rows else tag("p", say(_NONE), class_="note"),
                tag("p", say(_AGAIN), class_="note") if changed else None,
                told(*self._told),
                self._to_copy(),
            ]
        )

    def html_face(self) -> Markup:
        sources, texts = self._desk.sources(), self._texts()
        fitted = fit(
            texts,
            [lambda row: static_row(row[0], row[1], sources.get(row[0].name, ""))],
            room(_HEAD_BYTES),
        )
        left_out = len(texts) - len(fitted.rows)
        style = source("parameters/parameters.css")
        now = self._desk.batch()
        return join(
            [
                tag("style", Markup(style)),
                table(fitted.rows) if texts else tag("p", say(_NONE), class_="note"),
                left_out_note(left_out, count(left_out, "parameter")),
                batch(now) if now else None,
            ]
        )

    def text_face(self) -> str:
        sources = self._desk.sources()
        given = [(spec.name, text) for spec, text in self._texts() if sources.get(spec.name) != "default"]
        lines = [
            f"{name} = {shorten(' '.join(text.split()), _LETTERS)} ({source_text(sources.get(name, ''))})"
            for name, text in given[:_NAMED]
        ]
        total = number(len(self._desk.specs()))
        if not given:
            return say("Parameters: all {total} at their defaults", total=total)
        more = say(", the first {number}:", number=_NAMED) if len(given) > _NAMED else ""
        said = say(
            "Parameters: {given} of {total} not at their default", given=number(len(given)), total=total
        )
        return "\n".join([f"{said}{more}", *lines])

    def _texts(self) -> list[tuple[Parameter, str]]:
        """Each parameter with the text of its control."""
        values = self._desk.values()
        written = {name: fields.get(VALUE, "") for name, fields in self.edits.items()}
        return [(spec, written.get(spec.name, _text(values.get(spec.name)))) for spec in self._desk.specs()]

    def _reset(self) -> str:
        self._desk.reset()
        self._wrong = {}
        self.edits = {}
        return say("All parameters have the values of their cell.")

    def _follow(self) -> None:
        """Keep showing the batch until it has ended."""
        if self._repeat is not None:
            self._repeat.end()  # of the batch before
        if self._look() and self.comm is not None:
            self._repeat = Repeat(self._look)

    def _look(self) -> bool:
        now = self._desk.batch()
        self.progress = batch(now) if now else ""
        return now is not None and not now.has_ended

    def _to_copy(self) -> Markup | None:
        if not self._command:
            return None
        text = scrollable(self._command, say("Command"), class_=None, element="pre")
        note = say(
            "Repeats what was done here: these parameters, and the decisions that the results depend on."
        )
        return tag("div", tag("p", note, class_="note"), copied_from(text, "command"))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
