"""Plain values for views: the same in tests, in notebooks that tests open, and in golden files."""

from __future__ import annotations

import numpy as np

from widgets.statistics import Statistics
from widgets.values.slices import Metric, SliceTable
from widgets.values.statistics import (
    Distance,
    FeatureSummary,
    Histogram,
    Lengths,
    Numbers,
    SplitSummary,
    Texts,
)

SPLITS = {"train": 12_000, "eval": 3_000}
HOSTILE = (
    "<img src=x onerror=\"window.hacked='yes'\">",
    "</script></style></section><b>out</b>",
    "\" onmouseover=\"window.hacked='yes'",
    "国家/地区 · größe · цена · العمر",
    "&lt;already escaped&gt; \\ ' ` ${1}",
)
_DAY_SECONDS = 86_400


def number_split(examples: int, missing: float = 0.0, shift: float = 0.0) -> SplitSummary:
    histogram = Histogram((0.0, 10.0, 20.0, 30.0), tuple(examples * part for part in (0.5, 0.3, 0.2)))
    numbers = Numbers(
        mean=12.5 + shift,
        deviation=7.25,
        zeros=examples * 0.05,
        least=0.0,
        median=10.0 + shift,
        most=30.0,
        histogram=histogram,
        quantiles=(0.0, 6.0, 10.0 + shift, 18.0, 30.0),
    )
    return SplitSummary(examples * (1 - missing), examples * missing, examples * (1 - missing), numbers)


def text_split(examples: int, values: tuple[str, ...], missing: float = 0.0) -> SplitSummary:
    top = tuple((value, examples * 0.5**place) for place, value in enumerate(values, start=1))
    texts = Texts(distinct=len(values), top=top)
    return SplitSummary(examples * (1 - missing), examples * missing, examples, texts=texts)


def _date_split(examples: int) -> SplitSummary:
    days = [day * _DAY_SECONDS for day in (20_454.0, 20_457.0, 20_460.0)]
    first, middle, last = days
    histogram = Histogram(tuple(days), (examples / 2, examples / 2))
    numbers = Numbers(middle, 2.0 * _DAY_SECONDS, 0, first, middle, last, histogram)
    return SplitSummary(examples, 0, examples, numbers)


def _list_split(examples: int) -> SplitSummary:
    lengths = Lengths(0, 3.5, 9, Histogram((0.0, 3.0, 6.0, 9.0), (examples / 2, examples / 4, examples / 4)))
    texts = Texts(400, (("i66", examples * 0.2), ("i3", examples * 0.1)))
    return SplitSummary(examples, 0, examples * 3.5, texts=texts, lengths=lengths)


def slow_to_load(features: list[FeatureSummary]) -> Statistics:
    """Return a view whose script runs three seconds late in the browser: anywidget gives it two."""

    class SlowStatistics(Statistics):
        _esm = f"await new Promise((done) => setTimeout(done, 3_000));\n{Statistics._esm}"

    return SlowStatistics(features, SPLITS)


def few_features() -> list[FeatureSummary]:
    """One feature of every kind, with drift, skew and weights."""
    age = {name: number_split(examples, missing=0.02) for name, examples in SPLITS.items()}
    heavier = {name: number_split(examples, shift=3) for name, examples in SPLITS.items()}
    country = {
        name: text_split(examples, ("CN", "DE", "한국"), missing=0.1) for name, examples in SPLITS.items()
    }
    return [
        FeatureSummary(
            "age", "whole number", age, skew=Distance(0.02, 0.1, "Jensen-Shannon"), weighted=heavier
        ),
        FeatureSummary("country", "text", country, drift=Distance(0.31, 0.1, "L-infinity")),
        FeatureSummary("joined", "date", {name: _date_split(n) for name, n in SPLITS.items()}),
        FeatureSummary("last_items", "text", {name: _list_split(n) for name, n in SPLITS.items()}),
        FeatureSummary("only_in_train", "number", {"train": number_split(12_000)}),
    ]


def many_features(amount: int = 500) -> list[FeatureSummary]:
    """Features whose share of missing values, drift and kind change from one to the next."""
    return [_numbered_feature(number) for number in range(amount)]


def _numbered_feature(number: int) -> FeatureSummary:
    missing = (number * 37 % 100) / 200
    if number % 3 == 2:
        values = tuple(f"value {(number + place) % 50}" for place in range(10))
        splits = {name: text_split(examples, values, missing) for name, examples in SPLITS.items()}
        return FeatureSummary(f"feature_{number:03}", "text", splits)
    splits = {name: number_split(examples, missing, number / 50) for name, examples in SPLITS.items()}
    drift = Distance((number * 53 % 97) / 97, 0.9) if number % 4 == 0 else None
    return FeatureSummary(f"feature_{number:03}", "number", splits, drift=drift)


def hostile_features() -> list[FeatureSummary]:
    """Features whose names, values and splits would do harm if they were taken for markup."""
    split = text_split(100, HOSTILE)
    return [FeatureSummary(name, "text", {HOSTILE[0]: split}) for name in HOSTILE]


def all_missing() -> list[FeatureSummary]:
    """A feature without any value in one split, and nothing known in the other."""
    nothing = SplitSummary(0, 3_000, 0, Numbers(), lengths=Lengths(0, 0, 0))
    return [
        FeatureSummary("empty", "number", {"train": SplitSummary(0, 12_000), "eval": nothing}),
        FeatureSummary("no_text", "text", {"train": SplitSummary(0, 12_000, 0, texts=Texts())}),
    ]


def slice_table(amount: int, *, models: tuple[str, ...] = ("candidate", "baseline")) -> SliceTable:
    """Slices cut by country and by country and page, the first of all examples; some have no AUC."""
    names = ["Overall", *(_slice_name(number) for number in range(1, amount))]
    cuts = ["", *("country, page" if number % 3 else "country" for number in range(1, amount))]
    generator = np.random.default_rng(7)
    examples = np.round(generator.pareto(1.2, amount) * 50 + 5)
    tables = {model: _metrics(generator, examples) for model in models}
    return SliceTable(names[:amount], examples, tables, cuts[:amount], overall=0 if amount else None)


def hostile_slices() -> SliceTable:
    """Slices and models whose names would do harm if they were taken for markup."""
    values = np.linspace(0.5, 0.9, len(HOSTILE))
    metrics = (Metric(HOSTILE[0], values, values - 0.1, values + 0.1, at_least=np.full(len(HOSTILE), 0.7)),)
    return SliceTable(
        HOSTILE, np.full(len(HOSTILE), 10.0), {HOSTILE[1]: metrics, HOSTILE[2]: metrics}, HOSTILE
    )


def _slice_name(number: int) -> str:
    country = f"country: C{number % 240}"
    return f"{country}, page: {number}" if number % 3 else country


def _metrics(generator: np.random.Generator, examples: np.ndarray) -> tuple[Metric, ...]:
    auc = generator.normal(0.78, 0.04, len(examples))
    auc[3::50] = np.nan
    loss = generator.normal(0.42, 0.03, len(examples))
    width = 0.1 / np.sqrt(examples)
    return (
        Metric("auc", auc, auc - width, auc + width, at_least=np.full(len(examples), 0.7)),
        Metric("logloss", loss, at_most=np.full(len(examples), 0.5), larger_is_better=False),
    )
