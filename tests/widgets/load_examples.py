"""Load sweeps for the view: the sample's shape, none, one that nothing does, many settings, and hostile names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from widget_examples import HOSTILE

from widgets.load import LoadSweep

_RATES = (250, 500, 750, 1000, 1250)


@dataclass(frozen=True)
class Target:
    rate: float = 1000
    p99_ms: float = 20


@dataclass(frozen=True)
class Point:
    setting: str
    offered: float
    rate: float
    p99_ms: float
    processor_ms: float
    errors: int = 0


@dataclass(frozen=True)
class Sweep:
    points: Sequence[Point] = ()
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    chosen: str | None = None
    target: Target = Target()


def points(name: str, rises: float, cost: float, rates: Sequence[float] = _RATES) -> list[Point]:
    """Return a setting's points, whose p99 rises with the rate."""
    return [Point(name, rate, 0.99 * rate, 4 + rises * (rate / 1000) ** 3, cost) for rate in rates]


def parameters(rows: int, micros: int = 0, threads: int = 1) -> dict[str, Any]:
    return {"max_batch_size": rows, "batch_timeout_micros": micros, "num_batch_threads": threads}


def sample() -> Sweep:
    found = [
        *points("without batching", 90, 0.92, _RATES[:4]),
        *points("8 rows, no wait, 1 thread", 8, 0.41),
        *points("32 rows, no wait, 1 thread", 6, 0.32),
        *points("32 rows, 2 ms, 1 thread", 9, 0.35),
        Point("128 rows, no wait, 2 threads", 250, 240, 12, 0.5),
        Point("128 rows, no wait, 2 threads", 1000, 0, math.inf, math.inf, errors=30),
    ]
    return Sweep(
        found,
        {
            "without batching": {},
            "8 rows, no wait, 1 thread": parameters(16_384) | {"max_execution_batch_size": 8},
            "32 rows, no wait, 1 thread": parameters(32),
            "32 rows, 2 ms, 1 thread": parameters(32, 2000),
            "128 rows, no wait, 2 threads": parameters(128, threads=2),
        },
        "32 rows, no wait, 1 thread",
    )


def view(**state: str) -> LoadSweep:
    return LoadSweep(sample(), **state)


def nothing() -> LoadSweep:
    return LoadSweep(Sweep())


def none_does() -> LoadSweep:
    return LoadSweep(Sweep(points("8 rows", 500, 1.2), {"8 rows": parameters(8)}))


def only_without_batching() -> LoadSweep:
    found = [*points("without batching", 5, 0.9), *points("8 rows", 500, 1.2)]
    return LoadSweep(Sweep(found, {"without batching": {}, "8 rows": parameters(8)}))


def cheaper_without_batching() -> LoadSweep:
    found = [*points("without batching", 5, 0.2), *points("8 rows", 6, 0.3)]
    return LoadSweep(Sweep(found, {"without batching": {}, "8 rows": parameters(8)}, "8 rows"))


def many(amount: int = 3_000) -> LoadSweep:
    """Return a sweep of more settings than a static face has room for; the last is chosen."""
    names = [f"setting {place}" for place in range(amount)]
    found = [point for name in names for point in points(name, 5, 0.5, (1000,))]
    return LoadSweep(Sweep(found, {name: parameters(8) for name in names}, names[-1]))


def hostile(**state: str) -> LoadSweep:
    found = [point for name in HOSTILE for point in points(name, 5, 0.5)]
    return LoadSweep(Sweep(found, {name: parameters(8) for name in HOSTILE}, HOSTILE[0]), **state)
