"""Parameters in a table, to be changed or as they were, and the batch that was started with them."""

from __future__ import annotations

import json

from widgets.parts.formats import count, number
from widgets.parts.markup import Markup, join, tag
from widgets.parts.training_runs import duration
from widgets.values_parameters import BatchProgress, Parameter

VALUE = "value"  # the one text of a parameter among the edits
_LETTERS = 400  # of one text that is shown
_STEPS = 3  # that have ended last
_COLUMNS = ("Parameter", "Value", "From")
_KINDS = {"int": "whole number", "float": "number", "str": "text", "bool": "yes or no"}
_SIGNS = {"starting": "○", "running": "●", "done": "✓"}


def table(rows: list[Markup] | tuple[Markup, ...]) -> Markup:
    head = tag("thead", tag("tr", [tag("th", title, scope="col") for title in _COLUMNS]))
    whole = tag("table", head, tag("tbody", rows), class_="parameters")
    return tag("div", whole, class_="kit-scroll", tabindex=0, role="group", aria_label="Parameters")


def live_row(parameter: Parameter, text: str, source: str, wrong: str) -> Markup:
    """A row with a control; what is wrong with its text stands below it."""
    problem = tag("small", f"✗ {_short(wrong)}", class_="bad", role="alert") if wrong else None
    look = "wrong" if wrong else "changed" if source == "changed here" else None
    return tag(
        "tr",
        _head(parameter),
        tag("td", _control(parameter, text, wrong), problem, class_=look),
        tag("td", _short(source)),
    )


def static_row(parameter: Parameter, text: str, source: str) -> Markup:
    return tag("tr", _head(parameter), tag("td", tag("b", _short(text))), tag("td", _short(source)))


def batch(progress: BatchProgress) -> Markup:
    """How far a batch is, with a link to its report, which the page makes where its server has the file."""
    running = not progress.has_ended
    said = (
        f"Batch {progress.state} for {duration(progress.seconds)}"
        if running
        else f"Batch {progress.state} after {duration(progress.seconds)}"
    )
    of = (
        f", {number(progress.done)} of {count(progress.notebooks, 'notebook')} done"
        if progress.notebooks
        else ""
    )
    look = "quiet" if running else "good" if progress.state == "done" else "bad"
    state = tag(
        "p",
        tag("span", _SIGNS.get(progress.state, "✗"), class_=look),
        f" {said}{of}",
        class_="state",
        role="status",
    )
    label = f"{number(progress.done)} of {count(progress.notebooks, 'notebook')} done"
    bar = (
        tag("progress", label, value=progress.done, max=progress.notebooks, aria_label=label)
        if running and progress.notebooks
        else None
    )
    latest = " · ".join(_short(step) for step in progress.steps[-_STEPS:])
    link = tag("a", _short(progress.report), data_file=progress.report, target="_blank", rel="noopener")
    return join(
        [
            state,
            bar,
            tag("p", _short(progress.said)),
            tag("p", f"Ended last: {latest}", class_="note") if latest else None,
            tag("p", "Report: ", link) if progress.report else None,
            tag("p", "Started as: ", tag("code", progress.command), class_="note")
            if progress.command
            else None,
        ]
    )


def _head(parameter: Parameter) -> Markup:
    kind = _KINDS.get(parameter.type, parameter.type)
    said = f"{kind}: {_short(parameter.help)}" if parameter.help else kind
    return tag("th", tag("b", parameter.name), tag("small", said), scope="row")


def _control(parameter: Parameter, text: str, wrong: str) -> Markup:
    options = ["true", "false"] if parameter.type == "bool" else list(parameter.choices)
    common: dict[str, str | None] = {
        "aria_label": parameter.name,
        "aria_invalid": "true" if wrong else None,
        "data_cell": "edits",
        "data_path": json.dumps([parameter.name, VALUE]),
        "data_key": f"edit {parameter.name}",
    }
    if options:
        shown = options if text in options else [text, *options]
        entries = [tag("option", one, value=one, selected=one == text) for one in shown]
        return tag("select", entries, **common)
    mode = "decimal" if parameter.type in {"int", "float"} else None
    return tag("input", type="text", value=text, autocomplete="off", inputmode=mode, **common)


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
