"""The plain values of training views: curves, runs and live progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

Points: TypeAlias = Sequence[tuple[float, float]]
"""Step and value, the steps rising; a value may be NaN or infinite."""

Curves: TypeAlias = Mapping[str, Mapping[str, Points]]
"""For each tag, such as `loss`, and each run its points."""


class Progress(Protocol):
    """How far a training is; the attributes are described where it is made."""

    @property
    def epoch(self) -> int: ...
    @property
    def epochs(self) -> int: ...
    @property
    def step(self) -> int: ...
    @property
    def steps(self) -> int: ...
    @property
    def first_step(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def seconds_left(self) -> float | None: ...
    @property
    def steps_per_second(self) -> float | None: ...
    @property
    def best_epoch(self) -> int: ...
    @property
    def best(self) -> float | None: ...
    @property
    def best_by(self) -> str: ...
    @property
    def settings(self) -> Mapping[str, float | str]: ...


class TrainingRun(Protocol):
    """One training: `state` is `waiting`, `training`, `stopping`, `stopped` or `done`.

    The curves have `training` and `validation` in place of runs; one kind is drawn over epochs, one over steps.
    """

    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def progress(self) -> Progress | None: ...
    @property
    def by_epoch(self) -> Curves: ...
    @property
    def by_step(self) -> Curves: ...


class Desk(Protocol):
    """Where a training is looked at while it runs, from any thread, and ended."""

    def runs(self) -> Sequence[TrainingRun]:
        """Return the current training, and then earlier ones."""

    def stop(self) -> str:
        """End the current one early; return what becomes of it. Any error is shown."""

    def by_hand(self) -> str:
        """Return the command that does so in a terminal; empty: not known yet."""

    def end(self) -> None:
        """Note that the step has ended well."""
