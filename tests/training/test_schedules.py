"""The learning rate grows and falls as it should, and a training that goes on goes on at its rate."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import tf_keras

from kit.errors import UsageError
from kit.training.checkpoints import Checkpoints
from kit.training.config import Schedule, Training
from kit.training.reporting import LiveTensorBoard
from kit.training.scalars import read_scalars
from kit.training.schedules import WarmUpAndFall, present_rate, schedule_rate

X = np.ones((8, 1), "float32")


def model(optimizer: object) -> tf_keras.Model:
    built = tf_keras.Sequential([tf_keras.layers.Dense(1)])
    built.compile(optimizer, "mae")
    built.build((None, 1))
    return built


def rates(schedule: Schedule, warmup_steps: int) -> list[float]:
    rate = WarmUpAndFall(2.0, 10, warmup_steps, schedule)
    return [float(rate(step)) for step in range(11)]


def test_a_cosine_falls_to_zero() -> None:
    expected = [1 + math.cos(math.pi * step / 10) for step in range(11)]
    assert rates("cosine", 0) == pytest.approx(expected, abs=1e-6)


def test_an_exponential_falls_to_a_hundredth() -> None:
    assert rates("exponential", 0) == pytest.approx([2 * 0.01 ** (step / 10) for step in range(11)])


def test_a_warm_up_grows_in_a_straight_line_and_then_the_rate_falls() -> None:
    assert rates("constant", 4) == pytest.approx([0.5, 1.0, 1.5] + [2.0] * 8)
    cosine = rates("cosine", 4)
    assert cosine[:4] == pytest.approx([0.5, 1.0, 1.5, 2.0])
    assert cosine[4:] == pytest.approx([1 + math.cos(math.pi * step / 6) for step in range(7)], abs=1e-6)


@pytest.mark.parametrize("name", ["float32", "mixed_float16"])
def test_training_steps_as_far_as_the_rate_says(name: str) -> None:
    optimizer = tf_keras.optimizers.SGD(0.5)
    if name == "mixed_float16":
        optimizer = tf_keras.mixed_precision.LossScaleOptimizer(optimizer)
    trained = model(optimizer)
    trained.layers[0].bias.assign([100.0])  # too high: the gradient of the bias is 1 throughout
    schedule_rate(trained, Training(schedule="cosine", warmup_steps=1), 4)
    trained.fit(X, X, batch_size=2, epochs=1, verbose=0)
    cosine = [(1 + math.cos(math.pi * step / 3)) / 2 for step in range(3)]
    moved = 0.5 * (1.0 + sum(cosine))  # the warm-up's own step is already the full one
    assert 100.0 - trained.layers[0].bias.numpy()[0] == pytest.approx(moved, rel=1e-4)
    assert present_rate(trained) == pytest.approx(0.0, abs=1e-6)


def test_without_a_schedule_the_optimizer_is_left_alone() -> None:
    trained = model(tf_keras.optimizers.SGD(0.5))
    schedule_rate(trained, Training(), 4)
    assert present_rate(trained) is None
    assert float(trained.optimizer.learning_rate) == 0.5


def test_a_resumed_training_goes_on_at_its_rate(tmp_path: Path) -> None:
    settings = Training(schedule="exponential")
    first = model(tf_keras.optimizers.SGD(0.5))
    schedule_rate(first, settings, 8)
    first.fit(X, X, batch_size=2, epochs=1, verbose=0)
    Checkpoints(tmp_path).save(first, 1, {"val_loss": 1.0})
    second = model(tf_keras.optimizers.SGD(0.5))
    schedule_rate(second, settings, 8)
    Checkpoints(tmp_path).resume(second)
    assert present_rate(second) == pytest.approx(0.5 * 0.01**0.5)


def test_tensorboard_shows_the_rate_also_of_epochs_that_another_process_trained(tmp_path: Path) -> None:
    trained = model(tf_keras.optimizers.SGD(0.5))
    schedule_rate(trained, Training(schedule="cosine"), 8)
    history = [{"loss": 3.0, "val_loss": 4.0, "learning_rate": 0.25}]
    board = LiveTensorBoard(str(tmp_path), history, write_graph=False)
    trained.fit(X, X, batch_size=2, initial_epoch=1, epochs=2, callbacks=[board], verbose=0)
    scalars = read_scalars(tmp_path)
    assert scalars["train"]["epoch_learning_rate"] == [(0, 0.25), (1, pytest.approx(0.25))]
    assert scalars["train"]["epoch_loss"][0] == (0, 3.0)
    assert scalars["validation"]["epoch_loss"] == [(0, 4.0)]


@pytest.mark.parametrize(
    ("optimizer", "settings", "message"),
    [
        (0.1, Training(warmup_steps=8), r"warmup_steps is 8 of 8 steps\. Choose fewer"),
        (
            WarmUpAndFall(1.0, 5, 0, "cosine"),
            Training(schedule="cosine"),
            r"compiles with a schedule of its own\. Leave one",
        ),
    ],
    ids=["warm-up too long", "two schedules"],
)
def test_what_cannot_be_is_refused(optimizer: object, settings: Training, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        schedule_rate(model(tf_keras.optimizers.SGD(optimizer)), settings, 8)
