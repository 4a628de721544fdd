"""The Jensen-Shannon divergence of two numeric features, from the quantiles in TFDV's statistics.

TFDV compares ten buckets of equal width between the least and the greatest value. One outlier, such as a fare of 700
among fares of 10, stretches them until nearly all rows are in the first, and two halves of the same data are 0.3 apart.
One value does not move quantiles. What both measures see has moved.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from tensorflow_metadata.proto.v0 import statistics_pb2

from kit.checks.distances import Feature

_Buckets: TypeAlias = NDArray[np.float64]  # [buckets, (low, high, share)]


def divergence(before: Feature, now: Feature) -> float | None:
    """Return the divergence in bits, 0 to 1, over the parts between the quantiles of `before`, and beyond them.

    Where a quantile of one is within a bucket of the other, values are assumed to spread evenly over it.
    None where one has no quantiles.
    """
    first, second = _buckets(before), _buckets(now)
    if not len(first) or not len(second):
        return None
    # Without the extremes: values beyond the outer quantiles are counted, wherever they are.
    knots = np.unique(np.r_[first[1:, 0], first[:-1, 1]] if len(first) > 1 else first[:, :2])
    return jensen_shannon(_shares(first, knots), _shares(second, knots))


def jensen_shannon(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """Return the divergence of two lists of shares in bits.

    Lin, Divergence measures based on the Shannon entropy, IEEE Transactions on Information Theory 37 (1991).
    """
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(one > 0, one * np.log2(one / middle), 0).sum() for one in (p, q)]
    return max(float(sum(parts)) / 2, 0.0)


def _buckets(feature: Feature) -> _Buckets:
    quantiles = [
        one for one in feature.num_stats.histograms if one.type == statistics_pb2.Histogram.QUANTILES
    ]
    rows = [
        (one.low_value, one.high_value, one.sample_count) for all_ in quantiles[:1] for one in all_.buckets
    ]
    found = np.array([row for row in rows if np.isfinite(row).all()], float).reshape(-1, 3)
    found[:, 2] /= max(found[:, 2].sum(), 1)
    return found


def _shares(buckets: _Buckets, knots: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share up to the first knot, between each two, the upper one included, and beyond the last."""
    low, high, share = (column[:, None] for column in buckets.T)
    width = high - low
    within = np.clip((knots - low) / np.where(width > 0, width, 1), 0, 1)
    reached = np.where(width > 0, within, knots >= low)  # a bucket of zero width is a frequent value
    up_to = (share * reached).sum(axis=0)
    return np.diff(np.concatenate([[0.0], up_to, [1.0]])).clip(min=0)
