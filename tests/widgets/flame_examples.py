"""Runs for the flame view: the same in tests and golden files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from widget_examples import HOSTILE

from widgets.flame import Flame


class Frame(NamedTuple):
    """As `kit.batch.times` gives it."""

    name: str
    kinds: Mapping[str, float]
    children: Sequence[Frame] = ()

    @property
    def seconds(self) -> float:
        return sum(self.kinds.values())


def run() -> Flame:
    fit = Frame("tf_keras: fit", {"TensorFlow": 6.0})
    trainer = Frame("Trainer", {"TensorFlow": 6.5, "other": 0.5}, [fit])
    train = Frame("03_train", {"TensorFlow": 6.5, "other": 1.0, "kernel start": 0.5}, [trainer])
    data = Frame("01_data", {"Beam execution": 1.5, "I/O": 0.5})
    return Flame(
        Frame(
            "20260101-120000-churn",
            {"TensorFlow": 6.5, "Beam execution": 1.5, "other": 1.0, "kernel start": 0.5, "I/O": 0.5},
            [data, train],
        )
    )


def empty() -> Flame:
    return Flame(Frame("20260101-120000-churn", {}))


def many(amount: int = 2_000) -> Flame:
    children = [Frame(f"package_{number}: function", {"other": 1.0 + number}) for number in range(amount)]
    return Flame(Frame("all", {"other": sum(child.seconds for child in children)}, children))


def hostile() -> Flame:
    children = [Frame(name, {name: 1.0}) for name in HOSTILE]
    return Flame(Frame(HOSTILE[0], dict.fromkeys(HOSTILE, 1.0), children))
