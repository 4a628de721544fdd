"""One anomaly as a row of a table, and the rows of the data that it comes from."""

from __future__ import annotations

from widgets.parts import charts
from widgets.parts.formats import MISSING, number, share, shorten
from widgets.parts.language import marked, say
from widgets.parts.markup import BREAK, Child, Markup, join, tag
from widgets.parts.tables import scrollable, titled_table
from widgets.values.decisions import Anomaly

# Minimum widths in pixels.
COLUMNS = {
    marked("Feature"): 110,
    marked("Problem"): 120,
    marked("Rows at fault"): 0,
    marked("Values at fault"): 90,
    marked("Decision"): 140,
}
_VALUES = 3  # named in a row
_LETTERS = 60  # shown of a value
_SIGNS = {
    "ignore": marked("○ ignored here"),
    "accept": marked("✓ accepted into the schema"),
    "block": marked("✗ blocked"),
}


def cells(anomaly: Anomaly, name: Child) -> Markup:
    """The cells of a row; the name is passed in because the live face makes a button of it."""
    return join(
        [
            tag("th", name, tag("small", anomaly.split), scope="row"),
            tag("td", anomaly.what),
            tag("td", _rows(anomaly), class_="number"),
            tag("td", _values(anomaly)),
            tag("td", _decision(anomaly)),
        ]
    )


def rows_at_fault(anomaly: Anomaly) -> Markup:
    """Some rows of the data as a table, the feature first; or why there are none to show."""
    if anomaly.rows is None:
        return tag("p", say("No single row is at fault: this is about all rows together."), class_="note")
    if not anomaly.examples:
        return tag("p", say("No row of this kind is in the split."), class_="note")
    names = dict.fromkeys(name for _, row in anomaly.examples for name in row)
    columns = [anomaly.feature, *(name for name in names if name != anomaly.feature)]
    rows = [
        tag(
            "tr",
            tag("th", number(place), scope="row"),
            [_cell(row.get(name, ""), at_fault=name == anomaly.feature) for name in columns],
        )
        for place, row in anomaly.examples
    ]
    table = titled_table((say("Row"), *columns), rows, caption=_caption(anomaly))
    label = say("Rows at fault in {feature}", feature=anomaly.feature)
    return scrollable(table, label, class_="kit-scroll-x")


def _caption(anomaly: Anomaly) -> str:
    if anomaly.rows == 1:
        return say("The row at fault in {split}; rows count from 0", split=anomaly.split)
    first = (
        say("The")
        if anomaly.rows == len(anomaly.examples)
        else say("The first {examples} of the", examples=number(len(anomaly.examples)))
    )
    return say(
        "{first} {rows} rows at fault in {split}; rows count from 0",
        first=first,
        rows=number(anomaly.rows),
        split=anomaly.split,
    )


def _cell(text: str, *, at_fault: bool) -> Markup:
    shown = shorten(text, _LETTERS) or tag("small", say("missing"))
    return tag("td", shown, class_="bad" if at_fault else None)


def _rows(anomaly: Anomaly) -> Child:
    if anomaly.rows is None:
        return tag("small", say("all together"))
    if not anomaly.of:
        return number(anomaly.rows)
    part = anomaly.rows / anomaly.of
    bar = tag("span", tag("i", style=f"width:{part * 100:.0f}%", class_=charts.colour(4)), class_="bar")
    return [
        bar,
        tag(
            "small",
            say("{rows} of {of}, {part}", rows=number(anomaly.rows), of=number(anomaly.of), part=share(part)),
        ),
    ]


def _values(anomaly: Anomaly) -> Child:
    if not anomaly.at_fault:
        return MISSING
    named = [
        f"{shorten(value, _LETTERS) or say('(empty)')} ({number(times)})"
        for value, times in anomaly.at_fault[:_VALUES]
    ]
    more = tag("small", say("and others")) if len(anomaly.at_fault) > _VALUES else None
    return [join(named, BREAK), more]


def _decision(anomaly: Anomaly) -> Child:
    if not anomaly.decided:
        return tag("small", say("open"))
    class_ = "bad" if anomaly.decided == "block" else "good"
    sign = say(_SIGNS.get(anomaly.decided, anomaly.decided))
    return [tag("span", sign, class_=class_), tag("small", anomaly.decision)]
