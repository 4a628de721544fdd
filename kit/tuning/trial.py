"""The process of a trial: train as Trainer does, report the score, and export no model."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from kit.errors import ObjectiveError, SearchSpaceError
from kit.project import Project
from kit.steps import progress
from kit.training import strategies
from kit.training.boards.summary import write_end
from kit.training.checkpoints import KEPT_FOLDER
from kit.training.config import Choice
from kit.training.job import Job
from kit.training.scalars import EPOCH_TAG, metric_of, read_scalars
from kit.tuning.config import Direction
from kit.tuning.records import Value

_HELD_OUT = "val_"


def run_trial(payload: bytes, report: Callable[[str], None]) -> bytes:
    """Train as `describe` has written.

    Returns:
        JSON of the value of the objective, and of its epoch, from 1.

    Raises:
        ObjectiveError: when the training has no such metric; SearchSpaceError: when build_model does not read a value.
    """
    progress.set_report(report)
    asked = json.loads(payload)
    tf.config.threading.set_intra_op_parallelism_threads(asked["threads"])
    Project.load(asked["job"]["project"])  # makes its model.py importable
    job = Job.from_values(asked["job"])
    read = Watched(job.training.model)
    job = replace(job, training=job.training.model_copy(update={"model": read}))
    strategies.run(job)
    refuse_unread(asked["values"], read, Path(job.project))
    shutil.rmtree(job.run / KEPT_FOLDER, ignore_errors=True)  # the weights, which are not needed either
    best = job.training.early_stopping > 0
    value, epoch = judge(job.run, asked["objective"], asked["direction"] if best else "last")
    tell_hparams(job.run, asked["name"], asked["values"], asked["objective"], value, epoch)
    return json.dumps([value, epoch]).encode()


def describe(  # noqa: PLR0913  what a trial is
    job: Job, *, name: str, values: Mapping[str, Value], objective: str, direction: Direction, threads: int
) -> bytes:
    """Return the payload of `run_trial`.

    Args:
        job: the training; with an empty `model_dir`.
        name: the name of the trial, by which TensorBoard tells it from others.
        values: the values of the search space.
        objective: the metric that it is judged by.
        direction: which values of it are better.
        threads: the threads that an operation of TensorFlow may use, so that trials do not fight for cores.
    """
    asked = {"name": name, "values": dict(values), "objective": objective, "direction": direction}
    return json.dumps({**asked, "threads": threads, "job": job.to_values()}).encode()


def judge(run: Path, objective: str, which: Literal["max", "min", "last"]) -> tuple[float, int]:
    """Return the value of a metric in the event files of a training, and its epoch from 1.

    Args:
        run: folder of the training.
        objective: the metric, as Keras names it.
        which: the epoch whose weights Trainer would keep: with early stopping the best one, else the last one. The best
            of all epochs, as in KerasTuner, would prefer trials whose metric fluctuates.

    Returns:
        NaN and 0 if that is not a finite number.

    Raises:
        ObjectiveError: when there is no such metric; the message names those that exist.
    """
    part = "validation" if objective.startswith(_HELD_OUT) else "train"
    tag = EPOCH_TAG + objective.removeprefix(_HELD_OUT)
    written = read_scalars(run)
    points = written.get(part, {}).get(tag)
    if not points:
        known = sorted(
            prefix + metric
            for one, prefix in (("train", ""), ("validation", _HELD_OUT))
            for name in written.get(one, {})
            if (metric := metric_of(name))
        )
        raise ObjectiveError(
            f"tuning.objective must be a metric of the training, but {objective!r} is not. "
            f"Choose one of {', '.join(known) or 'those that build_model compiles'}."
        )
    last_step, last = points[-1]
    if which == "last":
        return (last, int(last_step) + 1) if math.isfinite(last) else (math.nan, 0)
    sign = 1 if which == "min" else -1
    finite = [(sign * value, step) for step, value in points if math.isfinite(value)]
    if not finite:
        return math.nan, 0
    best, step = min(finite)
    return sign * best, int(step) + 1


class Watched(dict[str, Choice]):
    """Remembers which names were asked for."""

    def __init__(self, values: Mapping[str, Choice]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> Choice:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


def refuse_unread(values: Mapping[str, Value], read: Watched, project: Path) -> None:
    """Raise if search_space names a value that build_model never reads.

    Raises:
        SearchSpaceError: when it does: values that change nothing would be tried, and one of them reported as the best.
    """
    unread = sorted((set(values) & set(read)) - read.asked)
    if unread and read.asked:
        raise SearchSpaceError(
            f"{project / 'model.py'}: search_space names {unread[0]!r}, but build_model reads only "
            f"{', '.join(sorted(read.asked))}. Read it there from training.model, or correct the name."
        )
    if unread:
        raise SearchSpaceError(
            f"{project / 'model.py'}: search_space names {unread[0]!r}, but build_model reads nothing from "
            "training.model. Read it there, or take it out."
        )


def tell_hparams(  # noqa: PLR0913, PLR0917  a row of the tab
    run: Path, name: str, values: Mapping[str, Value], objective: str, value: float, epoch: int
) -> None:
    """Write what TensorBoard's HParams tab shows for a trial: its values, and the objective."""
    with tf.summary.create_file_writer(str(run)).as_default():
        hparams.hparams(dict(values), trial_id=name)
        tf.summary.scalar(objective, value, step=epoch)
        write_end()
