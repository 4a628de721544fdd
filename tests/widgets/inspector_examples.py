"""Plain values for the Transform inspector, and a callable that stands for the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from widget_examples import HOSTILE, SPLITS, few_features, number_split, text_split

from widgets.inspector import TransformInspector
from widgets.values.features import Looked, Output, RawFeature, Vocabulary
from widgets.values.statistics import FeatureSummary

CITIES = Vocabulary("city", ("Rom", "東京", "Oslo"))
ROW = {"age": "30", "city": "東京", "note": ""}


def few_columns() -> list[RawFeature]:
    """A column in buckets, one with a vocabulary and a feature of two columns, one of no use, and a feature of none."""
    counts = {"train": (9_000, 2_000, 1_000), "eval": (1_000, 1_000, 500)}
    age = Output("age_xf", ("age",), edges=(18.0, 27.5), counts=counts)
    places = Output("city_xf", ("city",), CITIES, (), counts, {"train": (0, 12_000), "eval": (500, 3_000)})
    both = Output("price_xf", ("age", "city"))
    return [
        RawFeature("age", "whole number", (age, both), few_features()[0]),
        RawFeature("city", "text", (places,), few_features()[1]),
        RawFeature("note", "text"),
        RawFeature("", "", (Output("bias_xf", ()),)),
    ]


@dataclass
class Graph:
    """Stands for kit: knows one row, and takes an age that is a number below 100."""

    row: Mapping[str, str] = field(default_factory=lambda: ROW)
    calls: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)

    def look(self, split: str, row: int, texts: Mapping[str, str]) -> Looked:
        self.calls.append((split, row, dict(texts)))
        raw = {**(self.row if split else dict.fromkeys(self.row, "")), **texts}
        age = raw["age"] or "0"
        if not age.isdigit():
            return raw, {"age": f"this is a whole number, not {age!r}"}, {}
        if int(age) >= 100:
            return raw, {"": "the graph does not take this row: too old"}, {}
        bucket = sum(int(age) >= edge for edge in (18, 27.5))
        place = CITIES.words.index(raw["city"]) if raw["city"] in CITIES.words else 3
        meaning = raw["city"] if place < 3 else "not in the vocabulary"
        return raw, {}, {
            "age_xf": (str(bucket), "below 18" if bucket == 0 else "from 18"),
            "price_xf": (f"{row / 10}", ""),
            "city_xf": (str(place), meaning),
            "bias_xf": ("1", ""),
        }  # fmt: skip


def inspector(graph: Graph | None = None, **state: Any) -> TransformInspector:
    return TransformInspector(few_columns(), SPLITS, (graph or Graph()).look, **state)


def nothing(_split: str, _row: int, texts: Mapping[str, str]) -> Looked:
    return dict(texts), {}, {}


def one_column() -> TransformInspector:
    return TransformInspector(few_columns()[1:2], {"train": 1}, Graph().look, opened="city")


def all_missing() -> TransformInspector:
    """A column without a value, whose vocabulary has no word."""
    empty = Output("x_xf", ("x",), Vocabulary("x", ()), (), {"train": ()}, {"train": (0, 0)})
    return TransformInspector(
        [RawFeature("x", "text", (empty,))], {"train": 10, "eval": 0}, nothing, opened="x"
    )


def many_columns(amount: int = 500, words: int = 2_000) -> TransformInspector:
    vocabulary = Vocabulary("words", tuple(f"word {number}" for number in range(words)))
    counts = {split: tuple(range(words, 0, -1)) for split in SPLITS}
    columns = [
        RawFeature(
            f"column_{number:03}",
            "text" if number % 2 else "number",
            (
                Output(
                    f"column_{number:03}_xf",
                    (f"column_{number:03}",),
                    vocabulary if number % 2 else None,
                    () if number % 2 else (5.0, 12.0),
                    counts if number % 2 else dict.fromkeys(SPLITS, (5, 2, 1)),
                    dict.fromkeys(SPLITS, (number, 1000)) if number % 2 else {},
                ),
            ),
            FeatureSummary(
                f"column_{number:03}",
                "text" if number % 2 else "number",
                {
                    split: text_split(rows, ("word 0", "word 1")) if number % 2 else number_split(rows)
                    for split, rows in SPLITS.items()
                },
            ),
        )
        for number in range(amount)
    ]

    def look(_split: str, row: int, texts: Mapping[str, str]) -> Looked:
        raw = {column.name: f"word {row}" for column in columns}
        return {**raw, **texts}, {}, {f"{name}_xf": (str(row), raw[name]) for name in raw}

    return TransformInspector(columns, SPLITS, look, opened="column_001")


def hostile_columns() -> TransformInspector:
    """Columns, splits, words and answers whose every text would do harm if it were taken for markup."""
    vocabulary = Vocabulary(HOSTILE[1], HOSTILE)
    columns = [
        RawFeature(
            text,
            "text",
            (Output(text, (text, HOSTILE[2]), vocabulary, (), {HOSTILE[0]: (1,) * 5}, {HOSTILE[0]: (1, 2)}),),
            FeatureSummary(text, "text", {HOSTILE[0]: text_split(100, HOSTILE)}),
        )
        for text in HOSTILE
    ]

    def look(_split: str, _row: int, texts: Mapping[str, str]) -> Looked:
        raw = {**{text: text for text in HOSTILE}, **texts}
        return raw, {HOSTILE[0]: HOSTILE[1], "": HOSTILE[2]}, {text: (text, text) for text in HOSTILE}

    return TransformInspector(
        columns, {HOSTILE[0]: 10}, look, unused=[Vocabulary(HOSTILE[3], HOSTILE)], opened=HOSTILE[0]
    )
