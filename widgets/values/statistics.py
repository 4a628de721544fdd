"""The plain values of statistics views: features, and the distribution of their values in each split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from widgets.parts.language import say

Kind = Literal["whole number", "number", "date", "text", "bytes", "group"]


@dataclass(frozen=True)
class Histogram:
    """Counts between neighbouring edges; edges rise, and there is one more of them than counts.

    Raises:
        ValueError: when edges and counts do not match.
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
    """The distribution of numbers; dates are seconds since 1970 in UTC. `zeros` counts values, not examples."""

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
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Lengths:
    """How many values examples with any value have: 1 throughout unless the feature holds lists."""

    least: float
    average: float
    most: float
    histogram: Histogram | None = None


@dataclass(frozen=True)
class SplitSummary:
    """One feature in one split: examples with and without it, and a summary of its values."""

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
        """The largest share of examples without the feature in any split."""
        return max((split.missing_share for split in self.splits.values()), default=0.0)

    @property
    def has_lists(self) -> bool:
        return any(split.lengths is not None and split.lengths.most > 1 for split in self.splits.values())
