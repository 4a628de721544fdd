"""One feature as a row of the statistics table: a line per split, and its distribution."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from widgets.parts import charts
from widgets.parts.formats import MISSING, moment, number, share, shorten, ticks_per_second
from widgets.parts.language import marked, say
from widgets.parts.markup import BREAK, Markup, join, tag
from widgets.values.statistics import Distance, FeatureSummary, Histogram, Numbers, SplitSummary

COLUMNS = (
    *(marked("Feature"), marked("Distribution"), marked("Split"), marked("Missing"), marked("Mean")),
    *(marked("Deviation"), marked("Least"), marked("Median"), marked("Greatest"), marked("Zeros")),
)
EMPTY = marked("(empty)")  # the label of an empty text
_KINDS = (
    *(marked("whole number"), marked("number"), marked("date")),
    *(marked("text"), marked("bytes"), marked("group")),
)
_NUMBER_COLUMNS = 6  # from Mean to Zeros, merged for texts
_CHART = charts.Size(150, 36)
_TOP_VALUES = 3
_BARS = 12
LONGEST_VALUE = 48  # characters
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Looks:
    """How features are shown: the splits in the order of their colours, and what was chosen."""

    splits: tuple[str, ...]
    weighted: bool = False
    logarithmic: bool = False
    tips: bool = False

    def of(self, feature: FeatureSummary) -> Mapping[str, SplitSummary]:
        return feature.weighted if self.weighted and feature.weighted else feature.splits


def reader(feature: FeatureSummary) -> Callable[[float | None], str]:
    """The format of the feature's numbers."""
    return moment if feature.kind == "date" else number


def cells(feature: FeatureSummary, looks: Looks, name: Markup, *, chart: bool) -> Markup:
    """The cells of a row; the name is passed in because the live face makes a button of it."""
    splits = [looks.of(feature).get(split) for split in looks.splits]
    kind = f"{say('lists of ') if feature.has_lists else ''}{say(feature.kind)}"
    notes = [tag("small", kind), _note(say("drift"), feature.drift), _note(say("skew"), feature.skew)]
    legend = [charts.key(index, split) for index, split in enumerate(looks.splits)]
    return join(
        [
            tag("th", name, notes, scope="row"),
            tag("td", row_chart(feature, looks) if chart else None),
            tag("td", join(legend, BREAK)),
            _column(splits, lambda split: share(split.missing_share)),
            *_middle(feature, splits),
        ]
    )


def row_chart(feature: FeatureSummary, looks: Looks) -> Markup | None:
    """The distributions of all splits over one another."""
    series = distribution(feature, looks)
    if not series:
        return None
    label = say("Distribution of {name}", name=feature.name)
    return charts.overlay(series, _CHART, label=label, logarithmic=looks.logarithmic)


def distribution(feature: FeatureSummary, looks: Looks) -> list[charts.Series]:
    """The histogram of each split: of numbers, or of the most frequent values in the same order for all splits."""
    splits = looks.of(feature)
    values = frequent(splits.values())[:_BARS]
    return [
        charts.Series(name, histogram, place)
        for place, name in enumerate(looks.splits)
        if name in splits and (histogram := _histogram(splits[name], values)) is not None
    ]


def frequent(splits: Iterable[SplitSummary]) -> list[str]:
    """The frequent values of all splits, in the order of the first that has them."""
    return list(dict.fromkeys(value for split in splits if split.texts for value, _ in split.texts.top))


def _histogram(split: SplitSummary, values: Sequence[str]) -> Histogram | None:
    if split.texts is None:
        return split.numbers.histogram if split.numbers else None
    counts = dict(split.texts.top)
    edges = tuple(float(edge) for edge in range(len(values) + 1))
    return Histogram(edges, tuple(counts.get(value, 0.0) for value in values)) if values else None


def _middle(feature: FeatureSummary, splits: Sequence[SplitSummary | None]) -> list[Markup]:
    if any(split and split.texts for split in splits):
        return [_column(splits, _top, colspan=_NUMBER_COLUMNS, class_="texts")]
    read = reader(feature)
    columns: list[Callable[[SplitSummary, Numbers], str]] = [
        lambda _, numbers: read(numbers.mean),
        lambda _, numbers: _deviation(feature, numbers),
        lambda _, numbers: read(numbers.least),
        lambda _, numbers: read(numbers.median),
        lambda _, numbers: read(numbers.most),
        lambda split, numbers: share(_part(numbers.zeros, split.values or split.present)),
    ]
    return [_column(splits, partial(_of_numbers, draw)) for draw in columns]


def _of_numbers(draw: Callable[[SplitSummary, Numbers], str], split: SplitSummary) -> str:
    return draw(split, split.numbers) if split.numbers else MISSING


def _deviation(feature: FeatureSummary, numbers: Numbers) -> str:
    if feature.kind == "date" and numbers.deviation is not None:
        return f"{number(numbers.deviation / ticks_per_second(numbers.most or 0) / _DAY_SECONDS)} d"
    return number(numbers.deviation)


def _top(split: SplitSummary) -> str:
    texts = split.texts
    if texts is None or (texts.distinct is None and not texts.top):
        return MISSING
    whole = split.values or split.present
    parts = [] if texts.distinct is None else [say("{distinct} distinct", distinct=number(texts.distinct))]
    parts += [
        f"{shorten(value, LONGEST_VALUE) or say(EMPTY)}: {share(_part(amount, whole))}"
        for value, amount in texts.top[:_TOP_VALUES]
    ]
    return " · ".join(parts)


def _part(amount: float | None, whole: float) -> float | None:
    return amount / whole if amount is not None and whole else None


def _column(
    splits: Sequence[SplitSummary | None],
    draw: Callable[[SplitSummary], str],
    *,
    colspan: int | None = None,
    class_: str = "number",
) -> Markup:
    lines = [draw(split) if split else MISSING for split in splits]
    return tag("td", join(lines, BREAK), class_=class_, colspan=colspan)


def _note(name: str, distance: Distance | None) -> Markup | None:
    if distance is None:
        return None
    text = f"{name} {number(distance.value)}"
    if distance.exceeds:
        return tag("small", f"✗ {text} > {number(distance.threshold)}", class_="bad")
    return tag("small", text)
