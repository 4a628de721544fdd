"""Event files are read while they grow, to the same values as TensorBoard's own reader."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary import Writer

from kit.training.scalars import EVENTS, EventFile, read_scalars


def test_values_are_those_of_tensorboard(tmp_path: Path) -> None:
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        for step, value in enumerate((0.0, -1.5, float("inf"), 1e-30)):
            tf.summary.scalar("loss", value, step)
            tf.summary.scalar("double", tf.constant(value / 3, tf.float64), step)
            tf.summary.text("words", "not a number", step)
            tf.summary.histogram("weights", [1.0, value], step)
        tf.summary.flush()
    accumulator = EventAccumulator(str(tmp_path), size_guidance={"tensors": 0})
    accumulator.Reload()
    expected = {
        tag: [(event.step, float(tf.make_ndarray(event.tensor_proto))) for event in accumulator.Tensors(tag)]
        for tag in ("loss", "double")
    }
    assert read_scalars(tmp_path) == {"": expected}


def test_a_file_is_read_while_it_grows(tmp_path: Path) -> None:
    writer = Writer(str(tmp_path / "whole"))
    for step in range(3):
        writer.add_scalar("loss", step / 2, step)
    writer.close()
    data = next((tmp_path / "whole").glob(EVENTS)).read_bytes()
    growing = tmp_path / "growing"
    growing.touch()
    file = EventFile(growing)
    seen: list[tuple[int, float]] = []
    for cut in range(0, len(data) + 7, 7):
        growing.write_bytes(data[:cut])
        seen += [(step, value) for _, step, value, _ in file.new_scalars()]
    assert seen == [(0, 0.0), (1, 0.5), (2, 1.0)]


def test_no_events_are_no_runs(tmp_path: Path) -> None:
    assert read_scalars(tmp_path) == {}
