"""Blind spots and runs for views: the same in tests, in notebooks that tests open, and in golden files."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Sequence
from typing import NamedTuple

from widget_examples import HOSTILE

from widgets.blind_spots import BlindSpots
from widgets.gate_simulator import GateSimulator


class Bounded(NamedTuple):
    """A value with its interval."""

    value: float
    lower: float
    upper: float


class Spot(NamedTuple):
    """A blind spot as `kit.evaluation.blind_spots` gives it, without TensorFlow in the kernels of browser tests."""

    name: str
    rows: int
    share: float
    problem: str
    observed: float
    expected: float
    difference: Bounded
    excess: Bounded
    harm: float
    auc: Bounded
    auc_rest: Bounded
    p_value: float
    entry: str


class Found(NamedTuple):
    """What a search came to."""

    spots: Sequence[Spot]
    rows: int
    slices: int
    facets: Sequence[str]
    outcome: str
    deepest: int = 3


FACETS = ("hour of timestamp", "age", "region", "device", "category", "price")
ENTRY = """\
# device=mobile, price from 20 to below 50
evaluation:
  bands:
    price_band: {column: price, edges: [20.0, 50.0]}
slices:
  - [device, price_band]
gates:
  - {metric: logloss, slice: {device: mobile, price_band: 20 to 50}, max: 0.4321}
"""


def spot(name: str, harm: float, entry: str = ENTRY) -> Spot:
    return Spot(
        name, 3_970, 0.0397, "scores too high, scores rank poorly", 0.083, 0.141, Bounded(-0.058, -0.067, -0.049),
        Bounded(0.031, 0.024, 0.039), harm, Bounded(0.61, 0.58, 0.64), Bounded(0.832, 0.828, 0.836), 1.4e-22, entry,
    )  # fmt: skip


def few_spots(**state: object) -> BlindSpots:
    """Two blind spots; of the second little is known."""
    unknown = Bounded(math.nan, math.nan, math.nan)
    second = spot("hour of timestamp=3, region=東京", 0.004)._replace(
        auc=unknown, p_value=0.0031, problem="scores too low", difference=Bounded(0.02, 0.004, 0.036),
        entry="# hour of timestamp=3, region=東京\n# Add a column that says it.\n",
    )  # fmt: skip
    spots = [spot("device=mobile, price from 20 to below 50", 0.0124), second]
    return BlindSpots(Found(spots, 100_000, 1_224_149, FACETS, "clicked"), **state)


def no_spots() -> BlindSpots:
    return BlindSpots(Found([], 4_000, 98_113, FACETS, "clicked"))


def nothing_to_search() -> BlindSpots:
    return BlindSpots(Found([], 0, 0, (), "clicked"))


def many_spots(amount: int = 500, **state: object) -> BlindSpots:
    spots = [
        spot(f"item=i{number}, device=mobile", 0.5 / (number + 2), ENTRY * 4) for number in range(amount)
    ]
    return BlindSpots(Found(spots, 10_000_000, 5_000_000, FACETS, "clicked"), **state)


def hostile_spots(**state: object) -> BlindSpots:
    spots = [spot(name, 0.1, name)._replace(problem=name) for name in HOSTILE]
    return BlindSpots(Found(spots, 100, 100, HOSTILE, HOSTILE[1]), **state)


class Threshold(NamedTuple):
    """A threshold as `kit.evaluation.simulator` gives it."""

    metric: str
    slice_name: str
    kind: str
    threshold: float


class Decisive(NamedTuple):
    """What decides about it in a run."""

    value: float | None
    met: bool | None = None
    slice: str = ""
    note: str = ""


class Run(NamedTuple):
    """One evaluation."""

    name: str
    when: dt.datetime
    blessed: bool | None
    found: Sequence[Decisive]


THRESHOLDS = (
    Threshold("auc", "all rows", "at least", 0.75),
    Threshold("auc", "device=*", "at least", 0.7),
    Threshold("logloss", "all rows", "at most", 0.4),
    Threshold("auc", "all rows", "change at least", -0.01),
)


def write(at: Sequence[float]) -> str:
    return "gates:\n" + "".join(f"  - {json.dumps(value)}\n" for value in at)


def runs() -> list[Run]:
    """A model that is better, one that missed a slice, one of which a slice is not known, and the first of all."""
    return [
        _run(14, True, [_on(0.83), _on(0.78, "device=mobile"), _on(0.31), _on(0.011)]),
        _run(11, False, [_on(0.81), _on(0.69, "device=mobile"), _on(0.33), _on(-0.004)]),
        _run(7, True, [_on(0.79), Decisive(None, note="slice not evaluated"), _on(0.36), _on(0.002)]),
        _run(
            3,
            False,
            [_on(0.76), _on(0.72, "device=tablet"), _on(0.45), Decisive(None, True, note="no baseline")],
        ),
    ]


def simulator(**state: object) -> GateSimulator:
    return GateSimulator(THRESHOLDS, runs(), write, **state)


def empty_simulator() -> GateSimulator:
    return GateSimulator(THRESHOLDS, [], write)


def without_gates() -> GateSimulator:
    return GateSimulator([], [run._replace(found=[]) for run in runs()], lambda _: "gates: []\n")


def large_simulator(**state: object) -> GateSimulator:
    thresholds = [Threshold("auc", f"city=C{number}", "at least", 0.7) for number in range(200)]
    found = [_on(0.6 + number / 1000) for number in range(200)]
    return GateSimulator(thresholds, [_run(number, False, found) for number in range(300)], write, **state)


def hostile_simulator() -> GateSimulator:
    thresholds = [Threshold(name, name, name, 0.5) for name in HOSTILE]
    found = [Decisive(None, met=False, note=name) for name in HOSTILE]
    run = Run(HOSTILE[0], _WHEN, False, found)
    return GateSimulator(
        thresholds,
        [run, *(run._replace(name=name, found=found[1:] + found[:1]) for name in HOSTILE)],
        lambda _: " ".join(HOSTILE),
    )


_WHEN = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def _run(number: int, blessed: bool, found: Sequence[Decisive]) -> Run:
    return Run(f"model {number}", _WHEN + dt.timedelta(days=number), blessed, found)


def _on(value: float, slice_: str = "all rows") -> Decisive:
    return Decisive(value, slice=slice_)
