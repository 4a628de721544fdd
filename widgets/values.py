"""The plain values that views are given. What is unknown is None or NaN, never a made-up zero."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from widgets.parts.language import say

Kind = Literal["whole number", "number", "date", "text", "bytes", "group"]

Column: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Histogram:
    """Counts between neighbouring edges, which rise and are one more than the counts.

    Raises:
        ValueError: when edges and counts do not fit each other.
    """

    edges: tuple[float, ...]
    counts: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.edges) != len(self.counts) + 1:
            raise ValueError(
                say(
                    "Expected one edge more than counts, found {edges} and {counts}. Give the "
                    "lower edge of every bucket and the upper edge of the last.",
                    edges=len(self.edges),
                    counts=len(self.counts),
                )
            )


@dataclass(frozen=True)
class Numbers:
    """How numbers are spread; a date's are seconds since 1970 in UTC. `zeros` counts values, not examples."""

    mean: float | None = None
    deviation: float | None = None
    zeros: float | None = None
    least: float | None = None
    median: float | None = None
    most: float | None = None
    histogram: Histogram | None = None
    quantiles: tuple[float, ...] = ()  # evenly spaced from the least to the greatest value


@dataclass(frozen=True)
class Texts:
    """Which values are frequent; `top` has (value, count), the most frequent first."""

    distinct: float | None = None
    average_length: float | None = None
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Lengths:
    """How many values an example has that has any: 1 throughout unless the feature holds lists."""

    least: float
    average: float
    most: float
    histogram: Histogram | None = None


@dataclass(frozen=True)
class SplitSummary:
    """One feature in one split: examples with and without it, and what its values are like."""

    present: float
    missing: float
    values: float | None = None  # more than `present` where examples have several
    numbers: Numbers | None = None
    texts: Texts | None = None
    lengths: Lengths | None = None

    @property
    def missing_share(self) -> float:
        examples = self.present + self.missing
        return self.missing / examples if examples else 0.0


@dataclass(frozen=True)
class Distance:
    """How far two distributions are apart, and how far they may be."""

    value: float
    threshold: float | None = None
    measure: str = ""

    @property
    def exceeds(self) -> bool:
        return self.threshold is not None and self.value > self.threshold


@dataclass(frozen=True)
class FeatureSummary:
    """One feature in every split that has it.

    `drift` is the distance to the span before, `skew` the distance between training and serving. `weighted` has the
    same splits with every example counted by its weight, where statistics were made with weights.
    """

    name: str
    kind: Kind
    splits: Mapping[str, SplitSummary]
    drift: Distance | None = None
    skew: Distance | None = None
    weighted: Mapping[str, SplitSummary] = field(default_factory=dict)

    @property
    def missing_share(self) -> float:
        """The greatest share of examples without the feature in any split."""
        return max((split.missing_share for split in self.splits.values()), default=0.0)

    @property
    def has_lists(self) -> bool:
        return any(split.lengths is not None and split.lengths.most > 1 for split in self.splits.values())


@dataclass(frozen=True, eq=False)
class Metric:
    """One metric of one model on every slice, with the bounds of its confidence interval where there is one.

    A value is NaN where the metric could not be computed. The threshold is the worst value that is still good.
    """

    name: str
    values: Column
    lower: Column | None = None
    upper: Column | None = None
    threshold: float | None = None
    larger_is_better: bool = True

    @property
    def failing(self) -> NDArray[np.bool_]:
        """Where the value is on the wrong side of the threshold; what is NaN does not fail."""
        if self.threshold is None:
            return np.zeros(len(self.values), dtype=bool)
        return self.values < self.threshold if self.larger_is_better else self.values > self.threshold

    def interval(self, row: int) -> tuple[float, float]:
        if self.lower is None or self.upper is None:
            return (float("nan"), float("nan"))
        return (float(self.lower[row]), float(self.upper[row]))


@dataclass(frozen=True, eq=False)
class SliceTable:
    """Metrics of one or more models on the same slices.

    Args:
        names: how each slice reads, such as `country: CN`.
        examples: how many examples each slice has.
        models: the metrics of each model, the same for all and in the same order; the first model is the judged one.
        cuts: by which columns each slice was cut, such as `country, device`, or nothing.
        overall: the row of all examples together, if it is among the slices.
        too_small: whether each slice has too few examples for its metrics to be judged.

    Raises:
        ValueError: when a column is not as long as the names, or models differ in their metrics.
    """

    names: Sequence[str]
    examples: Column
    models: Mapping[str, Sequence[Metric]]
    cuts: Sequence[str] = ()
    overall: int | None = None
    too_small: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        columns: dict[str, Sized] = {"examples": self.examples}
        columns |= {"cuts": self.cuts} if self.cuts else {}
        columns |= {} if self.too_small is None else {"too_small": self.too_small}
        columns |= {f"{metric.name} of {model}": metric.values for model, metric in self.all_metrics()}
        for name, column in columns.items():
            if len(column) != len(self.names):
                raise ValueError(
                    say(
                        "Expected {amount} entries in {name}, one a slice, found {found}. Give NaN "
                        "where a metric could not be computed.",
                        amount=len(self.names),
                        name=name,
                        found=len(column),
                    )
                )
        kinds = {tuple(metric.name for metric in metrics) for metrics in self.models.values()}
        if len(kinds) > 1:
            raise ValueError(
                say(
                    "Expected the same metrics for all models, found {kinds}. Leave out what only "
                    "some have, or give NaN for the others.",
                    kinds=sorted(kinds),
                )
            )

    def all_metrics(self) -> Iterator[tuple[str, Metric]]:
        for model, metrics in self.models.items():
            for metric in metrics:
                yield model, metric

    @property
    def judged(self) -> Sequence[Metric]:
        """The metrics of the first model."""
        return next(iter(self.models.values()), ())
