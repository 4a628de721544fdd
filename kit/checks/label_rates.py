"""Is the share of each class of the label, slice by slice, what it was? A category without clicks breaks no schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kit.checks.check import Finding, has_values, wrong
from kit.checks.config import Severity
from kit.data.example_gen import SPLITS
from kit.evaluation.intervals import wilson

NAME = "label rates"
_MOST_CLASSES = 20  # a label with more values is an amount
_FALSE_ALERTS = 0.001  # probability of one in a day on which nothing changed, over all slices


class _Rate(NamedTuple):
    """A class of the label in one slice; counts are [train, eval]."""

    column: str
    value: str
    label: str
    rows: tuple[int, int]
    hits: tuple[int, int]


class LabelRates:
    """Compares eval with train, with intervals so wide that noise does not alert.

    The label's most frequent class says nothing that the others do not, and is left out.

    Args:
        label: name of the label's column.
        columns: whose values make the slices.
        change: relative change of a share that is daily life, such as 0.25.
        severity: of what is found.
    """

    def __init__(self, label: str, columns: Iterable[str], change: float, severity: Severity) -> None:
        self._label, self._columns, self._change, self._severity = label, tuple(columns), change, severity
        self._counts: Counter[tuple[str, str, Any, Any]] = Counter()  # column, split, value, label
        self._classes: Counter[Any] = Counter()  # of train

    def add(self, split: str, records: Sequence[bytes], batch: pa.RecordBatch) -> None:
        del records
        if len(self._classes) > _MOST_CLASSES:
            return
        labels = pc.list_flatten(batch.column(self._label))
        if split == SPLITS[0]:
            self._classes.update(labels.to_pylist())
        for name in self._columns:
            if has_values(batch, name):
                self._count(name, split, batch.column(name), labels)

    def findings(self) -> list[Finding]:
        if len(self._classes) > _MOST_CLASSES:
            return [Finding(NAME, f"not checked: {self._label} has no classes, it is an amount", "ok")]
        rates = self._rates()
        if not rates:
            return [Finding(NAME, "not checked: no slice has rows in both splits", "ok")]
        moved = [self._finding(rate) for rate, has in zip(rates, self._moved(rates), strict=True) if has]
        return moved or [Finding(NAME, f"as in train in all {len(rates)} slices", "ok")]

    def _count(self, name: str, split: str, column: pa.Array, labels: pa.Array) -> None:
        table = pa.table(
            {"value": pc.list_flatten(column), "label": labels.take(pc.list_parent_indices(column))}
        )
        for row in table.group_by(["value", "label"]).aggregate([([], "count_all")]).to_pylist():
            self._counts[name, split, row["value"], row["label"]] += row["count_all"]

    def _rates(self) -> list[_Rate]:
        rows: Counter[tuple[str, str, Any]] = Counter()
        for (name, split, value, _), count in self._counts.items():
            rows[name, split, value] += count
        slices = dict.fromkeys((name, value) for name, _, value in rows)
        classes = [label for label, _ in self._classes.most_common()[1:]]
        return [
            _Rate(name, _text(value), _text(label), (of[0], of[1]), (hits[0], hits[1]))
            for name, value in slices
            if all(of := [rows[name, split, value] for split in SPLITS])
            for label in classes
            if (hits := [self._counts[name, split, value, label] for split in SPLITS])
        ]

    def _moved(self, rates: Sequence[_Rate]) -> Sequence[bool]:
        """Return for each share whether the intervals of the two splits are farther apart than a change allows."""
        z = NormalDist().inv_cdf(1 - _FALSE_ALERTS / 2 / len(rates))
        rows, hits = (np.array([getattr(rate, what) for rate in rates], float) for what in ("rows", "hits"))
        (was_low, low), (was_high, high) = (np.asarray(bound).T for bound in wilson(hits / rows, rows, z))
        fell, rose = high < was_low * (1 - self._change), low > was_high * (1 + self._change)
        return [bool(one) for one in np.logical_or(fell, rose)]

    def _finding(self, rate: _Rate) -> Finding:
        was, now = (hits / rows for hits, rows in zip(rate.hits, rate.rows, strict=True))
        return Finding(
            NAME,
            f"{rate.column} {rate.value}: {self._label} is {rate.label} in {now:.1%} of {rate.rows[1]:,} rows of eval, "
            f"and was in {was:.1%} of {rate.rows[0]:,} of train",
            wrong(self._severity),
            f"See whether {self._label} was lost on the way; choose other spans until it is back.",
        )


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
