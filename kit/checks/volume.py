"""Does a span have as many rows as usual? In half a file every single row is valid."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from kit.checks.chance import Totals
from kit.checks.check import Finding, judged_data, wrong
from kit.checks.config import Severity
from kit.checks.rows import Rows
from kit.data.example_gen import SPLITS

NAME = "volume"
_FEWEST_SPANS = 2


class Volume:
    """Compares the rows of each span of eval with the median of the spans of train.

    Args:
        change: the change of the number of rows that is normal from day to day, relative, such as 0.5.
        totals: the totals of all rows.
        label_of: returns what people call a span.
        severity: the severity of what is found.
    """

    def __init__(
        self, change: float, totals: Totals, label_of: Callable[[int], str], severity: Severity
    ) -> None:
        self._change, self._totals, self._label_of, self.severity = change, totals, label_of, severity

    def add(self, split: str, rows: Rows) -> None:
        """Do nothing: `totals` counts the rows."""

    def findings(self) -> list[Finding]:
        train, held_out = (self._totals.spans[split] for split in SPLITS)
        if len(train) < _FEWEST_SPANS:
            return [Finding(NAME, f"not checked: train has fewer than {_FEWEST_SPANS} spans", "skip")]
        usual = median(train.values())
        far = {span: rows for span, rows in held_out.items() if abs(rows - usual) > self._change * usual}
        return [self._finding(span, rows, usual) for span, rows in far.items()] or [
            Finding(NAME, f"as in train, about {usual:,.0f} rows a span", "ok")
        ]

    def _finding(self, span: int | None, rows: int, usual: float) -> Finding:
        what = judged_data(span, self._label_of)
        least, most = ((1 + sign * self._change) * usual for sign in (-1, 1))
        return Finding(
            NAME,
            f"{what} has {rows:,} rows, and the spans of train have {usual:,.0f}",
            wrong(self.severity),
            "See whether the delivery is whole, or was delivered twice.",
            subject=what,
            value=rows,
            expected=f"{max(least, 0):,.0f} to {most:,.0f}",
        )
