"""The plain values of the view of slices: metrics of models on each of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from widgets.parts.language import say

Column: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Metric:
    """One metric of one model on every slice, with the bounds of its confidence interval where there is one.

    A value is NaN where the metric could not be computed. `at_least` and `at_most` are the worst values that still
    pass, which may differ from slice to slice; NaN: none is asked of that slice.
    """

    name: str
    values: Column
    lower: Column | None = None
    upper: Column | None = None
    at_least: Column | None = None
    at_most: Column | None = None
    larger_is_better: bool = True

    @property
    def failing(self) -> NDArray[np.bool_]:
        """Where the value is on the wrong side of a threshold of its slice; NaN does not fail."""
        failing = np.zeros(len(self.values), dtype=bool)
        if self.at_least is not None:
            failing |= self.values < self.at_least
        if self.at_most is not None:
            failing |= self.values > self.at_most
        return failing

    @property
    def thresholds(self) -> dict[str, Column]:
        """The different thresholds by their sign, `≥` or `≤`, sorted; a sign is missing where there are none."""
        sides = {"≥": self.at_least, "≤": self.at_most}
        known = {sign: np.unique(side[np.isfinite(side)]) for sign, side in sides.items() if side is not None}
        return {sign: side for sign, side in known.items() if len(side)}

    def thresholds_of(self, row: int) -> list[float]:
        """The thresholds of one slice."""
        sides = [float(side[row]) for side in (self.at_least, self.at_most) if side is not None]
        return [side for side in sides if math.isfinite(side)]

    def interval(self, row: int) -> tuple[float, float]:
        if self.lower is None or self.upper is None:
            return (float("nan"), float("nan"))
        return (float(self.lower[row]), float(self.upper[row]))


@dataclass(frozen=True, eq=False)
class SliceTable:
    """Metrics of one or more models on the same slices.

    Args:
        names: the label of each slice, such as `country: CN`.
        examples: how many examples each slice has.
        models: the metrics of each model, the same for all and in the same order; the first model is judged.
        cuts: the columns that each slice was cut by, such as `country, device`, or nothing.
        overall: the row of all examples together, if it is among the slices.
        too_small: whether each slice has too few examples for its metrics to be judged.

    Raises:
        ValueError: when a column differs in length from the names, or models differ in their metrics.
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
        for model, metric in self.all_metrics():
            sides = {"values": metric.values, "at_least": metric.at_least, "at_most": metric.at_most}
            columns |= {
                f"{metric.name} of {model}"
                if side == "values"
                else f"{side} of {metric.name} of {model}": column
                for side, column in sides.items()
                if column is not None
            }
        for name, column in columns.items():
            if len(column) != len(self.names):
                raise ValueError(
                    say(
                        "Expected {amount} entries in {name}, one per slice, found {found}. Give NaN "
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
