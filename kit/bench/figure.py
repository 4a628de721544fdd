"""One measured figure with its goal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """A measured value; `peer` is stock TFX's value from the same run, in the same unit as `measured`.

    `goal` is a bound: the value must be at most or at least that, as `better` says; None: the value is only reported.
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    better: Literal["less", "more"] = "more"
    peer: float | None = None
    measured: float | None = None

    @property
    def ok(self) -> bool:
        if self.goal is None:
            return True
        return self.value <= self.goal if self.better == "less" else self.value >= self.goal

    @property
    def aim(self) -> str:
        """The goal in words; empty if there is none."""
        if self.goal is None:
            return ""
        return f"{'at most' if self.better == 'less' else 'at least'} {self.goal:g}"

    def to_values(self) -> dict[str, object]:
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "goal": self.goal,
            "ok": self.ok,
            "peer": self.peer,
            "measured": self.measured,
        }
