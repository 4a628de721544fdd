"""Are numbers inside their known range? One price in a hundred given in cents moves no distribution."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from kit.checks.chance import Cases, Totals
from kit.checks.check import Finding, wrong
from kit.checks.config import Severity
from kit.checks.rows import SHOWN_ROWS, Rows
from kit.data.example_gen import SPLITS

NAME = "ranges"
_MARGIN = 0.1  # of the width of the range; extremes within this margin are ignored


class Ranges:
    """Looks in eval for numbers well beyond the least and the greatest of train.

    It is normal for a few values to exceed all known ones: with n cases in train and m in eval, the chance that all of
    c new extremes fall into eval is at most (m / (n + m)) ** c, whatever the distribution.

    Args:
        numbers: names of the columns.
        totals: the totals of all rows.
        severity: the severity of what is found.
    """

    def __init__(self, numbers: Iterable[str], totals: Totals, severity: Severity) -> None:
        self._totals, self.severity = totals, severity
        self._limits = dict.fromkeys(numbers, (np.inf, -np.inf))
        self._beyond = {name: Cases(totals.keys) for name in self._limits}
        self._worst = dict.fromkeys(self._limits, 0.0)
        self._rows: dict[str, list[dict[str, str]]] = {name: [] for name in self._limits}

    def add(self, split: str, rows: Rows) -> None:
        for name, (least, greatest) in self._limits.items():
            numbers = rows.numbers(name)
            finite = numbers[np.isfinite(numbers)]
            if not len(finite):
                continue
            if split == SPLITS[0]:
                self._limits[name] = min(least, float(finite.min())), max(greatest, float(finite.max()))
            elif least <= greatest:
                self._look(name, numbers, rows)

    def findings(self) -> list[Finding]:
        known = [name for name, (least, greatest) in self._limits.items() if least <= greatest]
        none = Cases(())
        beyond = [name for name in known if self._totals.surprising(none, self._beyond[name], 2 * len(known))]
        if not known:
            return [Finding(NAME, "not checked: no column of numbers", "skip")]
        if not beyond:
            said = (
                f"as in train in all {len(known)} numbers"
                if len(known) > 1
                else "as in train in the only number"
            )
            return [Finding(NAME, said, "ok")]
        return [self._finding(name) for name in beyond]

    def _look(self, name: str, numbers: NDArray[np.float64], rows: Rows) -> None:
        low, high = self._allowed(name)
        with np.errstate(invalid="ignore"):  # NaN is missing, not beyond
            where = (numbers < low) | (numbers > high)
        self._beyond[name].add(rows, where)
        if not where.any():
            return
        outside = numbers[where]
        farthest = outside[np.argmax(np.maximum(low - outside, outside - high))]
        self._worst[name] = max(
            self._worst[name], float(farthest), key=lambda value: max(low - value, value - high)
        )
        wanted = SHOWN_ROWS - len(self._rows[name])
        self._rows[name] += rows.texts(np.flatnonzero(where)[:wanted])

    def _allowed(self, name: str) -> tuple[float, float]:
        """Return the range with its margin; where nothing was below zero, zero is the end."""
        least, greatest = self._limits[name]
        margin = _MARGIN * (greatest - least)
        low = max(least - margin, 0.0) if least >= 0 else least - margin
        return low, greatest + margin

    def _finding(self, name: str) -> Finding:
        count, of = self._beyond[name].rows, self._totals.of[SPLITS[1]].rows
        least, greatest = self._limits[name]
        return Finding(
            NAME,
            f"{name}: {count:,} of {of:,} rows of eval ({count / of:.2%}) are beyond all of train, the farthest is "
            f"{self._worst[name]:g}",
            wrong(self.severity),
            f"See whether {name} came in another unit or with a wrong sign.",
            subject=name,
            value=count / of,
            expected=f"from {least:g} to {greatest:g}, as in train",
            rows=tuple(self._rows[name]),
        )
