"""Curves and servers for views of a training."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from widget_examples import HOSTILE

from widgets.values.training import Curves


def curves(tags: int = 2, runs: int = 2, steps: int = 10) -> Curves:
    return {
        f"tag {tag}": {
            f"run {run}": [(step, math.exp(-step / 5) + run / 10 + tag) for step in range(steps)]
            for run in range(runs)
        }
        for tag in range(tags)
    }


HOSTILE_CURVES: Curves = {text: {one: [(0, 1.0), (1, 2.0)] for one in HOSTILE} for text in HOSTILE}
ODD_CURVES: Curves = {
    "nothing": {"run": []},
    "one point": {"run": [(3, 0.5)]},
    "not finite": {"run": [(0, math.nan), (1, 1.0), (2, math.inf), (3, 2.0), (4, 3.0)]},
    "all missing": {"run": [(0, math.nan), (1, math.nan)]},
    "constant": {"run": [(0, 2.0), (1, 2.0)]},
}


@dataclass
class FakeServer:
    """Counts what it is asked."""

    shown: Curves
    asked: list[str] = field(default_factory=list)
    problem: str = ""

    def curves(self) -> Curves:
        return self.shown

    def start(self) -> str:
        self.asked.append("start")
        if self.problem:
            raise OSError(self.problem)
        return "kit/tensorboard/0123456789abcdef/"

    def stop(self) -> None:
        self.asked.append("stop")
