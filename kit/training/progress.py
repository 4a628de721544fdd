"""Progress and stop requests of a training, as files in its folder, since it runs in another process.

The notebook's kernel reads and writes them beside the training, so nothing here imports TensorFlow.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from kit.errors import UsageError
from kit.training.scalars import Curves
from kit.workspace import write_atomically

PROGRESS_FILE = "progress.json"
STOP_FILE = "stop"

TRAINING, STOPPED, DONE = "training", "stopped", "done"
NOW = "this training"
STOP = "stop training"  # the decision to end a training early


class NoTrainingError(UsageError):
    """There is no training to stop."""


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        state: `training`, `stopped` (it was told to end, and kept the best epoch) or `done`.
        epoch: the current one, from 1.
        step: batches so far, in all epochs together; 0 of `steps` where their number is not known.
        first_step: the step that this process began at, which may go on with a training that was cut off.
        seconds: the seconds that this process has trained.
        steps_per_second: the pace of the current epoch.
        best_epoch: the best by the metric `best_by`, whose value is `best`; 0: no epoch is over yet.
        kept_epoch: the epoch whose weights the model ended with; 0: it trains, or ended before an epoch was over.
        input_share: the time of the input pipeline for a batch over that of a step; both run in parallel, so training
            waits for input only above 1. None: not measured.
        settings: the settings that identify it (see `Training.told`).
    """

    state: str = TRAINING
    epoch: int = 1
    epochs: int = 1
    step: int = 0
    steps: int = 0
    first_step: int = 0
    seconds: float = 0.0
    steps_per_second: float | None = None
    best_epoch: int = 0
    best: float | None = None
    best_by: str = "val_loss"
    kept_epoch: int = 0
    input_share: float | None = None
    settings: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def seconds_left(self) -> float | None:
        """The time of the remaining steps at the pace so far, held-out rows included; None: not known yet."""
        trained = self.step - self.first_step
        if self.state != TRAINING or not trained or not self.steps:
            return None
        return self.seconds / trained * (self.steps - self.step)

    def save(self, run: Path) -> None:
        write_atomically(run / PROGRESS_FILE, json.dumps(asdict(self)))

    @classmethod
    def read(cls, run: Path) -> Progress | None:
        """Return the progress of the training in a folder; None: it has not begun, or left none."""
        try:
            return cls(**json.loads((run / PROGRESS_FILE).read_text()))
        except (OSError, ValueError, TypeError):  # TypeError: written by an older version
            return None


@dataclass(frozen=True)
class TrainingRun:
    """One training.

    Attributes:
        name: `this training`, or the number of the execution that made it.
        state: `waiting`, `training`, `stopping`, `stopped` or `done`.
        progress: its progress; None: it has not begun, or left none.
        by_epoch: for each metric the points of `training` and `validation`, from epoch 1.
        by_step: for each figure that is reported between epochs, the points of `training`.
    """

    name: str
    state: str
    progress: Progress | None = None
    by_epoch: Curves = field(default_factory=dict)
    by_step: Curves = field(default_factory=dict)


class AskedToStop(Protocol):
    """Returns, after a step, whether the training in a folder has to end there; `due`: it is time to look again."""

    def __call__(self, run: Path, *, due: bool) -> bool: ...


def asked_to_stop(run: Path, *, due: bool) -> bool:
    """Return whether a training that runs in one process was asked to end."""
    return due and (run / STOP_FILE).exists()


def request_stop(run: Path) -> None:
    """Ask the training in a folder to end after its current step and keep the best epoch.

    Raises:
        NoTrainingError: when none runs there.
    """
    progress = Progress.read(run)
    if progress is None or progress.state != TRAINING:
        found = "it has not begun" if progress is None else "it has ended"
        raise NoTrainingError(
            f"A training that runs can be stopped, but {found}. Wait for its first step, or run Trainer again."
        )
    (run / STOP_FILE).touch()
