"""What a trace says of a step is what TensorFlow's own analysis says, and what XLA fused is read from its programs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from tensorflow.python.profiler.internal import (
    _pywrap_profiler_plugin as own,
)  # the analysis of TensorBoard's plugin

from kit.training.boards.profile import PROFILE_FILE, Profile, read_profile
from kit.training.boards.trace import StepTrace

STEPS, BATCH_ROWS, WIDTH = 8, 64, 32
SLOW_SECONDS = 0.1  # many times what a step computes, also on a busy machine


def fit(run: Path, *, jit_compile: bool = False, slow: bool = False, batches: int = 60) -> None:
    tf_keras.utils.set_random_seed(1)
    hidden = tf_keras.layers.Dense(64, activation="relu", name="hidden")
    model = tf_keras.Sequential([tf_keras.Input((WIDTH,)), hidden, tf_keras.layers.Dense(1, name="score")])
    model.compile("sgd", "mse", jit_compile=jit_compile)

    def rows() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        draw = np.random.default_rng(1)
        for _ in range(batches):
            if slow:
                time.sleep(SLOW_SECONDS)
            yield draw.random((BATCH_ROWS, WIDTH), np.float32), draw.random((BATCH_ROWS, 1), np.float32)

    signature = (tf.TensorSpec((BATCH_ROWS, WIDTH)), tf.TensorSpec((BATCH_ROWS, 1)))
    data = tf.data.Dataset.from_generator(rows, output_signature=signature).prefetch(2)
    model.fit(data, callbacks=[StepTrace(run, STEPS)], verbose=0)


def profile_of(folder: Path, **options: Any) -> Profile:
    fit(folder, **options)
    found = read_profile(folder)
    assert found
    return found


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Profile]:
    folder = tmp_path_factory.mktemp("plain")
    return folder, profile_of(folder)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    return profile_of(tmp_path_factory.mktemp("compiled"), jit_compile=True)


def test_operations_are_those_of_tensorflows_own_analysis(plain: tuple[Path, Profile]) -> None:
    folder, profile = plain
    [trace] = folder.rglob("*.xplane.pb")
    answer, known = own.xspace_to_tools_data([str(trace)], "framework_op_stats")
    assert known
    table = json.loads(answer)[0]
    places = {column["id"]: place for place, column in enumerate(table["cols"])}
    theirs = {}
    for row in table["rows"]:
        cells = [cell["v"] for cell in row["c"]]
        theirs[cells[places["operation"]]] = (cells[places["occurrences"]], cells[places["total_time"]])
    ours = {one.name: one for one in profile.operations if "MatMul" in one.name}
    assert len(ours) >= 3, "forward twice, backward"
    for name, one in ours.items():
        times, took = theirs[name]
        # Theirs has steps at the edges of the trace, which ours leaves out because they are not whole.
        assert 0 < one.times * profile.steps <= times
        assert one.microseconds == pytest.approx(took / times * one.times, rel=0.75)


def test_a_mean_step_is_that_of_the_whole_steps(plain: tuple[Path, Profile]) -> None:
    _, profile = plain
    assert STEPS - 2 <= profile.steps <= STEPS
    busiest = profile.operations[0]
    assert busiest.microseconds <= profile.microseconds
    assert [one.microseconds for one in profile.operations] == sorted(
        (one.microseconds for one in profile.operations), reverse=True
    )
    assert profile.kernels == ()
    forward = next(one for one in profile.operations if one.name.endswith("hidden/Relu"))
    assert forward.times == pytest.approx(1)


@pytest.mark.alone
def test_waiting_for_data_is_told_apart(tmp_path: Path) -> None:
    starved = profile_of(tmp_path, slow=True, batches=24)
    # Half, because the edges of the trace cut the making of a batch off, and few are in it.
    half = 0.5 * SLOW_SECONDS * 1e6
    assert starved.producing >= half
    assert starved.waiting >= half
    assert starved.input_share > 0.5


def test_kernels_name_the_operations_that_xla_put_together(
    plain: tuple[Path, Profile], compiled: Profile
) -> None:
    kernels = compiled.kernels
    fusions = [one for one in kernels if one.type == "XLA fusion"]
    assert fusions
    assert all(len(one.fused) > 1 for one in fusions)
    held = {node for one in kernels for node in one.fused}
    assert any("hidden/Relu" in node for node in held)
    before = {one.name for one in plain[1].operations}
    assert before & held, "they are the same nodes of the graph"
    assert len(compiled.operations) < len(plain[1].operations)


def test_a_training_that_is_too_short_leaves_no_profile(tmp_path: Path) -> None:
    fit(tmp_path, batches=5)
    assert read_profile(tmp_path) is None
    assert not (tmp_path / PROFILE_FILE).exists()


def test_a_trace_ends_with_its_epoch(tmp_path: Path) -> None:
    fit(tmp_path, batches=14)  # ten to warm up, and four of eight
    found = read_profile(tmp_path)
    assert found
    assert 1 <= found.steps <= 4
