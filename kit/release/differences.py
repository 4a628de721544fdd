"""The differences between a row's scores and features by one way and by training, as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kit.data.records import as_text
from kit.features.transform_parity import largest_difference
from kit.release.litert.model_part import Array
from kit.release.ways import Computed

FLOAT_BOUND = 1e-5
"""Bound for a number, relative to its size as `compare` says: covers the same sum in another order of its terms."""
SCORE = "score"
_SHOWN = 100  # characters of a value


@dataclass(frozen=True)
class Difference:
    """How far a feature or the score of one way is from training's.

    Attributes:
        way: its name.
        value: the feature, or `score`.
        largest: the largest difference of any row; the number of differing texts; infinity where only one has a number.
        bound: the bound that it must keep; for a fractional number, relative to its size, as `compare` says.
        row: the first row beyond the bound; None: there is none.
        expected: training's value in that row.
        found: the value of this way.
    """

    way: str
    value: str
    largest: float
    bound: float
    row: int | None = None
    expected: str = ""
    found: str = ""

    @property
    def ok(self) -> bool:
        return self.row is None


@dataclass(frozen=True)
class ServingParity:
    """What was compared: a number of rows, and the differences of each way, features before scores.

    Attributes:
        rows: how many were compared.
        differences: those of all ways.
        left_out: ways that were not there, and why.
        kept_from: when it was compared, in UTC, if the result is an earlier one; empty: just now.
    """

    rows: int
    differences: tuple[Difference, ...]
    left_out: tuple[str, ...] = ()
    kept_from: str = field(default="", compare=False)

    @property
    def first(self) -> Difference | None:
        """The first difference beyond its bound; None: all are within theirs."""
        return next((one for one in self.differences if not one.ok), None)

    def table(self) -> pd.DataFrame:
        """Return one row per value: the largest difference of each way; NaN where a way does not compute features."""
        table = pd.DataFrame(
            [{"value": one.value, "way": one.way, "largest": one.largest} for one in self.differences]
        )
        order = list(dict.fromkeys(one.value for one in self.differences))
        ways = list(dict.fromkeys(one.way for one in self.differences))
        return table.pivot_table("largest", "value", "way", dropna=False).reindex(order)[ways]


def compare(training: Computed, ways: Sequence[tuple[Computed, float]]) -> tuple[Difference, ...]:
    """Compare the results of other ways with those of training.

    Args:
        training: what training computed, which is right.
        ways: the others, each with the bound of its scores; features have FLOAT_BOUND, and whole numbers and texts
            may not differ at all. The bound of a fraction is relative to 1 + its size, that of a score to its size + 1
            or, where that is more, the root mean square of all scores: a price of 3,000 is a sum of parts as large as
            other prices, and is rounded as they are.

    Returns:
        All features of all ways, then all scores.
    """
    features = [
        _difference(way.way, name, expected, way.features.get(name), FLOAT_BOUND)
        for way, _ in ways
        if way.features
        for name, expected in sorted(training.features.items())
    ]
    scores = [_difference(way.way, SCORE, training.scores, way.scores, bound) for way, bound in ways]
    return (*features, *scores)


def _difference(way: str, value: str, expected: Array, found: Array | None, bound: float) -> Difference:
    if found is None or found.shape != expected.shape:
        shape = "nothing" if found is None else f"the shape {[*found.shape]}"
        return Difference(way, value, float("inf"), bound, 0, f"the shape {[*expected.shape]}", shape)
    is_fraction = expected.dtype.kind == "f"
    largest = largest_difference(found, expected)
    if is_fraction:
        right = expected.astype(np.float64)
        least = max(1.0, _usual_size(right)) if value == SCORE else 1.0
        near = np.isclose(found.astype(np.float64), right, bound, bound * least, equal_nan=True)
    else:
        near = np.asarray(found == expected)
    rows = np.flatnonzero(~near.reshape(len(near), -1).all(axis=1))
    kept = bound if is_fraction else 0.0
    if not len(rows):
        return Difference(way, value, largest, kept)
    row = int(rows[0])
    return Difference(way, value, largest, kept, row, _shown(expected[row]), _shown(found[row]))


def _usual_size(values: Array) -> float:
    """Return the root mean square of what is finite; 0 where nothing is."""
    finite = values[np.isfinite(values)]
    return float(np.linalg.norm(finite) / np.sqrt(max(finite.size, 1)))


def _shown(value: object) -> str:
    if isinstance(value, np.ndarray):
        listed = ", ".join(as_text(one) for one in value.ravel()[:_SHOWN])
        return f"[{listed}]"[:_SHOWN]
    return as_text(value)[:_SHOWN]
