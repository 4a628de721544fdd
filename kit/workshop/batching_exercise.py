"""The exercise on batching: a setting that saves most runs of the model and ruins p99.

The kit's own batching puts the requests together, by the parameters and the rules of a server with one batch thread;
only the clock is simulated, and a run of the model takes its usual time on it. So each wait follows from the setting
alone, whatever else the machine does.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from kit.load.sweep import Target
from kit.serving.batching.parameters import Batching
from kit.serving.batching.servable import WholeBatches
from kit.serving.errors import ServingError
from kit.serving.gathering import Gathering, Values, Waiting
from kit.serving.servable import Question
from kit.workshop.errors import WorkshopError
from kit.workshop.exercise import CAUGHT, FOUND, NEXT_SEED, PROVED, Answer, Exercise, Point, near, same
from kit.workshop.guard import Guard, make_guard
from kit.workshop.traffic import Traffic

SECTION = "batching"
"""Settings below this name are those of the batching parameters file."""
FILE = "batching.pbtxt"
TARGET = Target(rate=1100, p99_ms=20)
RUN_MS, ROW_MS = 1.5, 0.02  # a run of the model takes the first, plus the second per row
BEFORE = Batching(max_batch_size=128, max_enqueued_batches=100, num_batch_threads=1)
NOW = Batching(
    max_batch_size=128,
    batch_timeout_micros=200_000,
    max_enqueued_batches=1000,
    num_batch_threads=1,
    allowed_batch_sizes=(32, 64, 128),
)
FAULT, _SIZES = "batch_timeout_micros", "allowed_batch_sizes"
_CHANGES = ("max_batch_size", FAULT, "max_enqueued_batches", _SIZES)
_TOLERANCE_MS = 1.0
_OUTPUT = "score"


@dataclass(frozen=True)
class BatchingGuard(Guard):
    """What a request meets: the batching of the server."""

    batching: Batching


class BatchingExercise(Exercise):
    """A batch timeout that is only waited out in quiet times; the proof is the p99 that it causes.

    Args:
        project: the project whose copy the exercise has, unchanged.
        folder: for the copies of project.yml and schema, and the file of batching parameters.
        seed: the seed that the traffic follows from.
        about: name, title and hints.
    """

    def rows(self) -> pd.DataFrame:
        """Return the outcome of each request with today's settings; the columns are those of `served`."""
        return served(self.guard(Answer()).batching, self._traffic)

    def clean_rows(self) -> pd.DataFrame:
        """Return the outcome of the same requests with the settings of the day before."""
        return served(BEFORE, self._traffic)

    def said(self) -> list[str]:
        """Return what has changed since the day before; every value is valid."""
        before, now = asdict(BEFORE), asdict(self.guard(Answer()).batching)
        return [
            f"{name} was {before[name]}, is {now[name]}" for name in _CHANGES if now[name] != before[name]
        ]

    def find(self, where: str) -> Point:
        reached = same(where, FAULT)
        not_it = f"with {where} as before, nobody would wait less" if where else "nothing is named yet"
        return Point(FOUND, reached, f"it is {FAULT} that requests wait for" if reached else not_it)

    def prove(self, proof: Any) -> Point:
        reached = near(proof, _p99(self.rows()), _TOLERANCE_MS)
        if proof is None:
            return Point(PROVED, reached, "nothing is measured yet")
        return Point(PROVED, reached, f"99 of 100 are {'' if reached else 'not '}answered within {proof} ms")

    def guard(self, answer: Answer) -> BatchingGuard:
        ours: dict[str, Any] = {}
        others: dict[str, Any] = {}
        for path, value in answer.settings.items():
            section, _, name = path.partition(".")
            if section == SECTION:
                ours[name] = value
            else:
                others[path] = value
        made = make_guard(self._project, self._folder, ({}, {}), (others, answer.rules))
        batching = _changed(NOW, ours)
        batching.write(self._folder / FILE)
        return BatchingGuard(made.project, made.schema, batching)

    def catch(self, guard: Guard) -> Point:
        assert isinstance(guard, BatchingGuard)  # noqa: S101  what `guard` makes
        busier = Traffic(self._seed + NEXT_SEED, rush_rate=TARGET.rate)
        for name, traffic in (("today's traffic", self._traffic), ("a busier day", busier)):
            requests = served(guard.batching, traffic)
            refused = int(requests["answered_ms"].isna().sum())
            if refused:
                return Point(CAUGHT, False, f"{refused} requests of {name} would be refused")
            p99 = _p99(requests)
            if p99 > TARGET.p99_ms:
                return Point(
                    CAUGHT, False, f"with {name}, p99 would be {p99:.0f} ms, not {TARGET.p99_ms:g} or less"
                )
        return Point(CAUGHT, True, f"p99 is {p99:.0f} ms when {TARGET.rate:g} requests per second come")

    @cached_property
    def _traffic(self) -> Traffic:
        return Traffic(self._seed)


def served(batching: Batching, traffic: Traffic) -> pd.DataFrame:
    """Serve requests as a server with one batch thread does.

    Returns:
        One row per request, in order of arrival: `arrived_ms`; `batch`, the number of its batch, and `batch_rows`, the
        rows in that; `waited_ms`, from its arrival to the start of the batch, and `answered_ms`, from its arrival to
        its answer. A request that was refused has only `arrived_ms`.
    """
    server = _Server(batching)
    for number, seconds in enumerate(traffic.arrivals()):
        server.send(number, seconds, traffic.rows)
    return server.run()


class _Server:
    """One thread that reads requests and computes batches, on a clock of its own."""

    def __init__(self, batching: Batching) -> None:
        self._seconds = 0.0
        self._coming: list[tuple[float, int, int]] = []
        self._arrived: dict[int, float] = {}
        self._found: dict[int, tuple[int, int, float, float]] = {}
        self._batch = (-1, 0, 0.0)  # number, rows, and when it began
        self._whole = WholeBatches(batching, self._compute)
        self._gathering = Gathering(1, _no_thread, by_reader=True, now=lambda: self._seconds)

    def send(self, number: int, seconds: float, rows: int) -> None:
        """Let a request arrive at a time."""
        heapq.heappush(self._coming, (seconds, number, rows))

    def run(self) -> pd.DataFrame:
        """Serve all of them."""
        until: float | None = None
        while self._coming or until is not None:
            self._seconds = max(self._seconds, self._next(until))
            self._read()
            until = self._gathering.work()
        columns = ("batch", "batch_rows", "waited_ms", "answered_ms")
        table = pd.DataFrame.from_dict(self._found, orient="index", columns=list(columns))
        arrived = pd.Series(self._arrived, name="arrived_ms") * 1000
        return arrived.to_frame().join(table)

    def _next(self, until: float | None) -> float:
        """Return when there is something to do."""
        comes = self._coming[0][0] if self._coming else np.inf
        return float(comes if until is None else min(until, comes))

    def _read(self) -> None:
        while self._coming and self._coming[0][0] <= self._seconds:
            seconds, number, rows = heapq.heappop(self._coming)
            self._arrived[number] = seconds
            if rows > self._whole.most_rows:  # the server refuses it as too large for any batch
                continue
            feeds = {"row": np.zeros((rows, 1), np.float32)}

            def done(values: Values | ServingError, number: int = number) -> None:
                if not isinstance(values, ServingError):
                    self._answered(number)

            question = Question(feeds, (_OUTPUT,), (_OUTPUT,))
            self._gathering.add(Waiting(self._whole, question, question.alike, rows, done, np.inf))

    def _compute(self, feeds: Mapping[str, Any], _fetches: Sequence[str]) -> Values:
        """Stand in for the model: advance the clock by the time that the rows take."""
        rows = len(feeds["row"])
        self._batch = (self._batch[0] + 1, rows, self._seconds)
        self._seconds += (RUN_MS + ROW_MS * rows) / 1000
        return [feeds["row"]]

    def _answered(self, number: int) -> None:
        batch, rows, began = self._batch
        arrived = self._arrived[number]
        self._found[number] = (batch, rows, 1000 * (began - arrived), 1000 * (self._seconds - arrived))


def _changed(batching: Batching, changes: Mapping[str, Any]) -> Batching:
    """Return the parameters with changes.

    Raises:
        WorkshopError: when a parameter cannot be changed here.
        ServerError: when a value is not possible.
    """
    for name, value in changes.items():
        numbers = value if name == _SIZES else [value]
        if name not in _CHANGES or not _are_whole(numbers):
            raise WorkshopError(
                f"A setting under {SECTION} is one of {', '.join(_CHANGES)}, with a whole number, or a list of "
                f"them for {_SIZES}, but found {name}: {value!r}. Correct it."
            )
    values = {one.name: getattr(batching, one.name) for one in fields(batching)} | dict(changes)
    return Batching(**values | {_SIZES: tuple(values[_SIZES])})


def _are_whole(numbers: object) -> bool:
    return isinstance(numbers, list | tuple) and all(type(number) is int for number in numbers)


def _p99(requests: pd.DataFrame) -> float:
    return float(np.percentile(requests["answered_ms"].dropna(), 99))


def _no_thread(_run: object) -> None:
    raise AssertionError("The thread that reads computes by itself.")
