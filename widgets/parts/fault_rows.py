"""The parts of the fault lab: which check said what, the column before and after, and the smallest shares."""

from __future__ import annotations

from collections.abc import Sequence

from widgets.parts import charts
from widgets.parts.feature_detail import detail
from widgets.parts.feature_rows import Looks
from widgets.parts.formats import count, number, share, shorten
from widgets.parts.language import marked, say
from widgets.parts.markup import Markup, tag
from widgets.parts.tables import scrollable, titled_table
from widgets.values.faults import Said, Smallest, Tried
from widgets.values.statistics import SplitSummary

SPLITS = (marked("before"), marked("after"))
_MOST_SAID = 40  # findings listed
_LETTERS = 600  # of one finding


def verdict(tried: Tried) -> str:
    """The outcome of a fault, in a sentence."""
    rows = say("{rows} of {of} rows", rows=number(tried.rows), of=number(tried.of))
    if not tried.said:
        return say("not noticed by any check; {rows}, in {days}.", rows=rows, days=tried.days)
    names = list(dict.fromkeys(one.check for one in tried.said))
    more = say(" and {number} more", number=len(names) - 3) if len(names) > 3 else ""  # noqa: PLR2004  what fits a line
    return say(
        "caught by {names}{more}; {rows}, in {days}.",
        names=", ".join(shorten(name, _LETTERS) for name in names[:3]),
        more=more,
        rows=rows,
        days=tried.days,
    )


def findings(tried: Tried) -> Markup | None:
    """The findings that the clean rows do not give."""
    if not tried.said:
        return None
    titles = (say("A batch"), say("Check"), say("About"), say("Found"), say("Expected"))
    rows = [_finding(one) for one in tried.said[:_MOST_SAID]]
    left_out = len(tried.said) - _MOST_SAID
    note = (
        tag("p", say("{amount} more", amount=count(left_out, "finding")), class_="note")
        if left_out > 0
        else None
    )
    return _scrolled(say("What the checks say"), titles, rows, note)


def picture(tried: Tried, *, tips: bool) -> Markup | None:
    """The column before and after."""
    note = tag("p", tried.note, class_="note") if tried.note else None
    if tried.picture is None:
        return note
    name = tried.picture.name
    lines = [
        tag("li", charts.key(place, say(split)), ": ", _in_words(tried.picture.splits[split]))
        for place, split in enumerate(SPLITS)
        if split in tried.picture.splits
    ]
    drawing = detail(tried.picture, Looks(SPLITS, tips=tips))
    # Dates make the table of quantiles wider than a narrow page.
    scrolled = scrollable(drawing, say("{name} in detail", name=name), class_="kit-scroll-x")
    return tag("div", tag("p", tag("b", name), say(" before and after")), note, tag("ul", lines), scrolled)


def shares(known: Sequence[Smallest]) -> Markup | None:
    """The smallest share at which each fault is caught, as a table with bars."""
    if not known:
        return None
    titles = (say("Fault"), say("Column"), say("Smallest share caught"), say("Rows"), say("Caught by"))
    return _scrolled(say("Smallest shares caught"), titles, [_share(one) for one in known], None)


def line(one: Smallest) -> str:
    """The smallest share in a few words."""
    if one.why_not:
        return say("{fault}: not tried, {why_not}", fault=one.fault, why_not=shorten(one.why_not, _LETTERS))
    if one.share is None:
        return say("{fault}: not caught up to {most} of the rows", fault=one.fault, most=share(one.most))
    return say(
        "{fault}: caught from {share} of the rows on ({rows})",
        fault=one.fault,
        share=exact(one.share),
        rows=count(one.rows, "row"),
    )


def exact(part: float) -> str:
    """A share in percent, also one below a tenth of a percent."""
    return f"{number(part * 100)}%"


def _in_words(split: SplitSummary) -> str:
    parts = [
        count(split.present + split.missing, "row"),
        say("{missing_share} missing", missing_share=share(split.missing_share)),
    ]
    if split.texts and split.texts.distinct:
        parts.append(count(split.texts.distinct, "value"))
    return ", ".join(parts)


def _finding(one: Said) -> Markup:
    sign = tag("td", say("✗ stops") if one.stops else say("! warns"), class_="bad number")
    return tag(
        "tr",
        sign,
        tag("th", shorten(one.check, _LETTERS), scope="row", class_="whole"),
        tag("td", shorten(one.about, _LETTERS), class_="whole"),
        [tag("td", shorten(text, _LETTERS)) for text in (one.found, one.expected)],
    )


def _share(one: Smallest) -> Markup:
    name = tag("th", one.fault, scope="row")
    column = tag("td", one.column or tag("span", say("whole rows"), class_="note"))
    if one.why_not:
        return tag(
            "tr",
            name,
            column,
            tag("td", say("not tried: {why_not}", why_not=shorten(one.why_not, _LETTERS)), colspan=3),
        )
    if one.share is None:
        return tag(
            "tr",
            name,
            column,
            tag("td", say("✗ not caught up to {most}", most=share(one.most)), class_="bad", colspan=3),
        )
    bar = tag("i", style=f"width:{min(one.share / one.most, 1) * 100:.0f}%", class_=charts.colour(0))
    part = tag("td", tag("span", bar, class_="bar"), tag("span", exact(one.share)), class_="number")
    rows = tag("td", say("{part} of {total}", part=number(one.rows), total=number(one.of)), class_="number")
    return tag("tr", name, column, part, rows, tag("td", shorten(", ".join(one.caught_by), _LETTERS)))


def _scrolled(caption: str, titles: Sequence[str], rows: Sequence[Markup], note: Markup | None) -> Markup:
    return scrollable([titled_table(titles, rows, caption=caption), note], caption, class_="kit-scroll-x")
