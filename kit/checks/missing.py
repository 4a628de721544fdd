"""Are more values missing than before? A schema that allows 5% overlooks a column that never lacked a value before."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from kit.checks.chance import Cases, Totals
from kit.checks.check import Finding, wrong
from kit.checks.config import Severity
from kit.checks.rows import SHOWN_ROWS, Rows
from kit.data.example_gen import SPLITS

NAME = "missing values"


class MissingValues:
    """Compares the share of missing values in eval with that in train.

    Args:
        columns: the columns to look at.
        change: the change of the share that is normal from day to day, absolute, such as 0.01.
        totals: the totals of all rows.
        severity: the severity of what is found.
    """

    def __init__(self, columns: Iterable[str], change: float, totals: Totals, severity: Severity) -> None:
        self._change, self._totals, self.severity = change, totals, severity
        self._missing = {name: {split: Cases(totals.keys) for split in SPLITS} for name in columns}
        self._rows: dict[str, list[dict[str, str]]] = {name: [] for name in self._missing}

    def add(self, split: str, rows: Rows) -> None:
        for name, cases in self._missing.items():
            where = rows.missing(name)
            cases[split].add(rows, where)
            wanted = SHOWN_ROWS - len(self._rows[name])
            if split == SPLITS[1] and wanted and where.any():
                self._rows[name] += rows.texts(np.flatnonzero(where)[:wanted])

    def findings(self) -> list[Finding]:
        if not all(self._totals.of[split].rows for split in SPLITS):
            return [Finding(NAME, "not checked: a split has no rows", "skip")]
        more = [name for name in self._missing if self._has_more(name)]
        columns = len(self._missing)
        said = f"as in train in all {columns} columns" if columns > 1 else "as in train in the only column"
        return [self._finding(name) for name in more] or [Finding(NAME, said, "ok")]

    def _shares(self, name: str) -> tuple[float, float]:
        was, now = (self._missing[name][split].rows / self._totals.of[split].rows for split in SPLITS)
        return was, now

    def _has_more(self, name: str) -> bool:
        was, now = self._shares(name)
        before, after = (self._missing[name][split] for split in SPLITS)
        return now > was + self._change and self._totals.surprising(before, after, len(self._missing))

    def _finding(self, name: str) -> Finding:
        (was, now), of = self._shares(name), self._totals.of[SPLITS[1]].rows
        return Finding(
            NAME,
            f"{name}: {now:.2%} of {of:,} rows of eval have no value, and {was:.2%} of train had none",
            wrong(self.severity),
            f"See whether {name} was lost on the way.",
            subject=name,
            value=now,
            expected=f"{was:.2%}, as in train, or up to {self._change:.2%} more",
            rows=tuple(self._rows[name]),
        )
