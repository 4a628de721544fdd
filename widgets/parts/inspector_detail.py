"""One column of the Transform inspector in detail: bucket edges over its histogram, and the words of vocabularies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from widgets.parts import charts, controls
from widgets.parts.feature_rows import Looks, distribution, reader
from widgets.parts.formats import MISSING, count, found_of, number, share, shorten
from widgets.parts.inspector_rows import LETTERS
from widgets.parts.language import say
from widgets.parts.markup import Child, Markup, tag
from widgets.parts.tables import scrollable, titled_table
from widgets.values.features import Output, RawFeature, Vocabulary
from widgets.values.statistics import FeatureSummary

PAGE_WORDS = 12
_CHART = charts.Size(560, 110)


@dataclass(frozen=True)
class WordSearch:
    """The search in vocabularies, and the page of its results; static: only the first words."""

    text: str = ""
    page: int = 0
    live: bool = True

    def found(self, vocabulary: Vocabulary) -> list[int]:
        """The codes of the words that contain the text, whatever its case."""
        text = self.text.casefold()
        return [place for place, word in enumerate(vocabulary.words) if text in word.casefold()]


def detail(feature: RawFeature, splits: Sequence[str], search: WordSearch) -> Markup:
    """All that is known about a column and its codes."""
    parts: list[Child] = []
    has_words = any(output.vocabulary for output in feature.outputs)
    if feature.statistics is not None and not (has_words and feature.kind == "text"):
        edges = [edge for output in feature.outputs for edge in output.edges]
        parts.append(_histogram(feature.statistics, splits, edges, live=search.live))
    for output in feature.outputs:
        if output.edges:
            parts.append(_buckets(output, splits))
        if output.vocabulary is not None:
            parts.append(_vocabulary(output, output.vocabulary, splits, search))
    return tag("div", parts, class_="detail")


def _histogram(
    statistics: FeatureSummary, splits: Sequence[str], edges: Sequence[float], *, live: bool
) -> Markup | None:
    series = distribution(statistics, Looks(tuple(splits)))
    if not series:
        return None
    numbers = any(split.numbers for split in statistics.splits.values())
    read = reader(statistics)
    label = say(
        "Distribution of {name}{edges}",
        name=statistics.name,
        edges=say(" with bucket edges") if edges else "",
    )
    drawing = charts.overlay(
        series, _CHART, label=label, marks=edges, tips=read if live and numbers else None
    )
    low, high = charts.extent(series, edges)
    middle = tag("span", tag("i", class_="mark"), count(len(edges), "bucket edge")) if edges else None
    axis = (
        [tag("span", read(low)), middle, tag("span", read(high))]
        if numbers
        else say("the most frequent values")
    )
    return tag("figure", drawing, tag("figcaption", axis, class_="axis"))


def _buckets(output: Output, splits: Sequence[str]) -> Markup:
    ends = [None, *output.edges, None]
    shown = [(place, [_end(ends[place]), _end(ends[place + 1])]) for place in range(len(ends) - 1)]
    return _table(
        output,
        splits,
        say("Buckets of {name}", name=output.name),
        (say("Bucket"), say("At least"), say("Below")),
        shown,
    )


def _end(edge: float | None) -> str:
    # All digits that distinguish neighbouring edges, which `number` would round away.
    return MISSING if edge is None else f"{edge:,.7g}"


def _vocabulary(output: Output, vocabulary: Vocabulary, splits: Sequence[str], search: WordSearch) -> Markup:
    found = search.found(vocabulary)
    page = min(search.page, controls.last_page(len(found), PAGE_WORDS))
    places = found[page * PAGE_WORDS :][:PAGE_WORDS]
    size = found_of(len(found), len(vocabulary.words), "word")
    if len(found) == len(vocabulary.words) and not search.live and len(found) > PAGE_WORDS:
        size += say(", the first {listed}", listed=PAGE_WORDS)
    caption = say(
        "Vocabulary {name} of {output}: {size}", name=vocabulary.name, output=output.name, size=size
    )
    shown = [(place, [shorten(vocabulary.words[place], LETTERS)]) for place in places]
    table = _table(output, splits, caption, (say("Place"), say("Word")), shown)
    pager = controls.pager("word_page", page, size=PAGE_WORDS, total=len(found)) if search.live else None
    return tag("div", _word_box(output, search) if search.live else None, table, pager, _rate(output, splits))


def _word_box(output: Output, search: WordSearch) -> Markup:
    box = tag(
        "input",
        type="text",
        value=search.text,
        placeholder=say("type to search"),
        autocomplete="off",
        data_trait="word",
        data_key=f"word {output.name}",
    )
    return tag("label", tag("span", say("Search the words of {name} ", name=output.name)), box)


def _rate(output: Output, splits: Sequence[str]) -> Markup | None:
    sentences = [
        say(
            "{split} {part} ({outside} of {total})",
            split=split,
            part=share(part),
            outside=number(output.outside[split][0]),
            total=number(output.outside[split][1]),
        )
        for split in splits
        if (part := output.outside_share(split)) is not None
    ]
    return (
        tag(
            "p",
            say("Values not in the vocabulary: {sentences}.", sentences=", ".join(sentences)),
            class_="note",
        )
        if sentences
        else None
    )


@dataclass(frozen=True)
class _Counted:
    """How often a split has each code, and the number of its colour."""

    split: str
    colour: int
    counts: Sequence[int]
    total: int

    def part(self, place: int) -> float:
        return self.counts[place] / self.total if self.total else 0.0

    def bar(self, place: int, greatest: float) -> Markup:
        """A cell with the count, its share of all, and a bar that is full at the largest share."""
        width = self.part(place) / greatest * 100 if greatest else 0
        drawn = tag("i", style=f"width:{width:.0f}%", class_=charts.colour(self.colour)) if width else None
        said = f"{number(int(self.counts[place]))} · {share(self.part(place))}"
        return tag("td", tag("span", drawn, class_="bar"), tag("span", said))


def _table(
    output: Output,
    splits: Sequence[str],
    caption: str,
    titles: Sequence[str],
    shown: Sequence[tuple[int, Sequence[str]]],
) -> Markup:
    """One row per code: its number, its meaning, and how often each split has it."""
    counted = [
        _Counted(split, colour, output.counts[split], int(sum(output.counts[split])))
        for colour, split in enumerate(splits)
        if split in output.counts
    ]
    greatest = max((one.part(place) for place, _ in shown for one in counted), default=0.0)
    rows = [
        tag(
            "tr",
            tag("td", str(place), class_="number"),
            tag("th", texts[0], scope="row"),
            [tag("td", text) for text in texts[1:]],
            [one.bar(place, greatest) for one in counted],
        )
        for place, texts in shown
    ]
    heads = [*titles, *(charts.key(one.colour, one.split) for one in counted)]
    table = titled_table(heads, rows, caption=caption, class_="bars places")
    return scrollable(table, caption, class_="kit-scroll-x")
