"""Are numbers still correlated as they were? A shuffled column keeps its distribution and loses its correlations."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kit.checks.chance import Totals, normal_quantile
from kit.checks.check import Finding, wrong
from kit.checks.config import Severity
from kit.checks.rows import Rows
from kit.checks.sample import Sample
from kit.data.example_gen import SPLITS
from kit.evaluation.metrics.scores import ranks

NAME = "correlations"
_FEWEST = 30  # independent rows of a split
_RANKS = 1.06  # variance of Fisher's z of a rank correlation, beside that of one of values
_NEARLY_ONE = 0.999999


class _Pair(NamedTuple):
    one: str
    other: str
    was: float
    now: float
    error: float


class Correlations:
    """Compares Spearman's correlation of each pair of numbers, the label among them, between train and eval.

    By ranks, so that one outlier does not decide. Fisher's z of it has the variance 1.06 / (n - 3): Fieller, Hartley
    and Pearson, Tests for rank correlation coefficients, Biometrika 44 (1957). The level is divided by the number of
    pairs (Bonferroni). Of more than 131,072 rows of a split a sample is taken.

    Args:
        numbers: names of the columns.
        change: the change of Fisher's z that is normal from day to day, such as 0.1: from 0 to 0.1, or from 0.9 to
            0.92.
        totals: the totals of all rows.
        severity: the severity of what is found.
    """

    def __init__(self, numbers: Iterable[str], change: float, totals: Totals, severity: Severity) -> None:
        self._numbers, self._change = tuple(dict.fromkeys(numbers)), change
        self._totals, self.severity = totals, severity
        self._samples = {split: Sample(self._numbers) for split in SPLITS}

    def add(self, split: str, rows: Rows) -> None:
        self._samples[split].add(rows)

    def findings(self) -> list[Finding]:
        pairs = list(self._pairs())
        if not pairs:
            return [Finding(NAME, "not checked: no two numbers that differ in both splits", "skip")]
        z = normal_quantile(len(pairs))
        changed = [pair for pair in pairs if _moved(pair) - z * pair.error > self._change]
        said = (
            f"as in train in all {len(pairs):,} pairs" if len(pairs) > 1 else "as in train in the only pair"
        )
        return [self._finding(pair) for pair in changed] or [Finding(NAME, said, "ok")]

    def _pairs(self) -> Iterable[_Pair]:
        train, held_out = (self._correlations(split) for split in SPLITS)
        independent = [self._share(split) for split in SPLITS]
        for (one, other), (was, before) in train.items():
            now, after = held_out[one, other]
            cases = [before * independent[0], after * independent[1]]
            if np.isfinite(was) and np.isfinite(now) and min(cases) >= _FEWEST:
                yield _Pair(
                    one, other, was, now, float(np.sqrt(sum(_RANKS / (count - 3) for count in cases)))
                )

    def _correlations(self, split: str) -> dict[tuple[str, str], tuple[float, int]]:
        """Return each pair's correlation in a split, and of how many rows; NaN where a column has one value only."""
        rows = self._samples[split].rows()
        values = {name: rows.numbers(name) for name in self._numbers}
        present = {name: np.isfinite(column) for name, column in values.items()}
        # Most columns lack the same rows, often none: so they are ranked once, not once for each of the others.
        alone = {name: _unit_ranks(values[name][present[name]]) for name in self._numbers}
        found = {}
        for one, other in combinations(self._numbers, 2):
            first, second = alone[one], alone[other]
            if not np.array_equal(present[one], present[other]):
                both = present[one] & present[other]
                first, second = _unit_ranks(values[one][both]), _unit_ranks(values[other][both])
            found[one, other] = (float(first @ second) if len(first) else float("nan"), len(first))
        return found

    def _share(self, split: str) -> float:
        """Return the share of the rows that are independent."""
        cases = self._totals.of[split]
        return cases.independent / max(cases.rows, 1)

    def _finding(self, pair: _Pair) -> Finding:
        return Finding(
            NAME,
            f"{pair.one} and {pair.other}: the rank correlation is {pair.now:.2f}, and was {pair.was:.2f} in train",
            wrong(self.severity),
            "See whether one of the two has moved into other rows, or the world has changed.",
            subject=f"{pair.one}, {pair.other}",
            value=pair.now,
            expected=f"{pair.was:.2f}, as in train",
        )


def _unit_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ranks with a mean of 0 and a length of 1, so that the product of two is their correlation."""
    centered = ranks(values) - (len(values) / 2)
    length = float(np.sqrt(centered @ centered))
    return centered / (length or float("nan"))


def _moved(pair: _Pair) -> float:
    was, now = np.arctanh(np.clip([pair.was, pair.now], -_NEARLY_ONE, _NEARLY_ONE))
    return float(abs(now - was))
