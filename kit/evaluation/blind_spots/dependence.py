"""The design effect: how many independent rows are worth as much as rows that share a user, an item or a request."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kit.evaluation.blind_spots.calibration import Values

Ids = Mapping[str, NDArray[np.int64]]
_ROWS = 0  # index of the first of the sums


class Dependence:
    """What the rows of each id have in common beyond their scores, such as the quality of an item.

    The model of random effects with one correlation for each id, estimated by moments (Kish, Survey Sampling (1965),
    section 5.4: the design effect is 1 + correlation * (rows of an id - 1)). So a slice that is one item is only a
    blind spot when it is further off than items usually are.

    Args:
        ids: for each id column one code per row, [rows]; -1: none.
        residuals: [rows], outcome minus probability.
        variances: [rows], those of the outcomes.
        free: which rows to look at.
    """

    def __init__(self, ids: Ids, residuals: Values, variances: Values, free: NDArray[np.bool_]) -> None:
        self._ids, self._residuals, self._variances = ids, residuals, variances
        self._all = {
            name: self._sums(name, free, int(codes.max(initial=-1)) + 1) for name, codes in ids.items()
        }

    def of(self, inside: NDArray[np.bool_]) -> float:
        """Return the design effect of a slice, by the id that matters most: 1 where rows are independent.

        The other rows show how much those of an id have in common; the fault of the slice itself must not count.
        """
        effects = [1.0]
        for name, of_all in self._all.items():
            own = self._sums(name, inside, of_all.shape[1])
            rows = own[_ROWS]
            # How many rows share an id with a row, itself included, on average over the rows.
            together = float((rows**2).sum() / max(rows.sum(), 1))
            effects.append(1 + _correlation(of_all - own) * (together - 1))
        return max(effects)

    def _sums(self, name: str, inside: NDArray[np.bool_], count: int) -> Values:
        """Return sums over the rows of each id, [5, ids]."""
        codes = self._ids[name][inside]
        known = codes >= 0
        codes, residuals, variances = (
            codes[known],
            self._residuals[inside][known],
            self._variances[inside][known],
        )
        summands = (None, residuals, residuals**2, np.sqrt(variances), variances)
        return np.array([np.bincount(codes, of, count) for of in summands], float)


def _correlation(sums: Values) -> float:
    _, residual, square, deviation, variance = sums
    possible = float((deviation**2 - variance).sum())
    return max(float((residual**2 - square).sum()) / possible, 0.0) if possible > 0 else 0.0
