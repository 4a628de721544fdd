from __future__ import annotations

import math
from pathlib import Path

import pytest

from kit.errors import StepOrderError, UsageError
from kit.load.sweep import Point, Sweep, Target

_TARGET = Target(100, 20)
_SETTINGS = {"without": {}, "small": {"max_batch_size": 8}, "large": {"max_batch_size": 32}}


def _point(setting: str, offered: float, p99: float, *, errors: int = 0, processor: float = 1.0) -> Point:
    return Point(setting, offered, offered - errors, p99 / 2, p99, errors, processor)


def test_the_cheapest_setting_that_does_what_is_wanted_is_chosen() -> None:
    points = [
        _point("without", 100, 5, processor=0.1),  # the cheapest, but no batching
        _point("small", 100, 15, processor=0.9),
        _point("large", 100, 18, processor=0.5),
    ]
    assert Sweep(_TARGET, points, _SETTINGS).chosen == "large"


@pytest.mark.parametrize(
    "point",
    [_point("small", 50, 5), _point("small", 100, 21), _point("small", 100, 5, errors=1)],
    ids=["at half the rate", "too late", "with errors"],
)
def test_what_does_not_do_it_is_not_chosen(point: Point) -> None:
    sweep = Sweep(_TARGET, [point], _SETTINGS)
    assert sweep.chosen is None
    assert not sweep.meeting


def test_a_setting_is_judged_at_the_wanted_rate_and_not_beyond() -> None:
    points = [
        _point("small", 125, 15, processor=0.1),
        _point("small", 100, 15, processor=0.9),
        _point("large", 100, 15, processor=0.5),
    ]
    assert Sweep(_TARGET, points, _SETTINGS).chosen == "large"


def test_the_front_has_what_nothing_else_is_better_than_in_both() -> None:
    points = [
        _point("small", 50, 4),
        _point("small", 100, 12),
        _point("large", 50, 6),  # later than the other at the same rate
        _point("small", 75, 9),  # as late as another at a higher rate
        _point("large", 100, 9),
        _point("large", 125, 30),
        _point("without", 150, 20, errors=3),  # fails requests
        _point("without", 200, math.inf),
    ]
    front = Sweep(_TARGET, points, _SETTINGS).front
    assert [(point.setting, point.offered) for point in front] == [
        ("small", 50),
        ("large", 100),
        ("large", 125),
    ]


@pytest.mark.parametrize(("rate", "p99"), [(0, 10), (10, 0), (-1, 5), (1e-9, 5), (1e9, 5)])
def test_a_target_of_nothing_or_without_end_is_refused(rate: float, p99: float) -> None:
    with pytest.raises(UsageError, match=r"must be a rate of 0.1 to 1,000,000"):
        Target(rate, p99)


def test_what_is_kept_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "sweep.json"
    sweep = Sweep(_TARGET, (_point("small", 50, 5), _point("small", 100, math.inf, errors=3)), _SETTINGS)
    sweep.write(path)
    assert Sweep.read(path) == sweep


def test_without_a_sweep_it_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(StepOrderError, match="kit tune-batching"):
        Sweep.read(tmp_path / "sweep.json")
