"""Is each class of the label as frequent in each slice as before? A category without clicks breaks no schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from kit.checks.check import Finding, wrong
from kit.checks.config import Severity
from kit.checks.rows import Rows
from kit.data.example_gen import SPLITS
from kit.data.records import as_text
from kit.evaluation.intervals import wilson

NAME = "label rates"
_MOST_CLASSES = 20  # a label with more values is a quantity
_FALSE_ALERTS = 0.001  # probability of one in a day on which nothing changed, over all slices


class _Rate(NamedTuple):
    """A class of the label in one slice; counts are [train, eval], those of eval of one span."""

    column: str
    value: str
    label: str
    span: int | None
    rows: tuple[int, ...]
    hits: tuple[int, ...]

    @property
    def shares(self) -> tuple[float, float]:
        """The share of the class in train and in eval."""
        return self.hits[0] / self.rows[0], self.hits[1] / self.rows[1]


class LabelRates:
    """Compares each span of eval with train, with intervals so wide that noise does not alert.

    Span by span, as a day without clicks would be lost among the clicks of a week. The label's most frequent class
    follows from the others, and is left out. Memory: a count for each value of a slice.

    Args:
        label: name of the label's column.
        columns: the columns whose values make the slices.
        change: relative change of a share that is normal from day to day, such as 0.25.
        severity: the severity of what is found.
        label_of: returns what people call a span.
    """

    def __init__(
        self,
        label: str,
        columns: Iterable[str],
        change: float,
        severity: Severity,
        label_of: Callable[[int], str] = str,
    ) -> None:
        self._label, self._columns, self._change, self.severity = label, tuple(columns), change, severity
        self._label_of = label_of
        # Column, value, split, span of eval, label.
        self._counts: Counter[tuple[str, Any, str, int | None, Any]] = Counter()
        self._classes: Counter[Any] = Counter()  # of train

    def add(self, split: str, rows: Rows) -> None:
        if len(self._classes) > _MOST_CLASSES or not rows.has(self._label):
            return
        if split == SPLITS[0]:
            self._classes.update(rows.values(self._label).drop_null().to_pylist())
        for name in self._columns:
            if rows.has(name):
                self._count(name, split, rows)

    def findings(self) -> list[Finding]:
        if len(self._classes) > _MOST_CLASSES:
            return [Finding(NAME, f"not checked: {self._label} has no classes, it is an amount", "skip")]
        rates = self._rates()
        if not rates:
            return [Finding(NAME, "not checked: no slice has rows in both splits", "skip")]
        moved = [
            self._finding(rate, rates) for rate, has in zip(rates, self._moved(rates), strict=True) if has
        ]
        slices = {(rate.column, rate.value) for rate in rates}
        said = (
            f"as in train in all {len(slices)} slices" if len(slices) > 1 else "as in train in the only slice"
        )
        return moved or [Finding(NAME, said, "ok")]

    def _count(self, name: str, split: str, rows: Rows) -> None:
        table = pa.table({"value": rows.values(name), "label": rows.values(self._label)})
        span = rows.span if split == SPLITS[1] else None
        for row in table.group_by(["value", "label"]).aggregate([([], "count_all")]).to_pylist():
            if row["value"] is not None:
                self._counts[name, row["value"], split, span, row["label"]] += row["count_all"]

    def _rates(self) -> list[_Rate]:
        """Return the classes of every slice that train and a span of eval have in common."""
        rows: Counter[tuple[str, Any, str, int | None]] = Counter()
        for (name, value, split, span, _), count in self._counts.items():
            rows[name, value, split, span] += count
        rates = []
        for name, value, split, span in rows:
            of = rows[name, value, SPLITS[0], None], rows[name, value, split, span]
            if split == SPLITS[0] or not all(of):
                continue
            for label, _ in self._classes.most_common()[1:]:
                hits = (
                    self._counts[name, value, SPLITS[0], None, label],
                    self._counts[name, value, split, span, label],
                )
                rates.append(_Rate(name, as_text(value), as_text(label), span, of, hits))
        return rates

    def _moved(self, rates: Sequence[_Rate]) -> Sequence[bool]:
        """Return for each share whether the intervals of the two splits are farther apart than a change allows."""
        z = NormalDist().inv_cdf(1 - _FALSE_ALERTS / 2 / len(rates))
        rows, hits = (np.array([getattr(rate, what) for rate in rates], float) for what in ("rows", "hits"))
        (was_low, low), (was_high, high) = (np.asarray(bound).T for bound in wilson(hits / rows, rows, z))
        fell, rose = high < was_low * (1 - self._change), low > was_high * (1 + self._change)
        return [bool(one) for one in np.logical_or(fell, rose)]

    def _finding(self, rate: _Rate, rates: Sequence[_Rate]) -> Finding:
        was, now = rate.shares
        beside = [
            one for one in rates if (one.column, one.label, one.span) == (rate.column, rate.label, rate.span)
        ]
        several = len({span for *_, split, span, _ in self._counts if split == SPLITS[1]}) > 1
        place = f"span {self._label_of(rate.span)}" if several and rate.span is not None else "eval"
        slice_ = f"{rate.column}={rate.value}"
        return Finding(
            NAME,
            f"{rate.column} {rate.value}: {self._label} is {rate.label} in {now:.1%} of {rate.rows[1]:,} rows of "
            f"{place}, and was in {was:.1%} of {rate.rows[0]:,} of train",
            wrong(self.severity),
            f"See whether {self._label} was lost on the way; choose other spans until it is back.",
            subject=f"{slice_}, {place}" if several else slice_,
            value=now,
            expected=f"{was:.1%}, as in train",
            shares=tuple((one.value, *one.shares) for one in beside),
        )
