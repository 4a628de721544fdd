"""The prediction task that a label implies: its classes, and the score of a useless model."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from kit.errors import InputDataError, UsageError
from kit.new.kinds import values_of
from kit.project.file import Dtype, Task

MOST_CLASSES = 100
_CODED_CLASSES = 20  # whole numbers with more values are an amount
_FEW_ROWS = 30  # of the rarer class: too few to judge a model by
_RARE = 0.05
# Of an amount, shares of its values and of its variance: 1% of normal values make 8% of it.
_FEW_VALUES, _MOST_VARIANCE = 0.01, 0.9
_TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
_BINARY_CLASSES = 2
_POSITIVE = frozenset({"1", "true", "yes", "y", "t", "positive", "pos", "ja", "oui", "si"})
_NEGATIVE = frozenset({"0", "false", "no", "n", "f", "negative", "neg", "nein", "non", "none"})


@dataclass(frozen=True, kw_only=True)
class Label:
    """The label column: `classes` in the order of their index (none for regression)."""

    name: str
    task: Task
    dtype: Dtype
    classes: tuple[Any, ...]
    shares: tuple[float, ...]
    mean: float
    variance: float
    rarest: int
    warnings: tuple[str, ...]

    @property
    def gates(self) -> list[dict[str, float | str]]:
        """Bounds that any model which has learnt something meets, and a bound on the change from the one before."""
        if self.task == "regression":
            change = -0.05 * self.variance
            return [
                {"metric": "mse", "max": _short(self.variance)},
                {"metric": "mse", "min_change": _short(change)},
            ]
        if self.task == "binary":
            bound = 0.5 if self.rarest < _FEW_ROWS else 0.55
            return [{"metric": "auc", "min": bound}, {"metric": "auc", "min_change": -0.02}]
        if max(self.shares) < 0.8:  # noqa: PLR2004  above, accuracy says little
            better = max(self.shares) + 0.02 * (1 - max(self.shares))
            return [
                {"metric": "accuracy", "min": _short(better)},
                {"metric": "accuracy", "min_change": -0.02},
            ]
        entropy = -sum(share * math.log(share) for share in self.shares)
        return [{"metric": "logloss", "max": _short(entropy)}, {"metric": "logloss", "min_change": -0.05}]

    @property
    def why(self) -> str:
        if self.task == "regression":
            return f"mean {self.mean:g}, standard deviation {math.sqrt(self.variance):g}"
        shares = (f"{value} {share:.1%}" for value, share in zip(self.classes[:5], self.shares, strict=False))
        return f"{len(self.classes)} classes: {', '.join(shares)}{', …' if len(self.classes) > 5 else ''}"  # noqa: PLR2004


def judge_label(
    name: str, column: pa.ChunkedArray, task: str | None, counted: Counter[Any] | None = None
) -> Label:
    """Say which task a label asks for, or check that it fits the given one.

    Args:
        name: the name of the column.
        column: the cells that were looked at.
        task: binary, multiclass or regression; None: chosen by the values.
        counted: rows by cell, of all rows; None: the column has all that is known.

    Raises:
        InputDataError: when the label cannot be modelled: missing values, constant, nested, too many words.
        UsageError: when `task` is unknown or the label does not fit it.

    """
    if task is not None and task not in _TASKS:
        raise UsageError(
            f"The task must be one of {', '.join(_TASKS)}, but is {task!r}. Leave it out to have it chosen."
        )
    try:
        values = values_of(column if counted is None else pa.chunked_array([pa.array(list(counted))]))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise InputDataError(
            f"A label must be a word or a number in each row, but {name!r} holds "
            f"{column.type}. Name another column."
        ) from None
    counts: Counter[Any] = Counter()
    times = [1] * len(values) if counted is None else counted.values()
    for value, rows in zip(values.to_pylist(), times, strict=True):
        counts[value] += rows
    if counts[None]:
        raise InputDataError(
            f"Every row needs a label, but in {name!r} it is missing in {counts[None]:,} of {counts.total():,} rows. "
            "Remove such rows, or fill them in, before you make a project of them."
        )
    del counts[None]
    if len(counts) == 1:
        raise InputDataError(
            f"A label must have at least two values, but {name!r} is "
            f"{next(iter(counts))!r} in every row that was "
            "looked at. Name another column."
        )
    chosen = _choose_task(name, values, len(counts), task)
    if chosen == "regression":
        return _amount(name, counts)
    return _classes(name, values, counts, chosen)


def _choose_task(name: str, values: pa.ChunkedArray, distinct: int, task: str | None) -> Task:
    words = pa.types.is_string(values.type)
    if task == "regression" and words:
        raise UsageError(
            f"Regression needs a label of numbers, but {name!r} holds words such as {values[0].as_py()!r}. "
            "Leave the task out, or name another column."
        )
    if task == "binary" and distinct != _BINARY_CLASSES:
        raise UsageError(
            f"A binary label has two values, but {name!r} has {distinct:,}. Use "
            "multiclass or regression, or make a column of two values."
        )
    if distinct > MOST_CLASSES and (words or task == "multiclass"):
        remedy = "Is it an id or free text? Name another column" if words else "Take regression"
        raise InputDataError(
            f"A label of classes may have {MOST_CLASSES} of them, but {name!r} has "
            f"{distinct:,}. {remedy}, or group "
            "the values into fewer classes."
        )
    for known in _TASKS:
        if task == known:
            return known
    if distinct == _BINARY_CLASSES:
        return "binary"
    if words or (pa.types.is_int64(values.type) and distinct <= _CODED_CLASSES):
        return "multiclass"
    return "regression"


def _amount(name: str, counts: Counter[Any]) -> Label:
    if not all(map(math.isfinite, counts)):
        raise InputDataError(
            f"A label must be finite numbers, but {name!r} holds infinity. Remove those rows."
        )
    rows = counts.total()
    mean = math.fsum(value * times for value, times in counts.items()) / rows
    squares = {value: (value - mean) * (value - mean) * times for value, times in counts.items()}
    variance = math.fsum(squares.values()) / rows
    return Label(
        name=name,
        task="regression",
        dtype="float",
        classes=(),
        shares=(),
        mean=mean,
        variance=variance,
        rarest=0,
        warnings=_outliers(name, counts, squares),
    )


def _outliers(name: str, counts: Counter[Any], squares: Mapping[Any, float]) -> tuple[str, ...]:
    """Warn of a few values that make most of the variance; `squares` has what each value gives to it."""
    far, left, whole = 0.0, _FEW_VALUES * counts.total(), math.fsum(squares.values())
    farthest = sorted(squares, key=lambda value: squares[value] / counts[value], reverse=True)
    for value in farthest:
        if counts[value] > left:
            break
        left -= counts[value]
        far += squares[value]
    if far < _MOST_VARIANCE * whole:
        return ()
    warning = (
        f"{name}: 1% of the values, such as {farthest[0]:g}, make {far / whole:.0%} of the variance: little else is "
        "learnt, and gates on mse hang on a few rows. Correct or remove them, or change loss and gates"
    )
    return (warning,)


def _classes(name: str, values: pa.ChunkedArray, counts: Counter[Any], task: Task) -> Label:
    dtype: Dtype = "int" if pa.types.is_int64(values.type) else "string"
    if pa.types.is_floating(values.type):
        dtype = "float"
    classes = sorted(counts)
    if task == "binary" and dtype == "string":
        classes.sort(key=lambda value: _rank(value, counts))
    shares = tuple(counts[value] / counts.total() for value in classes)
    return Label(
        name=name,
        task=task,
        dtype=dtype,
        classes=tuple(classes),
        shares=shares,
        mean=0.0,
        variance=0.0,
        rarest=min(counts.values()),
        warnings=_balance(classes, counts),
    )


def _rank(value: str, counts: Counter[Any]) -> tuple[int, int]:
    """Put the class whose probability people ask for last: yes, true, or else the rarer one."""
    word = value.strip().casefold()
    return (word in _POSITIVE) - (word in _NEGATIVE), -counts[value]


def _balance(classes: list[Any], counts: Counter[Any]) -> tuple[str, ...]:
    rarest = min(classes, key=lambda value: counts[value])
    share = counts[rarest] / counts.total()
    if counts[rarest] < _FEW_ROWS or share < _RARE:
        rows = "1 row" if counts[rarest] == 1 else f"{counts[rarest]:,} rows"
        return (f"class {rarest!r} has only {rows} ({share:.2%}): little to learn or judge it by",)
    return ()


def _short(value: float) -> float:
    return float(f"{value:.3g}")
