"""The epochs of a training on disk: the latest, to resume from, and the best by a metric, to keep.

folder/
    epoch-00003/    an epoch: TensorFlow's checkpoint of model and optimizer, and epoch.json
    ended.json      how the training ended and after how many steps, while its model is saved

A folder is renamed into place once everything in it is written, and epoch.json has a digest of each file beside it. So
a process or machine that dies at any moment leaves complete epochs, and no training resumes from a damaged one.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tf_keras

from kit.digests import of_file
from kit.errors import UsageError
from kit.training.checkpoint_file import CheckpointFile, checkpoint_of
from kit.workspace import write_atomically

_WEIGHTS, _EPOCH_FILE, _ENDED_FILE = "weights", "epoch.json", "ended.json"
_HALF = "half-"
KEPT_FOLDER = "checkpoints"  # in the folder of a training that is done
_MORE_IS_BETTER = ("auc", "acc", "precision", "recall", "ndcg", "mrr", "hit", "r2")
_NO_LOSS_HELD_OUT = "loss"


class BestByError(UsageError):
    """The metric that epochs are judged by is not among the model's metrics."""


@dataclass(frozen=True)
class Epoch:
    """An epoch on disk.

    Attributes:
        number: its number, from 1.
        value: the value of the metric that epochs are judged by; NaN if there was none.
        history: what Keras measured in this epoch and in each one before it, oldest first.
        files: SHA-256 of each file of the checkpoint.
        folder: its folder.
    """

    number: int
    value: float
    history: tuple[Mapping[str, float], ...]
    files: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()

    @classmethod
    def read(cls, folder: Path) -> Epoch | None:
        """Return the epoch in a folder, or None if it is not complete."""
        try:
            facts = json.loads((folder / _EPOCH_FILE).read_text())
            epoch = cls(**{**facts, "history": tuple(facts["history"]), "folder": folder})
            whole = all(of_file(folder / name) == digest for name, digest in epoch.files.items())
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return epoch if whole else None

    def write(self, half: Path) -> None:
        """Complete a folder that has the checkpoint, and give it its name."""
        files = {path.name: of_file(path) for path in sorted(half.iterdir())}
        facts = {"number": self.number, "value": self.value, "history": self.history, "files": files}
        (half / _EPOCH_FILE).write_text(json.dumps(facts))
        _to_disk(half)
        shutil.rmtree(self.folder, ignore_errors=True)
        half.replace(self.folder)

    def load(self, model: tf_keras.Model) -> None:
        """Give a model the weights of this epoch, and its optimizer what it knew."""
        checkpoint_of(model).read(str(self.folder / _WEIGHTS)).expect_partial()


def more_is_better(metric: str) -> bool:
    """Guess from its name whether a metric of Keras improves as it grows, like Keras's own EarlyStopping."""
    return any(part in metric for part in _MORE_IS_BETTER)


class Checkpoints:
    """Writes the epochs of a training and finds them again.

    Args:
        folder: outlives a killed process; one for each training.
        best_by: the metric that epochs are judged by, a name in the logs of Keras.
        keep: how many of the best stay.
    """

    def __init__(self, folder: Path, best_by: str = "val_loss", keep: int = 1) -> None:
        self._folder, self._keep, self._file = folder, keep, CheckpointFile()
        self.best_by = best_by
        self._epochs = read_epochs(folder)
        self.history: list[Mapping[str, float]] = list(self._epochs[-1].history) if self._epochs else []

    @property
    def best(self) -> Epoch | None:
        """The best epoch, of equals the first; None before one is over."""
        return next(iter(self._ranked()), None)

    @property
    def latest(self) -> int:
        """The number of the latest epoch, from 1; 0 before one is over."""
        return self._epochs[-1].number if self._epochs else 0

    @property
    def ended(self) -> str:
        """How the training ended before its process did, a state of `kit.training.progress`; empty: it did not end."""
        return str(self._read_end().get("state", ""))

    @property
    def ended_step(self) -> int:
        """After how many steps it ended then; 0: it did not."""
        return int(self._read_end().get("step", 0))

    def resume(self, model: tf_keras.Model) -> int:
        """Give a compiled model the weights of the latest epoch; return how many epochs are over."""
        if not self._epochs:
            return 0
        with model.distribute_strategy.scope():
            # Otherwise the optimizer's variables would only be restored when first used.
            model.optimizer.build(model.trainable_variables)
        self._epochs[-1].load(model)
        return self.latest

    def save(self, model: tf_keras.Model, number: int, logs: Mapping[str, Any]) -> None:
        """Write an epoch that is over, and remove those that are neither the latest nor among the best.

        Processes that train one model together all call this; the chief's files stay.

        Raises:
            BestByError: when the metric to judge by is not among the logs.
        """
        self.history.append({name: float(value) for name, value in logs.items()})
        value = self._value(self.history[-1])
        epoch = Epoch(number, value, tuple(self.history), folder=self._folder / f"epoch-{number:05d}")
        self._epochs.append(epoch)
        self._folder.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(dir=self._folder, prefix=_HALF))
        try:
            self._file.write(model, half / _WEIGHTS)
            if model.distribute_strategy.extended.should_checkpoint:
                epoch.write(half)
                self._prune()
        finally:
            shutil.rmtree(half, ignore_errors=True)

    def without_improvement(self) -> int:
        """Return the number of epochs since the best one."""
        best = self.best
        return self.latest - best.number if best else 0

    def end(self, state: str, step: int) -> None:
        """Remember how the training ended: if it is interrupted while its model is saved, it does not train again."""
        if self._epochs:
            write_atomically(self._folder / _ENDED_FILE, json.dumps({"state": state, "step": step}))

    def hand_over(self, folder: Path) -> None:
        """Move the best epochs to where they stay, and forget the rest: the training is done."""
        for epoch in self._ranked()[: self._keep]:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.move(epoch.folder, folder / epoch.folder.name)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._epochs = []

    def _read_end(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self._folder / _ENDED_FILE).read_text())) if self._epochs else {}
        except (OSError, ValueError, TypeError):
            return {}

    def _ranked(self) -> list[Epoch]:
        sign = -1 if more_is_better(self.best_by) else 1
        known = [epoch for epoch in self._epochs if not math.isnan(epoch.value)]
        return sorted(known, key=lambda epoch: (sign * epoch.value, epoch.number))

    def _value(self, logs: Mapping[str, float]) -> float:
        if self.best_by == "val_loss" and "val_loss" not in logs:  # no rows are held out
            self.best_by = _NO_LOSS_HELD_OUT
        if self.best_by not in logs:
            raise BestByError(
                f"training.best_by must be a metric of the model, but is {self.best_by!r}; it has "
                f"{', '.join(sorted(logs))}. Name one of them."
            )
        return logs[self.best_by]

    def _prune(self) -> None:
        kept = {epoch.number for epoch in [*self._ranked()[: self._keep], self._epochs[-1]]}
        for epoch in [epoch for epoch in self._epochs if epoch.number not in kept]:
            shutil.rmtree(epoch.folder, ignore_errors=True)
            self._epochs.remove(epoch)


def read_epochs(folder: Path) -> list[Epoch]:
    """Return the complete epochs in a folder, oldest first; also of a finished training."""
    found = (Epoch.read(path) for path in sorted(folder.glob("epoch-*")))
    return [epoch for epoch in found if epoch is not None]


def _to_disk(folder: Path) -> None:
    """Wait until the files are on the disk: a name that points to unwritten blocks would survive a power cut."""
    for path in (*folder.iterdir(), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
