"""The catalogue of faults that happen in deliveries, each a small function of a span's rows.

A fault is written for kinds of columns, not for a project. Which rows it hits follows from the seed alone, and the rows
of a smaller share are among those of a larger one, so that the smallest share that is caught can be searched by
halving.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kit.errors import FaultError
from kit.faults.fault import Dose, Fault, Rows, Spoiled
from kit.project.file import Dtype
from kit.texts import did_you_mean

_UNIT = 100  # cents in a currency's unit, centimetres in a metre
_DAY = timedelta(days=1)
_DRIFT_DEVIATIONS = 3  # how far the values have moved on the last day
_DRIFT_DAYS = 5
_ALL: tuple[Dtype, ...] = ("string", "int", "float")


def fault_named(name: str) -> Fault:
    """Return a fault by its name.

    Raises:
        FaultError: when there is none of that name; the message lists those that exist.
    """
    if name in FAULTS:
        return FAULTS[name]
    raise FaultError(
        f"There is no fault {name!r}.{did_you_mean(name, FAULTS)} Choose one of {', '.join(FAULTS)}."
    )


def _negative(rows: Rows, dose: Dose) -> Spoiled:
    values = _numbers(rows, dose)
    return _changed(rows, dose, values > 0, -values, "values above zero")


def _unit(rows: Rows, dose: Dose) -> Spoiled:
    values = _numbers(rows, dose)
    return _changed(rows, dose, np.abs(values) > 0, values * _UNIT, "values other than zero")


def _drift(rows: Rows, dose: Dose) -> Spoiled:
    values = _numbers(rows, dose)
    finite = np.isfinite(values)
    deviation = float(np.std(values[finite])) if finite.any() else 0.0
    moved = values + dose.strength * _DRIFT_DEVIATIONS * deviation
    if pa.types.is_integer(_column(rows, dose).type):
        moved = np.round(moved)
    return _changed(rows, dose, finite & (np.abs(moved - values) > 0), moved, "values that differ")


def _new_value(rows: Rows, dose: Dose) -> Spoiled:
    column = _column(rows, dose)
    known, new = set(pc.unique(column).to_pylist()), f"new {dose.column}"
    while new in known:
        new += "'"
    value: Any = new if pa.types.is_string(column.type) else max(known - {None}, default=0) + 1
    return _changed(rows, dose, _present(column), pa.array([value] * len(column), column.type), "values")


def _null_burst(rows: Rows, dose: Dose) -> Spoiled:
    column, hits = _column(rows, dose), rows.hits(dose)
    # As a fraction of the remaining rows, so that bursts of different lengths begin near each other.
    start = int(np.random.default_rng(dose.seed).random() * (len(column) - hits + 1))
    burst = np.zeros(len(column), bool)
    burst[start : start + hits] = True
    hit = burst & _present(column)
    if not hit.any():
        raise _nothing_to_hit(dose, "values")
    return Spoiled(_in_place(rows), hit, dose.column, pc.if_else(pa.array(hit), None, column))


def _zeroed_category(rows: Rows, dose: Dose) -> Spoiled:
    """Remove the label from the category value that has it most often, in as many rows as the share allows."""
    column, labels = _column(rows, dose), rows.table[rows.label].combine_chunks()
    nothing = _no_label(labels)
    positive = pc.and_(pc.is_valid(column), pc.not_equal(labels, nothing))
    counts = pc.value_counts(column.filter(positive)).to_pylist()
    if not counts:
        raise _nothing_to_hit(dose, f"rows with another {rows.label} than {nothing}")
    silent = max(counts, key=lambda one: (one["counts"], str(one["values"])))["values"]
    where = pc.and_(positive, pc.equal(column, silent)).to_numpy(zero_copy_only=False)
    hit = _chosen(where, rows.hits(dose), dose.seed)
    return Spoiled(
        _in_place(rows), hit, rows.label, pc.if_else(pa.array(hit), pa.scalar(nothing, labels.type), labels)
    )


def _shuffled(rows: Rows, dose: Dose) -> Spoiled:
    """Give each chosen row the value of the one chosen before it: a permutation without fixed points."""
    column = _column(rows, dose)
    order = _in_random_order(_present(column), dose.seed)[: max(2, rows.hits(dose))]
    taken = _in_place(rows)
    taken[order] = np.roll(order, 1)
    values = column.take(pa.array(taken))
    differs = pc.fill_null(pc.not_equal(values, column), fill_value=False).to_numpy(zero_copy_only=False)
    if not differs.any():
        raise _nothing_to_hit(dose, "values that differ")
    return Spoiled(_in_place(rows), differs, dose.column, values)


def _duplicated(rows: Rows, dose: Dose) -> Spoiled:
    """Repeat each chosen row right after itself."""
    again = _chosen(np.ones(rows.table.num_rows, bool), rows.hits(dose), dose.seed)
    origins = np.repeat(_in_place(rows), 1 + again)
    return Spoiled(origins, np.r_[False, origins[1:] == origins[:-1]])


def _late_day(rows: Rows, dose: Dose) -> Spoiled:
    column, kind = _column(rows, dose), rows.columns[dose.column]
    if kind.kind == "date":
        before = pa.array([_day_before(value, kind.format) for value in column.to_pylist()], column.type)
        return _changed(rows, dose, _present(before), before, f"dates such as {kind.format}")
    earlier = pc.subtract(column, pa.scalar(_DAY.total_seconds()).cast(column.type))
    return _changed(rows, dose, _present(column), earlier, "timestamps")


def _day_before(value: str | None, written: str) -> str | None:
    try:
        return (datetime.strptime(value, written) - _DAY).strftime(written) if value else None  # noqa: DTZ007  a date has no zone
    except ValueError:
        return None


def _changed(
    rows: Rows, dose: Dose, possible: NDArray[np.bool_], values: NDArray[Any] | pa.Array, needed: str
) -> Spoiled:
    """Change the values of as many of the possible rows as the dose says."""
    hit = _chosen(possible, rows.hits(dose), dose.seed)
    if not hit.any():
        raise _nothing_to_hit(dose, needed)
    column = _column(rows, dose)
    if isinstance(values, np.ndarray):
        values = pa.array(np.where(hit, values, 0)).cast(column.type, safe=False)
    return Spoiled(_in_place(rows), hit, dose.column, pc.if_else(pa.array(hit), values, column))


def _chosen(possible: NDArray[np.bool_], hits: int, seed: int) -> NDArray[np.bool_]:
    chosen = np.zeros(len(possible), bool)
    chosen[_in_random_order(possible, seed)[:hits]] = True
    return chosen


def _in_random_order(possible: NDArray[np.bool_], seed: int) -> NDArray[np.int64]:
    places: NDArray[np.int64] = np.flatnonzero(possible)
    return np.random.default_rng(seed).permutation(places)


def _in_place(rows: Rows) -> NDArray[np.int64]:
    return np.arange(rows.table.num_rows)


def _column(rows: Rows, dose: Dose) -> pa.Array:
    return rows.table[dose.column].combine_chunks()


def _numbers(rows: Rows, dose: Dose) -> NDArray[np.float64]:
    """Return the values, NaN where one is missing."""
    return np.asarray(_column(rows, dose).cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))


def _present(column: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False))


def _no_label(labels: pa.Array) -> Any:
    """Return the label of a row without an outcome: zero if a numeric label can be zero, else the most frequent one."""
    counts = pc.value_counts(labels).to_pylist()
    usual = max(counts, key=lambda one: (one["counts"], str(one["values"])))["values"]
    return 0 if not pa.types.is_string(labels.type) and pc.any(pc.equal(labels, 0)).as_py() else usual


def _nothing_to_hit(dose: Dose, needed: str) -> FaultError:
    return FaultError(
        f"There must be {needed} in {dose.column} for this fault to break, but there are none. Choose another column."
    )


_CATALOGUE = (
    Fault(
        "negative-values",
        "A default such as -1 or a wrong sign comes through: amounts are below zero.",
        _negative,
        {"number": ("int", "float")},
    ),
    Fault(
        "zeroed-category",
        "The events of one category are lost on the way: none of its rows has a positive label.",
        _zeroed_category,
        {"category": _ALL},
    ),
    Fault(
        "new-value",
        "A client is released that nobody announced: a category has a value never seen before.",
        _new_value,
        {"category": _ALL},
    ),
    Fault(
        "null-burst",
        "A service that provides a value is down for a while: consecutive rows arrive without it.",
        _null_burst,
        # Not sequences: without any history they are empty, not missing.
        dict.fromkeys(("number", "category", "id", "text", "timestamp"), _ALL),
    ),
    Fault(
        "unit-change",
        "One of several sources delivers in cents: numbers are a hundred times too large.",
        _unit,
        {"number": ("float", "int")},
    ),
    Fault(
        "shuffled-column",
        "A join goes wrong: values are valid, but end up in the wrong rows.",
        _shuffled,
        {"number": ("int", "float"), "category": _ALL, "id": _ALL},
    ),
    Fault(
        "duplicated-rows",
        "A file is loaded twice, or a queue delivers at least once: rows appear again.",
        _duplicated,
    ),
    Fault(
        "late-day",
        "Rows of the day before arrive a day late: their time is not on the day that they are delivered for.",
        _late_day,
        {"timestamp": ("int", "float"), "date": ("string",)},
    ),
    Fault(
        "slow-drift",
        f"A sensor loses its calibration: numbers move a little each day, and by {_DRIFT_DEVIATIONS} standard "
        f"deviations in {_DRIFT_DAYS} days.",
        _drift,
        {"number": ("float", "int")},
        _DRIFT_DAYS,
    ),
)
FAULTS = {fault.name: fault for fault in _CATALOGUE}
"""By their names, in the order in which they are told."""
