"""The plain values of the Transform inspector: columns, what they become, and what its values mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from widgets import records
from widgets.values.statistics import FeatureSummary

Texts: TypeAlias = Mapping[str, str]

Looked: TypeAlias = tuple[Texts, Texts, Mapping[str, tuple[str, str]]]

Look: TypeAlias = Callable[[str, int, Texts], Looked]
"""Takes a split ('': a row without values), a row from 0 and texts that are written over its columns; gives all raw
texts, what is wrong with each (under '': with the row), and of each feature the value and what it means."""


@dataclass(frozen=True)
class Vocabulary:
    """Words in the order of their codes."""

    name: str
    words: Sequence[str]


@dataclass(frozen=True, eq=False)
class Output:
    """A transformed feature.

    Attributes:
        name: its name.
        sources: the columns that it is made from.
        vocabulary: the vocabulary that it takes its codes from.
        edges: the edges between its buckets, rising; an edge belongs to the bucket above it.
        counts: for each split how often each code occurs.
        outside: for each split how many values are not in the vocabulary, and out of how many.
    """

    name: str
    sources: Sequence[str]
    vocabulary: Vocabulary | None = None
    edges: Sequence[float] = ()
    counts: Mapping[str, Sequence[int]] = field(default_factory=dict)
    outside: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def outside_share(self, split: str) -> float | None:
        """The share of a split's values that are not in the vocabulary; None: there are no values."""
        outside, values = self.outside.get(split, (0, 0))
        return outside / values if self.vocabulary is not None and values else None


@dataclass(frozen=True, eq=False)
class RawFeature:
    """A column and the features made from it; features made from no column are under the name ''.

    A feature made from several columns is with one of them.
    """

    name: str
    kind: str
    outputs: Sequence[Output] = ()
    statistics: FeatureSummary | None = None

    @property
    def outside_share(self) -> float:
        """The largest share of values, in any split, that are not in a vocabulary."""
        shares = [output.outside_share(split) for output in self.outputs for split in output.outside]
        return max((share for share in shares if share is not None), default=0.0)


def raw_feature(record: Mapping[str, Any]) -> RawFeature:
    """Return one column from a plain record, whose `outputs` and `statistics` are records too."""
    statistics = record.get("statistics")
    outputs = [
        Output(**{**output, "vocabulary": vocabulary(output["vocabulary"])}) for output in record["outputs"]
    ]
    return RawFeature(
        record["name"], record["kind"], outputs, records.feature(statistics) if statistics else None
    )


def vocabulary(record: Mapping[str, Any] | None) -> Vocabulary | None:
    return Vocabulary(**record) if record else None
