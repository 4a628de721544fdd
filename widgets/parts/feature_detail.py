"""One feature of the statistics view in detail: its distribution, quantiles, frequent values and list lengths."""

from __future__ import annotations

from collections.abc import Sequence

from widgets.parts import charts
from widgets.parts.feature_rows import EMPTY, LONGEST_VALUE, Looks, distribution, frequent, reader
from widgets.parts.formats import MISSING, number, share, shorten
from widgets.parts.language import say
from widgets.parts.markup import Markup, join, tag
from widgets.parts.tables import scrollable, titled_table
from widgets.values.statistics import Distance, FeatureSummary, SplitSummary

_CHART = charts.Size(560, 130)
_LENGTHS = charts.Size(260, 60)
_VALUES = 20  # frequent values shown


def detail(feature: FeatureSummary, looks: Looks) -> Markup:
    """All that is known about a feature, split by split."""
    splits = looks.of(feature)
    known = [(place, name, splits[name]) for place, name in enumerate(looks.splits) if name in splits]
    return tag(
        "div",
        _distances(feature),
        _numbers(feature, looks, known),
        _frequent_values(known),
        _lengths(feature, known),
        class_="detail",
    )


_Known = Sequence[tuple[int, str, SplitSummary]]


def _numbers(feature: FeatureSummary, looks: Looks, known: _Known) -> Markup | None:
    if not any(split.numbers for _, _, split in known):
        return None
    read = reader(feature)
    series = distribution(feature, looks)
    chart = None
    if series:
        drawing = charts.overlay(
            series,
            _CHART,
            label=say("Distribution of {name}, larger", name=feature.name),
            logarithmic=looks.logarithmic,
            tips=read if looks.tips else None,
        )
        low, high = charts.extent(series)
        caption = [tag("span", read(low)), tag("span", read(high))]
        chart = tag("figure", drawing, tag("figcaption", caption, class_="axis"))
    return tag("div", chart, _quantiles(feature, known))


def _quantiles(feature: FeatureSummary, known: _Known) -> Markup | None:
    columns = [split.numbers.quantiles for _, _, split in known if split.numbers and split.numbers.quantiles]
    if not columns:
        return None
    read, steps = reader(feature), max(len(column) for column in columns) - 1
    titles = (say("Quantile"), *(share(step / steps if steps else 0) for step in range(steps + 1)))
    rows = [
        tag(
            "tr",
            tag("th", charts.key(place, name), scope="row"),
            [tag("td", read(value), class_="number") for value in split.numbers.quantiles],
        )
        for place, name, split in known
        if split.numbers and split.numbers.quantiles
    ]
    label = say("Quantiles of {name}", name=feature.name)
    return scrollable(titled_table(titles, rows), label, class_="kit-scroll-x")


def _frequent_values(known: _Known) -> Markup | None:
    values = frequent(split for _, _, split in known)
    if not values:
        return None
    shares = {name: _shares(split) for _, name, split in known}
    greatest = max((part for of_split in shares.values() for part in of_split.values()), default=0.0) or 1.0
    titles = (say("Value"), *(charts.key(place, name) for place, name, _ in known))
    rows = [
        tag(
            "tr",
            tag("th", shorten(value, LONGEST_VALUE) or say(EMPTY), scope="row"),
            [_bar(shares[name].get(value), greatest, place) for place, name, _ in known],
        )
        for value in values[:_VALUES]
    ]
    left_out = len(values) - _VALUES
    caption = say(
        "Most frequent values{more}",
        more=say(", {left_out} more are known", left_out=left_out) if left_out > 0 else "",
    )
    return titled_table(titles, rows, caption=caption, class_="bars")


def _shares(split: SplitSummary) -> dict[str, float]:
    whole = split.values or split.present
    return {value: amount / whole for value, amount in split.texts.top} if split.texts and whole else {}


def _bar(part: float | None, greatest: float, place: int) -> Markup:
    if part is None:  # it may occur, but not among the split's most frequent
        return tag("td", MISSING)
    width = f"width:{part / greatest * 100:.0f}%"
    bar = tag("span", tag("i", style=width, class_=charts.colour(place)), class_="bar")
    return tag("td", bar, tag("span", share(part)))


def _lengths(feature: FeatureSummary, known: _Known) -> Markup | None:
    if not feature.has_lists:
        return None
    lines = [
        tag(
            "li",
            charts.key(place, name),
            say(
                ": {least} to {most} values per example, {average} on average",
                least=number(split.lengths.least),
                most=number(split.lengths.most),
                average=number(split.lengths.average),
            ),
        )
        for place, name, split in known
        if split.lengths
    ]
    series = [
        charts.Series(name, split.lengths.histogram, place)
        for place, name, split in known
        if split.lengths and split.lengths.histogram
    ]
    label = say("Values per example of {name}", name=feature.name)
    chart = charts.overlay(series, _LENGTHS, label=label) if series else None
    return tag("div", tag("ul", lines), chart)


def _distances(feature: FeatureSummary) -> Markup | None:
    sentences = [
        _sentence(say("Drift from the span before"), feature.drift),
        _sentence(say("Skew between training and serving"), feature.skew),
    ]
    return join(sentences) if any(sentences) else None


def _sentence(name: str, distance: Distance | None) -> Markup | None:
    if distance is None:
        return None
    measure = f" ({distance.measure})" if distance.measure else ""
    verdict = say("no threshold is set")
    if distance.threshold is not None:
        verdict = say(
            "✗ above the threshold {threshold}" if distance.exceeds else "✓ within the threshold {threshold}",
            threshold=number(distance.threshold),
        )
    return tag(
        "p",
        f"{name}: {number(distance.value)}{measure}, {verdict}.",
        class_="bad" if distance.exceeds else None,
    )
