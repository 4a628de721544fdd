"""Does one feature alone predict the label? Then it probably holds the answer, and requests will not have it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kit.checks.check import Finding, wrong
from kit.checks.config import Severity
from kit.checks.rows import Rows
from kit.checks.sample import Sample
from kit.data.example_gen import SPLITS
from kit.data.records import as_text
from kit.evaluation.metrics.scores import auc, ranks

NAME = "leakage"
_MOST_CLASSES = 20  # a label with more values is a quantity
_FEWEST = 20  # rows of a class, and of all others
_BINS = 100
_BLOCK = 64  # rows that are neighbours, and held out together


class _Found(NamedTuple):
    """How well a feature alone predicts the label; the measure is an AUC of one class, or R²."""

    feature: str
    value: float
    measure: str
    at_most: float


class Leakage:
    """Measures what each feature alone says about the label in train, where both are known to a model.

    Numbers: the exact AUC of their ranks against each class, in whichever direction is better (Hanley and McNeil, The
    meaning and use of the area under a ROC curve, Radiology 143 (1982)). Other features: the AUC of the class's rate
    for each value, counted on other rows than it is measured on. A label that is a quantity: R² of its mean in each of
    100 parts of the feature, on held-out rows. Of more than 131,072 rows a sample is taken.

    Args:
        label: name of the label's column.
        features: for each feature whether it is a number.
        auc: the highest AUC that a feature alone may have.
        r2: the highest R², likewise.
        severity: the severity of what is found.
    """

    def __init__(
        self, label: str, features: Mapping[str, bool], auc: float, r2: float, severity: Severity
    ) -> None:
        self._label, self._features, self._auc, self._r2, self.severity = label, features, auc, r2, severity
        self._sample = Sample([label, *features])

    def add(self, split: str, rows: Rows) -> None:
        if split == SPLITS[0]:
            self._sample.add(rows)

    def findings(self) -> list[Finding]:
        rows = self._sample.rows()
        if not rows.has(self._label):
            return [Finding(NAME, "not checked: train has no rows", "skip")]
        best = [found for name in self._features if rows.has(name) and (found := self._best(rows, name))]
        leaks = [found for found in best if found.value >= found.at_most]
        if leaks or not best:
            return [self._finding(one) for one in leaks] or [
                Finding(NAME, "not checked: too few rows", "skip")
            ]
        top = max(best, key=lambda one: one.value)
        return [Finding(NAME, f"none; {top.feature} alone tells most, {top.measure}: {top.value:.2f}", "ok")]

    def _best(self, rows: Rows, name: str) -> _Found | None:
        """Return what the feature predicts best: one of the classes, or the quantity."""
        classes = _classes(rows, self._label)
        values, is_number = _place(rows, name), self._features[name]
        if classes is None:
            r2 = _r2(values, rows.numbers(self._label), is_number=is_number)
            return None if r2 is None else _Found(name, r2, "R²", self._r2)
        found = [
            _Found(
                name, _auc(values, positive, is_number=is_number), f"AUC of {self._label} = {text}", self._auc
            )
            for text, positive in classes
        ]
        return max(found, key=lambda one: one.value, default=None)

    def _finding(self, found: _Found) -> Finding:
        return Finding(
            NAME,
            f"{found.feature} alone tells {self._label} too well: {found.measure} is {found.value:.4f}",
            wrong(self.severity),
            f"See whether {found.feature} is known before {self._label} is; if not, give it the kind ignore.",
            subject=found.feature,
            value=found.value,
            expected=f"below {found.at_most:g}",
        )


def _classes(rows: Rows, label: str) -> list[tuple[str, NDArray[np.bool_]]] | None:
    """Return for each class (but only one of two) which rows are of it; None: the label is a quantity."""
    encoded = rows.values(label).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    texts = [as_text(value) for value in encoded.dictionary.to_pylist()]
    if len(texts) > _MOST_CLASSES:
        return None
    in_order = sorted(range(len(texts)), key=lambda code: texts[code])
    wanted = in_order if len(texts) != 2 else in_order[1:]  # noqa: PLR2004  one class is the other, reversed
    found = [(texts[code], codes == code) for code in wanted]
    return [(text, positive) for text, positive in found if min(positive.sum(), (~positive).sum()) >= _FEWEST]


def _place(rows: Rows, name: str) -> NDArray[np.float64]:
    """Return a column as ordered numbers; for non-numbers the order means nothing. Missing is lowest."""
    values = rows.values(name)
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        numbers = rows.numbers(name)
        return np.where(np.isfinite(numbers), numbers, -np.inf)
    codes = values.dictionary_encode().indices.fill_null(-1)
    return np.asarray(codes.to_numpy(zero_copy_only=False), float)


def _auc(values: NDArray[np.float64], positive: NDArray[np.bool_], *, is_number: bool) -> float:
    if is_number:
        area = auc(values, positive)
        return max(area, 1 - area)
    areas = [
        auc(_means(values, positive, other)[there], positive[there])
        for there, other in _folds(len(values))
        if 0 < positive[there].sum() < there.sum()
    ]
    return float(np.mean(areas)) if areas else 0.5


def _r2(values: NDArray[np.float64], label: NDArray[np.float64], *, is_number: bool) -> float | None:
    known = np.isfinite(label)
    values, label = values[known], label[known]
    if len(label) < 2 * _FEWEST or not np.var(label):
        return None
    if is_number:
        values = np.minimum(ranks(values) * _BINS // len(values), _BINS - 1)
    told = [_means(values, label, other)[there] for there, other in _folds(len(values))]
    missed = sum(
        float(((label[there] - mean) ** 2).sum())
        for (there, _), mean in zip(_folds(len(values)), told, strict=True)
    )
    return 1 - missed / float(((label - label.mean()) ** 2).sum())


def _means(
    values: NDArray[np.float64], label: NDArray[np.generic], known: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return for each row the label's mean among known rows of the same value; of all, where there is none."""
    _, codes = np.unique(values, return_inverse=True)
    numbers = label.astype(float)
    sums = np.bincount(codes[known], numbers[known], codes.max() + 1)
    counts = np.bincount(codes[known], minlength=codes.max() + 1)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), numbers[known].mean())
    found: NDArray[np.float64] = means[codes]
    return found


def _folds(rows: int) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Yield the rows to measure on and those to count on: blocks by turns, as rows of one request are neighbours."""
    block = max(1, min(_BLOCK, rows // 8))
    even = np.arange(rows) // block % 2 == 0
    yield even, ~even
    yield ~even, even
