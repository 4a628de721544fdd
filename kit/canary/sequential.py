"""Tests that are valid at any time: confidence sequences for differences of rates, and a coin test for failures.

**Rates.** A click rate is clicks over impressions, and both come in clumps: one user has many of each. So groups of
users are the units, and the variance of a rate is that of a ratio of two sums over groups (Deng, Knoblich and Lu,
Applying the Delta Method in Metric Analytics, 2018, doi:10.1145/3219819.3219919, section 3).

**Any number of looks.** The confidence sequence is that of the normal mixture: the mixture sequential probability ratio
test of Robbins (1970), as Johari, Koomen, Pekelis and Walsh use it for A/B tests (Peeking at A/B Tests, 2017,
doi:10.1145/3097983.3097992, section 4), and the two-sided normal mixture bound of Howard, Ramdas, McAuliffe and Sekhon
(Time-uniform, nonparametric, nonasymptotic confidence sequences, 2021, doi:10.1214/20-AOS1991, section 3.2), whose
intrinsic time is here one over the variance of the difference. It holds for sums that are nearly normal (Waudby-Smith,
Arbour, Sinha, Kennedy and Ramdas, Time-uniform central limit theory, 2024, doi:10.1214/24-AOS2408), which is why some
groups are needed first. That users come back makes later sums depend on earlier ones, positively: a Gaussian process
whose correlations over time are greater crosses a bound less often (Slepian 1962), so the bound stays valid.

**Failures** are rare, and must be seen early. If both versions fail alike, the arm of the first user in a group who
meets a failure is a coin toss that falls on the candidate with the probability of its share, whatever else is true: the
hash made it so. The evidence against that is a mixture of likelihood ratios over greater shares, a martingale that
reaches 1 / alpha with probability alpha at most (Ville 1939). It is exact from the first failure on.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]

_EVENTS = 4.0
"""The variance of a rate is computed as if that many more events had been seen: otherwise a rate without any events yet
would count as known for certain. (The "plus four" of Agresti and Coull 1998, for the variance only.)"""
_ODDS = np.geomspace(1.1, 1000.0, 64)  # odds ratios of failing that the mixture covers, equally weighted


class Rate(NamedTuple):
    """A ratio of two sums over groups.

    Attributes:
        value: the ratio; 0 where nothing was counted.
        variance: the variance of the ratio; infinite where it is not known.
        groups: how many groups had anything to count.
        total: what was counted: the denominator.
    """

    value: float
    variance: float
    groups: int
    total: float


class Interval(NamedTuple):
    """A difference, and bounds that hold at all looks together."""

    value: float
    lower: float
    upper: float


def rate(events: Floats, counted: Floats) -> Rate:
    """Return events over what was counted, with the variance over groups.

    Args:
        events: the numerators [groups].
        counted: the denominators [groups], such as impressions.
    """
    total, groups = float(counted.sum()), int(np.count_nonzero(counted))
    if groups < 2:  # noqa: PLR2004  one group has no variance
        return Rate(float(events.sum()) / total if total else 0.0, math.inf, groups, total)
    value = float(events.sum()) / total
    residual = np.asarray(events - value * counted, np.float64)
    between = float(residual @ residual) * groups / (groups - 1)
    return Rate(value, (between + _EVENTS) / total**2, groups, total)


def difference(control: Rate, candidate: Rate, alpha: float, scale: float) -> Interval:
    """Return candidate minus control with its confidence sequence.

    Args:
        control: the control's rate.
        candidate: the candidate's rate.
        alpha: the probability that the true difference is ever outside.
        scale: the size of difference at which the sequence is narrowest; chosen before any data are seen.
    """
    value, variance = candidate.value - control.value, control.variance + candidate.variance
    margin = half_width(variance, alpha, scale) if math.isfinite(variance) else math.inf
    return Interval(value, value - margin, value + margin)


def half_width(variance: float, alpha: float, scale: float) -> float:
    """Return half the width of a normal mixture confidence sequence.

    Args:
        variance: the variance of the estimate at this look.
        alpha: see `difference`.
        scale: the standard deviation of the mixture.
    """
    prior = scale**2
    return math.sqrt(
        variance
        * (variance + prior)
        / prior
        * (2 * math.log(1 / alpha) + math.log((variance + prior) / variance))
    )


def failures_evidence(first_failure: Floats, share: float) -> tuple[int, int, float]:
    """Return how many groups failed first in the candidate's arm, how many failed, and the evidence against chance.

    Args:
        first_failure: times [2 arms, groups]; infinity where there was none.
        share: the share of the users in the candidate's arm.

    Returns:
        Heads, tosses, and the value of the martingale, which starts at 1.
    """
    control, candidate = first_failure
    tosses = int(np.isfinite(np.minimum(control, candidate)).sum())
    heads = int((candidate < control).sum())
    return heads, tosses, coin_evidence(heads, tosses, share)


def coin_evidence(heads: int, tosses: int, share: float) -> float:
    """Return the evidence that a coin shows heads more often than its share: a mixture of likelihood ratios."""
    larger = _ODDS * share / (1 - share + _ODDS * share)
    logarithms = heads * np.log(larger / share) + (tosses - heads) * np.log((1 - larger) / (1 - share))
    highest = float(logarithms.max())
    return float(np.exp(min(highest, 700.0)) * np.exp(logarithms - highest).mean())
