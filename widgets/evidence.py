"""A self-contained SVG of a feature's distribution in each split, for mails and messages."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from widgets.parts.feature_rows import reader
from widgets.parts.formats import share
from widgets.parts.language import marked, say
from widgets.parts.markup import Markup, tag
from widgets.records import feature
from widgets.values.statistics import FeatureSummary, SplitSummary

_WIDTH, _ROW, _TOP, _LEFT = 480, 64, 26, 70  # pixels
_BARS = 10  # of the texts shown
_LETTERS = 70  # of the picture, with its text
_LINE = 15  # pixels of a line below a picture
_SPLITS = (marked("in train"), marked("found now"))
_COLOURS = ("#1b6ca8", "#c2571a", "#4b7f3f", "#7b4fa3")


class Pictures:
    """Draws features of a summary by name; a slice such as `category=pets` is drawn as its feature.

    Args:
        summary: what `kit.data.summaries` makes of statistics.
    """

    def __init__(self, summary: Mapping[str, Any]) -> None:
        self._features = {record["name"]: record for record in summary["features"]}

    def __call__(self, subject: str, shares: Sequence[tuple[str, float, float]] = ()) -> str:
        """Return SVG, or nothing where the subject is not a feature.

        Args:
            subject: the feature, or a slice of it.
            shares: the share of each value in train and now, which are drawn in place of counts of rows; empty: counts.
        """
        if shares:
            return _picture_of_shares(subject.partition("=")[0], shares)
        record = self._features.get(subject) or self._features.get(subject.partition("=")[0])
        return _picture(feature(record)) if record else ""


def _picture(one: FeatureSummary) -> str:
    values = _top_values(one.splits.values())
    edges = _edges(one.splits.values())
    rows = [
        _split(place, name, split, _texts(split, values) if values else _numbers(split, edges))
        for place, (name, split) in enumerate(one.splits.items())
    ]
    ends = [reader(one)(edge) for edge in (min(edges), max(edges))] if edges else []
    return _drawing(one.name, rows, ", ".join(values) or say(" to ").join(ends))


def _picture_of_shares(name: str, shares: Sequence[tuple[str, float, float]]) -> str:
    """Draw the share of each value in train above that now, on one scale."""
    sides = [[was for _, was, _ in shares], [now for *_, now in shares]]
    wide, highest = 1 / len(shares), max(map(max, sides)) or 1.0
    rows = [
        _row(
            place,
            say(_SPLITS[place]),
            [(at * wide, (at + 0.8) * wide, height / highest) for at, height in enumerate(side)],
        )
        for place, side in enumerate(sides)
    ]
    told = (f"{value} {share(was)} → {share(now)}" for value, was, now in shares)
    return _drawing(say("{name}: the share by value", name=name), rows, ", ".join(told))


def _drawing(title: str, rows: Sequence[Markup], caption: str) -> str:
    lines = textwrap.wrap(caption, _LETTERS)
    height = _TOP + _ROW * len(rows) + _LINE * max(len(lines), 1) + 5
    below = [
        tag("text", line, x=_LEFT, y=_TOP + _ROW * len(rows) + _LINE * place - 1)
        for place, line in enumerate(lines, 1)
    ]
    return tag(
        "svg",
        tag("rect", width=_WIDTH, height=height, fill="#fff"),  # on any background
        tag("text", title, x=8, y=17, font_weight="bold"),
        rows,
        below,
        xmlns="http://www.w3.org/2000/svg",
        width=_WIDTH,
        height=height,
        viewBox=f"0 0 {_WIDTH} {height}",
        font_family="system-ui, PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif",
        font_size=12,
        role="img",
        aria_label=title,
    )


def _edges(splits: Iterable[SplitSummary]) -> list[float]:
    histograms = [split.numbers.histogram for split in splits if split.numbers and split.numbers.histogram]
    return [edge for histogram in histograms for edge in histogram.edges if math.isfinite(edge)]


def _split(place: int, name: str, split: SplitSummary, bars: Sequence[tuple[float, float, float]]) -> Markup:
    missing = (
        say("{missing_share} missing", missing_share=share(split.missing_share)) if split.missing else ""
    )
    return _row(place, name, bars, missing)


def _row(place: int, name: str, bars: Sequence[tuple[float, float, float]], missing: str = "") -> Markup:
    """Bars are (from, to, height), each 0 to 1."""
    top, high = _TOP + place * _ROW, _ROW - 14
    room = _WIDTH - _LEFT - 10
    shapes = [
        tag(
            "rect",
            x=f"{_LEFT + low * room:.1f}",
            y=f"{top + (1 - height) * high:.1f}",
            width=f"{max((up - low) * room - 1, 1):.1f}",
            height=f"{height * high:.1f}",
            fill=_COLOURS[place % len(_COLOURS)],
        )
        for low, up, height in bars
    ]
    note = tag("text", missing, x=4, y=top + 30, font_size=9) if missing else None
    return tag("g", tag("text", name, x=4, y=top + 16), note, shapes)


def _top_values(splits: Iterable[SplitSummary]) -> list[str]:
    names: dict[str, None] = {}
    for split in splits:
        names |= dict.fromkeys(value for value, _ in (split.texts.top if split.texts else ())[:_BARS])
    return list(names)[:_BARS]


def _texts(split: SplitSummary, values: Sequence[str]) -> list[tuple[float, float, float]]:
    counts = dict(split.texts.top) if split.texts else {}
    highest = max((counts.get(value, 0.0) for value in values), default=0.0) or 1.0
    wide = 1 / len(values)
    return [
        (place * wide, (place + 0.8) * wide, counts.get(value, 0.0) / highest)
        for place, value in enumerate(values)
    ]


def _numbers(split: SplitSummary, edges: Sequence[float]) -> list[tuple[float, float, float]]:
    histogram = split.numbers.histogram if split.numbers else None
    if histogram is None or not edges:
        return []
    low, high = min(edges), max(edges)
    wide = (high - low) or 1.0
    highest = max(histogram.counts, default=0.0) or 1.0
    return [
        ((first - low) / wide, (last - low) / wide, count / highest)
        for first, last, count in zip(histogram.edges, histogram.edges[1:], histogram.counts, strict=False)
        if math.isfinite(first) and math.isfinite(last)
    ]
