"""The results of a sweep over batching settings: rate and p99 points, the Pareto front, and the chosen setting.

Nothing here sends requests or imports TensorFlow, so that results can be shown and judged anywhere.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from kit.errors import StepOrderError, UsageError
from kit.workspace import write_atomically

FILE = "sweep.json"
"""Below a folder of points, what was measured last."""
SMALL = "small"
"""The folder of the small sweep of a notebook, beside what `kit tune-batching` has measured."""
_LEAST_RATE, _MOST_RATE = 0.1, 1e6  # beyond them, a point takes hours


@dataclass(frozen=True)
class Target:
    """What a server is to achieve.

    Attributes:
        rate: requests per second that arrive.
        p99_ms: milliseconds within which 99 of 100 are answered.

    Raises:
        UsageError: when the rate is none that can be measured within hours, or the milliseconds are not above 0.
    """

    rate: float
    p99_ms: float

    def __post_init__(self) -> None:
        if not (_LEAST_RATE <= self.rate <= _MOST_RATE and 0 < self.p99_ms < math.inf):
            raise UsageError(
                "A target must be a rate of 0.1 to 1,000,000 requests per second and a finite p99 of more than 0 ms, "
                f"but is {self.rate:g} requests per second and {self.p99_ms:g} ms. Correct it."
            )


@dataclass(frozen=True)
class Point:
    """One setting at one rate.

    Attributes:
        setting: its name.
        offered: requests per second that arrived.
        rate: requests per second that were answered without an error.
        p50_ms: half of them took at most this long.
        p99_ms: 99 of 100 took at most this long; infinite when none was answered.
        errors: requests that were not answered.
        processor_ms: the server's processor time per answered request, milliseconds.
    """

    setting: str
    offered: float
    rate: float
    p50_ms: float
    p99_ms: float
    errors: int
    processor_ms: float

    def meets(self, target: Target) -> bool:
        """Whether it meets a target at the target's rate."""
        return self.offered >= target.rate and not self.errors and self.p99_ms <= target.p99_ms


@dataclass(frozen=True)
class Sweep:
    """What was measured, in that order.

    Attributes:
        target: what is wanted.
        points: those measured so far.
        settings: all settings by name, as in a file of batching parameters; one without parameters does not batch.
    """

    target: Target
    points: Sequence[Point] = ()
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Keep it, for `read`."""
        write_atomically(path, json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what was kept.

        Raises:
            StepOrderError: when nothing was kept.
        """
        try:
            found = json.loads(path.read_text())
        except FileNotFoundError as error:
            raise StepOrderError(
                f"A load sweep must have been measured, but {path} is not there. Run kit tune-batching."
            ) from error
        points = tuple(Point(**each) for each in found["points"])
        settings = {
            name: {key: tuple(value) if isinstance(value, list) else value for key, value in each.items()}
            for name, each in found["settings"].items()
        }
        return cls(Target(**found["target"]), points, settings)

    @property
    def front(self) -> list[Point]:
        """The Pareto front: points to which no other is better in both rate and p99, the lowest rate first."""
        good = [point for point in self.points if not point.errors and math.isfinite(point.p99_ms)]
        found: list[Point] = []
        for point in sorted(good, key=lambda each: (-each.rate, each.p99_ms)):
            if not found or point.p99_ms < found[-1].p99_ms:
                found.append(point)
        return found[::-1]

    @property
    def meeting(self) -> list[Point]:
        """The point at the wanted rate of each batching setting that meets the target, the cheapest first."""
        found = [
            point for point in self.points if self.settings.get(point.setting) and point.meets(self.target)
        ]
        first: dict[str, Point] = {}
        for point in sorted(found, key=lambda each: each.offered):
            first.setdefault(point.setting, point)
        return sorted(first.values(), key=lambda each: (each.processor_ms, each.p99_ms))

    @property
    def chosen(self) -> str | None:
        """The setting that meets the target with the least processor time per request; None: none does."""
        return self.meeting[0].setting if self.meeting else None


def load_folder(workspace: Path, project: str) -> Path:
    """Return where the load sweeps of a project's model are kept."""
    return workspace / "load" / project


def last_sweep(workspace: Path, project: str) -> Sweep | None:
    """Return the sweep that `kit tune-batching` measured, or the small one of a notebook; None: there is none."""
    folder = load_folder(workspace, project)
    kept = [path for path in (folder / FILE, folder / SMALL / FILE) if path.exists()]
    return Sweep.read(kept[0]) if kept else None
