"""Learning-rate schedules, put on the optimizer that a project's `build_model` compiled."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf
import tf_keras

from kit.errors import UsageError
from kit.training.config import Schedule, Training

_LEAST = 0.01  # of the rate, at the end of an exponential fall, which never reaches zero


@tf_keras.utils.register_keras_serializable(package="kit")
class WarmUpAndFall(tf_keras.optimizers.schedules.LearningRateSchedule):
    """A rate that grows in a straight line to its full size and then falls until the last step.

    With t from 0 to 1 between the end of the warm-up and the last step: `cosine` is rate * (1 + cos(pi t)) / 2
    (Loshchilov and Hutter 2017, arXiv:1608.03983, without restarts), `exponential` is rate * 0.01^t, `constant` the
    rate itself.
    """

    def __init__(self, rate: float, steps: int, warmup_steps: int, schedule: Schedule) -> None:
        super().__init__()
        self.rate, self.steps, self.warmup_steps, self.schedule = rate, steps, warmup_steps, schedule

    def __call__(self, step: Any) -> tf.Tensor:
        """Return the rate of a step, from 0, float32 []."""
        step = tf.cast(step, tf.float32)
        part = tf.clip_by_value((step - self.warmup_steps) / max(1, self.steps - self.warmup_steps), 0.0, 1.0)
        fall = {
            "constant": tf.ones_like(part),
            "cosine": (1.0 + tf.cos(math.pi * part)) / 2.0,
            "exponential": tf.pow(_LEAST, part),
        }[self.schedule]
        # The first step already moves: (step + 1), so that no step is lost.
        return self.rate * fall * tf.minimum(1.0, (step + 1.0) / max(1, self.warmup_steps))

    def get_config(self) -> dict[str, Any]:
        return {
            "rate": self.rate,
            "steps": self.steps,
            "warmup_steps": self.warmup_steps,
            "schedule": self.schedule,
        }


def schedule_rate(model: tf_keras.Model, training: Training, steps: int) -> None:
    """Let the learning rate of a compiled model follow the schedule; its own rate is the full size.

    The rate is a function of the optimizer's `iterations`, which a checkpoint holds: a resumed training continues at
    the rate it had.

    Args:
        model: compiled, not yet trained.
        training: the settings of the schedule.
        steps: the steps of all epochs.

    Raises:
        UsageError: when the warm-up takes all steps, or build_model has a schedule of its own.
    """
    if training.schedule == "constant" and not training.warmup_steps:
        return
    if training.warmup_steps >= steps:
        raise UsageError(
            f"The warm-up must end before the training does, but warmup_steps is {training.warmup_steps} of {steps} "
            "steps. Choose fewer, or more epochs."
        )
    optimizer = without_loss_scale(model.optimizer)
    if isinstance(
        getattr(optimizer, "_learning_rate", None), tf_keras.optimizers.schedules.LearningRateSchedule
    ):
        raise UsageError(
            f"build_model must compile with a plain learning rate where training.schedule is {training.schedule!r}, "
            "but compiles with a schedule of its own. Leave one of the two out."
        )
    rate = float(tf_keras.backend.get_value(optimizer.learning_rate))  # it may be mirrored, or on a server
    schedule = WarmUpAndFall(rate, steps, training.warmup_steps, training.schedule)
    # What the constructor does with a schedule; the setter of `learning_rate` forgets to make the current rate's
    # variable. https://github.com/keras-team/tf-keras/blob/v2.21.0/tf_keras/optimizers/optimizer.py
    optimizer._learning_rate = optimizer._build_learning_rate(schedule)  # noqa: SLF001


def present_rate(model: tf_keras.Model) -> float | None:
    """Return the learning rate of the next step where it follows a schedule, else None."""
    optimizer = without_loss_scale(model.optimizer)
    schedule = getattr(optimizer, "_learning_rate", None)
    if not isinstance(schedule, tf_keras.optimizers.schedules.LearningRateSchedule):
        return None
    return float(schedule(optimizer.iterations))


def without_loss_scale(optimizer: Any) -> Any:
    """Return the optimizer that steps, even inside one that scales the loss."""
    return getattr(optimizer, "inner_optimizer", optimizer)
