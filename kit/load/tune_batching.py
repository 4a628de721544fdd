"""Find batching parameters for a given rate and p99: each setting is served and loaded at several rates.

Each measured point is in a file of its own, named by all that it depends on: the model's files, the
requests, the setting, the rate and the seconds. So an interrupted sweep goes on where it was, and a larger one reuses
what is known. To measure again, for example on another machine, delete the folder.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import psutil

from kit.digests import of_files
from kit.errors import StepFailedError, UsageError
from kit.load.plan import Load
from kit.load.process import run_load
from kit.load.sweep import FILE, Point, Sweep, Target
from kit.machine import cores
from kit.serving.batching.parameters import Batching
from kit.serving.process import Server
from kit.serving.settings import Settings
from kit.texts import Say
from kit.workspace import write_atomically

WITHOUT = "without batching"
SHARES = (0.25, 0.5, 0.75, 1.0, 1.25)
"""Of the wanted rate: lower ones show how the p99 rises, the higher one what is in reserve."""
_HOPELESS = 4.0  # times the wanted p99; at a higher rate it will not become better
_SIZES, _WAITED_MICROS = (8, 32, 128), 2000
_MOST_ROWS = 1 << 14
"""Of a request, which is split over batches, and of all that wait: a server that batches should refuse nothing that it
would answer otherwise."""


def proposed() -> dict[str, Batching | None]:
    """Return the settings to try unless others are given, by name; None is without batching.

    For each size: no wait with one batch at a time, which the reading thread computes itself; no wait with as many at a
    time as there are processors; and a wait, which pays only where a run costs much and each row little.
    """
    made: dict[str, Batching | None] = {WITHOUT: None}
    for rows in _SIZES:
        for micros, threads in ((0, 1), (0, cores()), (_WAITED_MICROS, 1)):
            batching = Batching(
                max_batch_size=_MOST_ROWS,
                enable_large_batch_splitting=True,
                max_execution_batch_size=rows,
                batch_timeout_micros=micros,
                num_batch_threads=threads,
                max_enqueued_batches=_MOST_ROWS // rows,
            )
            made[name_of(batching)] = batching
    return made


def name_of(batching: Batching) -> str:
    """Return a name that distinguishes a setting within a sweep."""
    micros, threads = batching.batch_timeout_micros, batching.num_batch_threads
    wait = f"{micros / 1000:g} ms" if micros else "no wait"
    rows = "1 row" if batching.most_rows == 1 else f"{batching.most_rows} rows"
    return f"{rows}, {wait}, {threads} thread{'s' * (threads > 1)}"


@dataclass(frozen=True, kw_only=True)
class Trials:
    """What is measured.

    Attributes:
        name: the name of the model.
        version: folder of the version that is served.
        requests: serialized PredictRequests, sent in turn.
        target: what is wanted.
        settings: see `proposed`.
        folder: the folder where points are kept; one sweep at a time uses it.
        seconds: the seconds that each point is measured, or longer where fewer requests come.
        least_requests: how many requests are due at a point, about; the p99 of few is the slowest of them.
        threads: the threads of the server for requests; a batch cannot have more requests than that.
        shares: the shares of the wanted rate, at which each setting is asked, rising.

    Raises:
        UsageError: when the seconds are not a time.
    """

    name: str
    version: Path
    requests: tuple[bytes, ...]
    target: Target
    settings: Mapping[str, Batching | None]
    folder: Path
    seconds: float = 4.0
    least_requests: int = 300
    threads: int = 64
    shares: Sequence[float] = SHARES

    def __post_init__(self) -> None:
        if not 0 < self.seconds < math.inf:
            raise UsageError(
                f"A point must be measured for a finite time of more than 0 s, but the seconds are {self.seconds:g}. "
                "Give another number."
            )

    @property
    def rates(self) -> list[float]:
        """Requests a second, rising."""
        return [share * self.target.rate for share in self.shares]

    def seconds_at(self, rate: float) -> float:
        """Return how long a rate is measured."""
        return max(self.seconds, self.least_requests / rate)

    @property
    def most_seconds(self) -> float:
        """How long all that is not known yet is measured, unless a setting is given up before."""
        return sum(
            self.seconds_at(rate)
            for setting in self.settings
            for rate in self.rates
            if not self.file_of(setting, rate).is_file()
        )

    @property
    def knows(self) -> bool:
        """Whether some of it was measured before."""
        return any(self.file_of(setting, rate).is_file() for setting in self.settings for rate in self.rates)

    def sweep(self, points: Sequence[Point] = ()) -> Sweep:
        """Return the sweep of the points measured so far."""
        told = {name: asdict(batching) if batching else {} for name, batching in self.settings.items()}
        return Sweep(self.target, tuple(points), told)

    @cached_property
    def _asked(self) -> str:
        """A digest of the model's files and of the requests."""
        files = [each for each in self.version.rglob("*") if each.is_file()]
        return of_files(files, self.version, *(hashlib.sha256(request).digest() for request in self.requests))

    def file_of(self, setting: str, rate: float) -> Path:
        """Return where a point is kept."""
        batching = self.settings[setting]
        parts = [
            self._asked,
            asdict(batching) if batching else None,
            [float(rate), float(self.seconds_at(rate)), self.threads],
        ]
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
        return self.folder / f"{digest}.json"


def tune(trials: Trials, say: Say = lambda _: None) -> Iterator[Sweep]:
    """Measure what is not known yet; yield the sweep after each point, and keep it in `FILE` of the folder.

    A setting is not tried at higher rates once requests fail or its p99 is far from the wanted one.

    Args:
        trials: what is measured.
        say: is told each point in a line.

    Raises:
        StepFailedError: when the server or the load does not end properly.
        ServingError: when the model cannot be served.
    """
    points: list[Point] = []
    for setting in trials.settings:
        with _Served(trials, setting) as served:
            for rate in trials.rates:
                point, known = served.point(rate)
                points.append(point)
                say(_line(point, known=known))
                sweep = trials.sweep(points)
                sweep.write(trials.folder / FILE)
                yield sweep
                if point.errors or (point.rate and point.p99_ms > _HOPELESS * trials.target.p99_ms):
                    break  # where nothing was due, there was nothing to fail


class _Served:
    """A server with one setting, started when the first point is not known."""

    def __init__(self, trials: Trials, setting: str) -> None:
        self._trials, self._setting = trials, setting
        self._server: Server | None = None

    def point(self, rate: float) -> tuple[Point, bool]:
        """Return the point of a rate, and whether it was known."""
        path = self._trials.file_of(self._setting, rate)
        if path.is_file():
            return replace(Point(**json.loads(path.read_text())), setting=self._setting), True
        point = self._measured(rate)
        write_atomically(path, json.dumps(asdict(point)))
        return point, False

    def _measured(self, rate: float) -> Point:
        trials = self._trials
        server = self._server or self._start()
        load = Load(
            requests=trials.requests,
            address=str(server.addresses.grpc),
            rate=rate,
            seconds=trials.seconds_at(rate),
        )
        before = _cpu_seconds(server, rate)
        result = run_load(load)
        spent = _cpu_seconds(server, rate) - before  # including the warm-up's requests, which come as often
        answered = result.rate * (load.seconds + load.warm_seconds)
        return Point(
            self._setting,
            rate,
            result.rate,
            result.milliseconds(50) if result.answered else math.inf,
            result.milliseconds(99) if result.answered else math.inf,
            sum(result.errors.values()),
            1000 * spent / answered if answered else math.inf,
        )

    def _start(self) -> Server:
        trials, batching = self._trials, self._trials.settings[self._setting]
        own: dict[str, Any] = {"port": 0, "model_name": trials.name, "grpc_max_threads": trials.threads}
        own["model_config_file"] = str(self._config_of_one_version())
        if batching:
            path = trials.folder / "batching.pbtxt"
            batching.write(path)
            own |= {"enable_batching": True, "batching_parameters_file": str(path)}
        self._server = Server(Settings(**own))
        self._server.start()
        return self._server

    def _config_of_one_version(self) -> Path:
        """Write a models.config that serves this version and no newer one that is pushed meanwhile."""
        trials = self._trials
        base, version = json.dumps(str(trials.version.parent)), trials.version.name
        path = trials.folder / "models.config"
        write_atomically(
            path,
            f'model_config_list {{ config {{ name: "{trials.name}" base_path: {base} model_platform: "tensorflow" '
            f"model_version_policy {{ specific {{ versions: {version} }} }} }} }}",
        )
        return path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._server:
            self._server.stop()


def _line(point: Point, *, known: bool) -> str:
    errors = f", {point.errors} errors" if point.errors else ""
    none = "none in time" if point.errors else "none was due"
    p99 = f"99 of 100 within {point.p99_ms:.1f} ms" if math.isfinite(point.p99_ms) else none
    cost = (
        f", {point.processor_ms:.2f} ms of processor time each" if math.isfinite(point.processor_ms) else ""
    )
    return (
        f"{point.setting}, {point.offered:.0f} requests per second: {point.rate:.0f} answered, {p99}{cost}{errors}"
        f"{' (known)' if known else ''}"
    )


def _cpu_seconds(server: Server, rate: float) -> float:
    """Return the processor time that a server has taken; it must still run."""
    with suppress(psutil.NoSuchProcess):
        if server.alive:
            return float(sum(psutil.Process(server.pid).cpu_times()[:2]))
    raise StepFailedError(
        f"The server should outlive {rate:g} requests per second, but it ended. Read {server.log_path}."
    )
