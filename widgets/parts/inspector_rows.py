"""One column of the Transform inspector as a row: its raw value beside what the graph makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from widgets.parts import charts, controls
from widgets.parts.formats import share, shorten
from widgets.parts.language import marked, say
from widgets.parts.markup import BREAK, Child, Markup, join, tag
from widgets.values.features import Output, RawFeature

TITLES = (marked("Column"), marked("Raw"), marked("Transformed"), marked("Not in the vocabulary"))
LETTERS = 160  # of a value
_NO_COLUMN = marked("(no column)")

Transformed = Mapping[str, tuple[str, str]]


def live_row(
    feature: RawFeature, raw: str, wrong: str, transformed: Transformed, looks: tuple[Sequence[str], bool]
) -> Markup:
    """A row with a cell to write in.

    Args:
        feature: the column.
        raw: its text in the current row.
        wrong: why that is not valid; empty: it is.
        transformed: value and meaning of each feature.
        looks: the splits in the order of their colours, and whether the column is opened.
    """
    splits, is_open = looks
    button = controls.opener(feature.name, feature.name, is_open=is_open)
    name = button if feature.name and has_detail(feature) else _static_name(feature)
    cell = _cell(feature, raw, wrong) if feature.name else None
    return _row(feature, name, tag("td", cell, class_="wrong" if wrong else None), transformed, splits)


def static_row(
    feature: RawFeature, raw: str, wrong: str, transformed: Transformed, splits: Sequence[str]
) -> Markup:
    """A row of texts."""
    text = shorten(raw, LETTERS) or (tag("span", say("missing"), class_="note") if feature.name else "")
    cell = tag("td", text, tag("small", f"✗ {wrong}", class_="bad") if wrong else None)
    return _row(feature, _static_name(feature), cell, transformed, splits)


def _row(
    feature: RawFeature, name: Markup, cell: Markup, transformed: Transformed, splits: Sequence[str]
) -> Markup:
    made = [_made(output, feature.name, transformed) for output in feature.outputs]
    head = tag("th", name, tag("small", say(feature.kind)), scope="row")
    result = tag("td", made or tag("small", say("feeds no feature")))
    return tag("tr", head, cell, result, tag("td", _outside(feature, splits), class_="number"))


def has_detail(feature: RawFeature) -> bool:
    """Whether a column has more to show than its row."""
    places = any(output.vocabulary or output.edges for output in feature.outputs)
    return places or feature.statistics is not None


def _static_name(feature: RawFeature) -> Markup:
    return tag("b", feature.name or say(_NO_COLUMN))


def _cell(feature: RawFeature, raw: str, wrong: str) -> Child:
    box = tag(
        "input",
        type="text",
        value=raw,
        placeholder=say("missing"),
        autocomplete="off",
        **controls.cell("written", feature.name, "text", over=controls.ROW),
        data_key=f"raw {feature.name}",
        aria_label=say("Raw value, {name}", name=feature.name),
        aria_invalid="true" if wrong else None,
        title=raw if len(raw) > 30 else None,  # noqa: PLR2004  letters that a cell shows
    )
    return [box, tag("small", f"✗ {wrong}", class_="bad") if wrong else None]


def _made(output: Output, column: str, transformed: Transformed) -> Markup:
    value, meaning = transformed.get(output.name, ("", ""))
    others = [source for source in output.sources if source != column]
    note = (
        say("{name}, with {others}", name=output.name, others=", ".join(others))
        if others and column
        else output.name
    )
    said = f" {shorten(meaning, LETTERS)}" if meaning else None
    shown = [tag("b", shorten(value, LETTERS)), said, " "] if value else None
    return tag("div", tag("span", shown, class_="value"), tag("small", note), class_="made")


def _outside(feature: RawFeature, splits: Sequence[str]) -> Child:
    lines = [
        [charts.key(place, split), " ", share(part)]
        for output in feature.outputs
        for place, split in enumerate(splits)
        if (part := output.outside_share(split)) is not None
    ]
    return join([join(line) for line in lines], BREAK)
