"""Join predictions with labels that arrive late: by keys, within a window, with every row accounted for.

A prediction takes some 130 bytes at the peak: a hash of its keys (64 bits: among ten million rows two are mistaken for
one another with a probability of 3 in a million), its time, version, score and place. So days of millions of rows join
in memory, and the labels are streamed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kit.monitoring.log import LABEL_TIME, SCORE, TIME, TIMESTAMP, VERSION, Labels, PredictionLog

Ints: TypeAlias = NDArray[np.int64]
Rows: TypeAlias = NDArray[np.intp]

CLOCKS = dt.timedelta(hours=1)
"""How much older than its prediction a label may be: different machines with different clocks write them."""

_NO_LABEL = -1


@dataclass(frozen=True)
class JoinedDay:
    """The predictions of one day with what became true of them.

    Every row that was logged is in exactly one of `repeated`, `labelled`, `late`, `waiting` and `never`.

    Attributes:
        day: the day, in UTC.
        logged: rows in the log.
        repeated: rows whose key was logged before, such as those of a request that was sent again; the first one
            counts.
        late: rows whose label came only after the window.
        waiting: rows whose window is still open.
        never: rows whose window closed without a label.
        scores: the scores of the rows whose label arrived in time, [labelled] or [labelled, classes].
        versions: the versions of the models that answered them.
        rows: their places in the log of the day.
        labels: the labels of those rows, as the data have them.
    """

    day: dt.date
    logged: int
    repeated: int
    late: int
    waiting: int
    never: int
    scores: NDArray[np.float32]
    versions: Ints
    rows: Rows
    labels: pa.Array

    @property
    def labelled(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Joined:
    """Some days of predictions with their labels.

    Attributes:
        days: one by one.
        labels: the labels that were read: all with a value that have arrived since the first of the days.
        repeated: those for a prediction that had a label already; the last that arrived within the window counts.
        changed: the repeated ones that differ from the one before.
        unknown: those for an earlier prediction, or for none that was logged in time.
    """

    days: tuple[JoinedDay, ...]
    labels: int
    repeated: int
    changed: int
    unknown: int


def join(
    log: PredictionLog, labels: Labels, days: Sequence[dt.date], window: dt.timedelta, as_of: dt.datetime
) -> Joined:
    """Join the predictions of some days with the labels that had arrived by a given time.

    Args:
        log: the log of predictions.
        labels: the labels of the same project.
        days: the days of the predictions.
        window: the time after a prediction in which a label counts.
        as_of: labels that arrived later are not known yet.
    """
    predictions = _Predictions(log, labels.keys, days)
    joining = _Joining(predictions, window)
    first = dt.datetime.combine(min(days, default=dt.date.max), dt.time()) - CLOCKS
    for day in labels.table.days():
        if first.date() <= day <= as_of.date():
            for batch in labels.table.batches(day):
                arrived = pc.less_equal(batch.column(LABEL_TIME), pa.scalar(as_of, TIMESTAMP))
                known = pc.and_(arrived, pc.is_valid(batch.column(labels.label)))
                joining.add(batch.filter(known), labels)
    joined = tuple(joining.of_day(place, as_of) for place in range(len(days)))
    return Joined(joined, joining.read, joining.repeated, joining.changed, joining.unknown)


class _Predictions:
    """The predictions of some days, the first with each key, sorted by the hash of their keys."""

    def __init__(self, log: PredictionLog, keys: Sequence[str], days: Sequence[dt.date]) -> None:
        self.days = list(days)
        parts = [_day(log, keys, day) for day in days]
        self.logged = [len(part.hashes) for part in parts]
        hashes = np.concatenate([np.zeros(0, np.uint64), *(part.hashes for part in parts)])
        self.times = np.concatenate([np.zeros(0, np.int64), *(part.times for part in parts)])
        self.day = np.repeat(np.arange(len(days)), self.logged)
        starts = np.cumsum([0, *self.logged])[:-1]
        self.row = np.arange(len(hashes)) - np.repeat(starts, self.logged)
        self.scores, self.versions = [part.scores for part in parts], [part.versions for part in parts]
        order = np.lexsort((self.times, hashes))
        first = np.ones(len(order), bool)
        first[1:] = hashes[order][1:] != hashes[order][:-1]
        self.order, self.hashes = order[first], hashes[order[first]]

    def find(self, hashes: NDArray[np.uint64]) -> tuple[Rows, NDArray[np.bool_]]:
        """Return the prediction that each hash belongs to, and whether there is one."""
        if not len(self.hashes):
            return np.zeros(len(hashes), np.intp), np.zeros(len(hashes), bool)
        places = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return self.order[places], self.hashes[places] == hashes


class _Joining:
    """Takes labels in the order in which they arrived."""

    def __init__(self, predictions: _Predictions, window: dt.timedelta) -> None:
        self._predictions, self._window = predictions, _microseconds_of(window)
        self._label = np.full(len(predictions.times), _NO_LABEL, np.int64)
        self._late = np.zeros(len(predictions.times), bool)
        self._values: dict[object, int] = {}
        self._type: pa.DataType | None = None
        self.read = self.repeated = self.changed = self.unknown = 0

    def add(self, batch: pa.RecordBatch, labels: Labels) -> None:
        found, known = self._predictions.find(_hashes(batch, labels.keys))
        codes = self._codes(batch.column(labels.label))
        delay = (
            _microseconds(batch.column(LABEL_TIME)) - self._predictions.times[found] if len(found) else found
        )
        known &= delay >= -_microseconds_of(CLOCKS)
        timely = known & (delay <= self._window)
        self.read += batch.num_rows
        self.unknown += int((~known).sum())
        self._late[found[known & ~timely]] = True
        self._take(found[timely], codes[timely])

    def _take(self, rows: Rows, codes: Ints) -> None:
        """Give rows their labels; the last of several stays."""
        order = np.argsort(rows, kind="stable")
        rows, codes = rows[order], codes[order]
        again = np.zeros(len(rows), bool)
        again[1:] = rows[1:] == rows[:-1]
        before = np.where(again, np.roll(codes, 1), self._label[rows])
        self.repeated += int((before != _NO_LABEL).sum())
        self.changed += int(((before != _NO_LABEL) & (before != codes)).sum())
        self._label[rows] = codes  # NumPy keeps the last value of a repeated index

    def of_day(self, place: int, as_of: dt.datetime) -> JoinedDay:
        predictions = self._predictions
        of_day = np.sort(predictions.order[predictions.day[predictions.order] == place])
        has_label = self._label[of_day] != _NO_LABEL
        late = ~has_label & self._late[of_day]
        closes = predictions.times[of_day] + self._window
        waiting = ~has_label & ~late & (closes > int(as_of.timestamp() * 1e6))
        labelled = of_day[has_label]
        values = pa.array(list(self._values), self._type)
        return JoinedDay(
            day=predictions.days[place],
            logged=predictions.logged[place],
            repeated=predictions.logged[place] - len(of_day),
            late=int(late.sum()),
            waiting=int(waiting.sum()),
            never=int((~has_label & ~late & ~waiting).sum()),
            scores=predictions.scores[place][predictions.row[labelled]],
            versions=predictions.versions[place][predictions.row[labelled]],
            rows=predictions.row[labelled],
            labels=values.take(pa.array(self._label[labelled])),
        )

    def _codes(self, values: pa.Array) -> Ints:
        """Return a number for each value, the same in all batches; a label is one of few values, or a number."""
        self._type = values.type
        encoded = values.dictionary_encode(null_encoding="encode")
        codes = [
            self._values.setdefault(value, len(self._values)) for value in encoded.dictionary.to_pylist()
        ]
        numbers: Ints = np.array(codes, np.int64)[encoded.indices.to_numpy(zero_copy_only=False)]
        return numbers


class _Day(NamedTuple):
    """The rows of one day, in the order of the log."""

    hashes: NDArray[np.uint64]
    times: Ints
    versions: Ints
    scores: NDArray[np.float32]


def _day(log: PredictionLog, keys: Sequence[str], day: dt.date) -> _Day:
    parts = [
        (
            _hashes(batch, keys),
            _microseconds(batch.column(TIME)),
            batch.column(VERSION).to_numpy(zero_copy_only=False),
            _scores(batch.column(SCORE)),
        )
        for batch in log.table.batches(day, (*keys, TIME, VERSION, SCORE))
    ]
    if not parts:
        return _Day(
            np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
        )
    return _Day(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _hashes(batch: pa.RecordBatch, keys: Sequence[str]) -> NDArray[np.uint64]:
    # As texts: missing values in a batch would turn whole numbers into floats.
    frame = pd.DataFrame({key: batch.column(key).cast(pa.string()).fill_null("").to_pandas() for key in keys})
    return pd.util.hash_pandas_object(frame, index=False).to_numpy().astype(np.uint64, copy=False)


def _microseconds_of(time: dt.timedelta) -> int:
    return int(time / dt.timedelta(microseconds=1))


def _microseconds(times: pa.Array) -> Ints:
    values: Ints = times.cast(pa.int64()).to_numpy(zero_copy_only=False)
    return values


def _scores(values: pa.Array) -> NDArray[np.float32]:
    is_list = pa.types.is_list(values.type)
    flat: NDArray[np.float32] = (values.flatten() if is_list else values).to_numpy(zero_copy_only=False)
    return flat.reshape(len(values), -1) if is_list and len(values) else flat
