"""Parameters in a table, to be changed or as they were, and the batch that was started with them."""

from __future__ import annotations

from widgets.parts import controls
from widgets.parts.formats import count, number, shorten
from widgets.parts.language import marked, say
from widgets.parts.markup import Attribute, Markup, join, tag
from widgets.parts.tables import listing
from widgets.parts.training_runs import duration
from widgets.values.parameters import BatchProgress, Parameter

VALUE = "value"  # the only text of a parameter among the edits
_LETTERS = 400  # shown of one text
_STEPS = 3  # the latest to end
_COLUMNS = (marked("Parameter"), marked("Value"), marked("From"))
_KINDS = {
    "int": marked("whole number"),
    "float": marked("number"),
    "str": marked("text"),
    "bool": marked("yes or no"),
}
_SIGNS = {
    marked("starting"): "○",
    marked("running"): "●",
    marked("done"): "✓",
    marked("failed"): "✗",
    marked("interrupted"): "✗",
    marked("killed"): "✗",
}
CHANGED = marked("changed here")
_SOURCES = {
    marked("default"),
    marked("the batch"),
    marked("changed here"),
}  # other sources are options and files


def table(rows: list[Markup] | tuple[Markup, ...]) -> Markup:
    return listing(map(say, _COLUMNS), rows, say("Parameters"), class_="parameters")


def live_row(parameter: Parameter, text: str, source: str, wrong: str) -> Markup:
    """A row with a control; what is wrong with its text is below it."""
    problem = tag("small", f"✗ {shorten(wrong, _LETTERS)}", class_="bad", role="alert") if wrong else None
    look = "wrong" if wrong else "changed" if source == CHANGED else None
    return tag(
        "tr",
        _head(parameter),
        tag("td", _control(parameter, text, wrong), problem, class_=look),
        tag("td", source_text(source)),
    )


def static_row(parameter: Parameter, text: str, source: str) -> Markup:
    return tag(
        "tr", _head(parameter), tag("td", tag("b", shorten(text, _LETTERS))), tag("td", source_text(source))
    )


def batch(progress: BatchProgress) -> Markup:
    """How far a batch is, with a link to its report, which the page adds if its server has the file."""
    running = not progress.has_ended
    said = say(
        "Batch {state} for {time}" if running else "Batch {state} after {time}",
        state=say(progress.state),
        time=duration(progress.seconds),
    )
    label = say(
        "{done} of {notebooks} done",
        done=number(progress.done),
        notebooks=count(progress.notebooks, "notebook"),
    )
    of = f", {label}" if progress.notebooks else ""
    look = "quiet" if running else "good" if progress.state == "done" else "bad"
    state = tag(
        "p",
        tag("span", _SIGNS.get(progress.state, "✗"), class_=look),
        f" {said}{of}",
        class_="state",
        role="status",
    )
    bar = (
        tag("progress", label, value=progress.done, max=progress.notebooks, aria_label=label)
        if running and progress.notebooks
        else None
    )
    latest = " · ".join(shorten(step, _LETTERS) for step in progress.steps[-_STEPS:])
    link = tag(
        "a", shorten(progress.report, _LETTERS), data_file=progress.report, target="_blank", rel="noopener"
    )
    return join(
        [
            state,
            bar,
            tag("p", shorten(progress.said, _LETTERS)),
            tag("p", say("Last to end: {steps}", steps=latest), class_="note") if latest else None,
            tag("p", say("Report: "), link) if progress.report else None,
            tag("p", say("Started as: "), tag("code", progress.command), class_="note")
            if progress.command
            else None,
        ]
    )


def _head(parameter: Parameter) -> Markup:
    kind = say(_KINDS.get(parameter.type, parameter.type))
    said = f"{kind}: {shorten(parameter.help, _LETTERS)}" if parameter.help else kind
    return tag("th", tag("b", parameter.name), tag("small", said), scope="row")


def source_text(source: str) -> str:
    """Return where a value came from, in words."""
    return say(source) if source in _SOURCES else shorten(source, _LETTERS)


def _control(parameter: Parameter, text: str, wrong: str) -> Markup:
    options = ["true", "false"] if parameter.type == "bool" else list(parameter.choices)
    common: dict[str, Attribute] = {
        "aria_label": parameter.name,
        "aria_invalid": "true" if wrong else None,
        **controls.cell("edits", parameter.name, VALUE),
        "data_key": f"edit {parameter.name}",
    }
    if options:
        shown = options if text in options else [text, *options]
        entries = [tag("option", one, value=one, selected=one == text) for one in shown]
        return tag("select", entries, **common)
    mode = "decimal" if parameter.type in {"int", "float"} else None
    return tag("input", type="text", value=text, autocomplete="off", inputmode=mode, **common)
