"""One schema rule as a row: editable cells in a live view, plain texts in a static one."""

from __future__ import annotations

from collections.abc import Mapping

from widgets.parts import controls
from widgets.parts.formats import MISSING, shorten
from widgets.parts.language import marked, say
from widgets.parts.markup import Child, Markup, tag
from widgets.values.decisions import Rule

TITLES = {
    "feature": marked("Feature"),
    "type": marked("Type"),
    "presence": marked("Present in, at least"),
    "least": marked("Least"),
    "most": marked("Greatest"),
    "values": marked("Allowed values"),
    "drift": marked("Drift, at most"),
    "skew": marked("Skew, at most"),
}
_TYPES = ("BYTES", "INT", "FLOAT")
_TEXT_ONLY, _NUMBER_ONLY = ("values",), ("least", "most")
_LETTERS = 120  # of a static cell


def live_row(rule: Rule, edits: Mapping[str, str], wrong: Mapping[str, str]) -> Markup:
    """A row of cells to write in; each edited one shows what is saved, and a wrong one what it must be."""
    kind = edits.get("type", rule.type)
    cells = [_live_cell(rule, field, kind, edits, wrong) for field in TITLES if field != "feature"]
    return tag("tr", tag("th", tag("b", rule.feature), scope="row"), cells)


def static_row(rule: Rule, edits: Mapping[str, str]) -> Markup:
    """A row of texts; an edited one shows what is saved."""
    cells = [
        tag(
            "td",
            _static_cell(getattr(rule, field), edits.get(field)),
            class_="whole" if field == "type" else None,
        )
        for field in TITLES
        if field != "feature"
    ]
    return tag("tr", tag("th", tag("b", rule.feature), scope="row"), cells)


def _live_cell(
    rule: Rule, field: str, kind: str, edits: Mapping[str, str], wrong: Mapping[str, str]
) -> Markup:
    saved = getattr(rule, field)
    text = edits.get(field, saved)
    fits = field not in (_NUMBER_ONLY if kind == "BYTES" else _TEXT_ONLY)
    if not fits and not text:
        return tag("td", tag("small", MISSING))
    label = f"{say(TITLES[field])}, {rule.feature}"
    attributes = {
        **controls.cell("edits", rule.feature, field),
        "data_key": f"{field} {rule.feature}",
        "aria_label": label,
        "aria_invalid": "true" if field in wrong else None,
    }
    if field == "type":
        options = [tag("option", name, value=name, selected=name == text) for name in _options(text)]
        control = tag("select", options, **attributes)
    else:
        width = "long" if field == "values" else "short"
        control = tag(
            "input",
            type="text",
            value=text,
            title=text if field == "values" else None,
            class_=width,
            autocomplete="off",
            **attributes,
        )
    state = "wrong" if field in wrong else "changed" if field in edits else None
    return tag("td", control, _notes(rule, field, edits, wrong), class_=state)


def _options(text: str) -> tuple[str, ...]:
    return _TYPES if text in _TYPES else (*_TYPES, text)


def _notes(rule: Rule, field: str, edits: Mapping[str, str], wrong: Mapping[str, str]) -> Child:
    if field not in edits:
        return None
    saved = getattr(rule, field)
    return [
        tag("small", f"✗ {wrong[field]}", class_="bad") if field in wrong else None,
        tag("small", say("saved: {saved}", saved=saved or MISSING)),
    ]


def _static_cell(saved: str, edited: str | None) -> Child:
    if edited is None:
        return _shown(saved)
    return [tag("b", _shown(edited)), tag("small", " ", say("saved: {saved}", saved=_shown(saved)))]


def _shown(text: str) -> str:
    return shorten(text, _LETTERS) or MISSING
