"""The rows of an evaluation as arrays, from which metrics are computed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]


class NotLocalError(Exception):
    """This evaluation must go through Beam; the message says why. It never leaves the executor."""


class Pairs(NamedTuple):
    """The values of one feature: a row with several is there several times, one without any is not.

    Attributes:
        rows: int64 [values], ascending.
        values: the values of the feature in these rows.
    """

    rows: Values
    values: Values


@dataclass(frozen=True)
class Scored:
    """The labels, predictions and weights of one model.

    Attributes:
        labels: [rows], or [rows, outputs]; the numbers keep the type that the model gave them.
        predictions: [rows], or [rows, classes].
        weights: the weights of the examples, [rows]; None: there are none.
    """

    labels: Values
    predictions: Values
    weights: Values | None


@dataclass(frozen=True)
class Rows:
    """All rows of an evaluation.

    Attributes:
        count: the number of rows.
        features: those that the configuration names, by name.
        models: the results of each model, by name.
    """

    count: int
    features: dict[str, Pairs]
    models: dict[str, Scored]

    def one_value(self, feature: str) -> Values:
        """Return a feature with exactly one value per row, [rows].

        Raises:
            NotLocalError: when a row has none or several.
        """
        pairs = self.features.get(feature)
        if pairs is None or len(pairs.rows) != self.count or (np.diff(pairs.rows) != 1).any():
            raise NotLocalError(f"not every row has one value of {feature}")
        return pairs.values


@dataclass(frozen=True)
class Slices:
    """Which elements (rows, or queries of rows) each slice has.

    Attributes:
        keys: TFMA's slice key of each slice; () is all rows.
        elements: those of one slice after the other, int64 [memberships].
        starts: the start of each slice in `elements`, int64 [slices]; none is empty.
    """

    keys: list[tuple[tuple[str, Any], ...]]
    elements: Values
    starts: Values

    @property
    def sizes(self) -> Values:
        """The number of elements of each slice, [slices]."""
        return np.diff(self.starts, append=len(self.elements))

    @property
    def numbers(self) -> Values:
        """The slice of each membership, [memberships]."""
        return np.repeat(np.arange(len(self.keys)), self.sizes)


@dataclass(frozen=True)
class Sample:
    """How often each membership counts: once, or as often as in a sample for an interval.

    Attributes:
        slices: the slices whose memberships are counted.
        times: [memberships]; None: once each.
        remembered: what several metrics have in common, by their own names.
    """

    slices: Slices
    times: Values | None = None
    remembered: dict[Any, Any] = field(default_factory=dict)

    def sum(self, values: Values) -> Values:
        """Return the sums of the elements' values over the slices; what is not in the sample adds nothing.

        Args:
            values: [elements], or [elements, k].

        Returns:
            float64 [slices], or [slices, k].
        """
        taken = np.asarray(values, np.float64)[self.slices.elements]
        if self.times is not None:
            taken = (taken.T * self.times).T
            taken[self.times == 0] = 0.0  # infinity times 0 is not 0
        return np.add.reduceat(taken, self.slices.starts, axis=0)

    def counted(self, weights: Values) -> Values:
        """Return how much each membership counts, [memberships].

        Args:
            weights: the weights of the elements, [elements].
        """
        taken = np.asarray(weights, np.float64)[self.slices.elements]
        return taken if self.times is None else taken * self.times
