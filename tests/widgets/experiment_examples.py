"""Experiments for the view: running, before the first look, ended, and with hostile names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from widget_examples import HOSTILE

START = 1_767_787_200.0  # 2026-01-07 12:00 UTC


@dataclass(frozen=True)
class Arm:
    name: str
    version: int
    share: float
    requests: int
    failed: int
    slow: int


@dataclass(frozen=True)
class Point:
    time: float
    difference: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Compared:
    name: str
    control: float
    candidate: float
    counted: tuple[int, int]
    limit: float
    state: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Shown:
    name: str = "1-2"
    state: str = "running"
    unit: str = "user_id"
    who: str = ""
    why: str = "not sure of slow requests"
    arms: tuple[Arm, ...] = (
        Arm("control", 1, 0.9, 90_000, 180, 900),
        Arm("candidate", 2, 0.1, 10_000, 21, 130),
    )
    metrics: tuple[Compared, ...] = ()
    evidence: float = 1.2
    needed: float = 160.0
    left_out: Mapping[str, int] = field(default_factory=lambda: {"without a user": 7, "of several users": 0})
    looks: int = 0


def _metric(name: str, limit: float, state: str, end: float) -> Compared:
    first = Point(START, 0.0, -math.inf, math.inf)
    later = [
        Point(
            START + 60 * minute,
            end * minute / 30,
            end - 0.2 / math.sqrt(minute),
            end + 0.2 / math.sqrt(minute),
        )
        for minute in range(1, 31)
    ]
    return Compared(name, 0.12, 0.12 + end, (90_000, 10_000), limit, state, (first, *later))


def running() -> Shown:
    metrics = (
        _metric("click rate", -0.01, "harmless", 0.004),
        _metric("failed requests", 0.005, "few", 0.0001),
        _metric("slow requests", 0.02, "open", 0.003),
    )
    return Shown(metrics=metrics, looks=31)


def ended() -> Shown:
    return replace(
        running(), state="rolled back", who="the sequential test", why="it is worse than it may be"
    )


def hostile() -> Shown:
    metrics = tuple(_metric(value, -0.01, "harmful", 0.0) for value in HOSTILE)
    return replace(running(), unit=HOSTILE[0], who=HOSTILE[1], why=" ".join(HOSTILE), metrics=metrics)


class Desk:
    """Takes one decision, as the kit's does, and remembers it."""

    def __init__(self, shown: Shown | None) -> None:
        self.shown = shown

    def look(self) -> Shown | None:
        return self.shown

    def decide(self, what: str, who: str, why: str) -> str:
        if not who or not why:
            raise ValueError("To end an experiment needs a name and a reason.")
        self.shown = replace(self.shown or Shown(), state="promoted", who=who, why=why)
        return f"{what}: {who}: {why}"
