"""How far sampling noise alone moves a statistic: the allowance that a check makes before it reports anything."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from kit.checks.check import Finding
from kit.checks.config import Severity
from kit.checks.rows import Rows
from kit.data.example_gen import SPLITS

FALSE_ALERTS = 0.0001
"""Probability that one check raises an alert on a day without any change, over all that it looks at."""

_EXACT = 2_000  # cases up to which a binomial tail is summed
_KEPT = 1 << 16  # distinct keys of rows at fault that are counted exactly


def normal_quantile(looks: int) -> float:
    """Return the two-sided normal quantile at the level FALSE_ALERTS over all looks together (Bonferroni)."""
    return NormalDist().inv_cdf(1 - FALSE_ALERTS / 2 / max(looks, 1))


def chi_square_quantile(freedom: int, looks: int) -> float:
    """Return the chi-square quantile at the level FALSE_ALERTS over all looks together (Bonferroni).

    Wilson and Hilferty, The distribution of chi-square, Proceedings of the National Academy of Sciences 17 (1931); this
    far out in the tail up to 4% too high from three degrees of freedom on, and 1% from ten on.
    """
    z = NormalDist().inv_cdf(1 - FALSE_ALERTS / max(looks, 1))
    spread = 2 / (9 * freedom)
    return float(freedom * (1 - spread + z * math.sqrt(spread)) ** 3)


def by_chance(before: float, of_before: float, now: float, of_now: float) -> float:
    """Return the probability of at least `now` cases if they are as frequent as before.

    The conditional test of two rates: given the sum of both, `now` is binomial (Przyborowski and Wilenski,
    Homogeneity of results in testing samples from Poisson series, Biometrika 31 (1940)).

    Args:
        before: independent cases in the reference.
        of_before: how many there could have been.
        now: cases in what is judged.
        of_now: how many there could have been.
    """
    cases, share = math.ceil(before + now), of_now / (of_before + of_now)
    least = math.floor(now)
    if least <= 0:
        return 1.0
    if cases > _EXACT:
        deviation = math.sqrt(cases * share * (1 - share))
        return 1 - NormalDist().cdf((least - 0.5 - cases * share) / deviation)
    log_share, log_rest = math.log(share), math.log1p(-share)
    return math.fsum(
        math.exp(
            math.lgamma(cases + 1) - math.lgamma(some + 1) - math.lgamma(cases - some + 1)
            + some * log_share + (cases - some) * log_rest
        )
        for some in range(least, cases + 1)
    )  # fmt: skip


class Cases:
    """Counts rows, and how many of them are independent: rows that share a key, such as a request, count as one.

    Memory does not grow with the rows: of more keys than 65,536 the distinct ones are estimated from those with the
    smallest hashes, with a standard error of 0.4% (Bar-Yossef and others, Counting distinct elements in a data stream,
    RANDOM 2002).

    Args:
        keys: the project's columns of kind key; none: every row is a case of its own.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.rows = 0
        self._seen: Mapping[str, NDArray[np.uint64]] = {key: np.empty(0, np.uint64) for key in keys}

    def add(self, rows: Rows, where: NDArray[np.bool_] | None = None) -> None:
        """Count all rows, or some."""
        self.rows += len(rows) if where is None else int(where.sum())
        if where is not None and not where.any():
            return
        self._seen = {
            key: np.unique(np.r_[seen, rows.hashes(key) if where is None else rows.hashes(key)[where]])[
                :_KEPT
            ]
            for key, seen in self._seen.items()
            if rows.has(key)
        }

    @property
    def independent(self) -> float:
        """The number of independent rows; of several keys the one with the fewest values counts."""
        return min([float(self.rows), *(_distinct(seen) for seen in self._seen.values())])


def _distinct(smallest: NDArray[np.uint64]) -> float:
    if len(smallest) < _KEPT:
        return float(len(smallest))
    return (_KEPT - 1) / (float(smallest[-1]) / 2**64)


class Totals:
    """The rows of each split and each span, to which other checks relate their counts."""

    severity: Severity = "off"  # it reports no findings

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = keys
        self.of = {split: Cases(keys) for split in SPLITS}
        self.spans: dict[str, Counter[int | None]] = {split: Counter() for split in SPLITS}

    def add(self, split: str, rows: Rows) -> None:
        self.of[split].add(rows)
        self.spans[split][rows.span] += len(rows)

    def findings(self) -> list[Finding]:
        return []

    def surprising(self, before: Cases, now: Cases, looks: int) -> bool:
        """Return whether more rows of eval are at fault than chance explains, given those of train."""
        train, held_out = (self.of[split].independent for split in SPLITS)
        probability = by_chance(before.independent, train, now.independent, held_out)
        return probability < FALSE_ALERTS / max(looks, 1)
