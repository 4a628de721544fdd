"""A training that is killed goes on with the epoch it was in."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kit import warm
from kit.training.checkpoints import read_epochs
from kit.training.curves import read_curves
from kit.training.progress import Progress

from .loops import train

if TYPE_CHECKING:
    from training.tiny import Tiny

EPOCHS = 3


def weights(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted((folder / "variables").glob("variables.data*")))


@pytest.fixture
def arguments(tiny: Tiny, tmp_path: Path) -> dict[str, Any]:
    """Return FnArgs of a training whose epochs take a moment: a step a row."""
    rows = tiny.path("Transform", "transformed_examples")
    settings = {"epochs": EPOCHS, "batch_size": 1, "learning_rate": 0.001, "seed": 3}
    return {
        "train_files": [str(rows / "Split-train" / "*")],
        "eval_files": [str(rows / "Split-eval" / "*")],
        "transform_output": str(tiny.path("Transform", "transform_graph")),
        "model_run_dir": str(tmp_path / "run"),
        "serving_model_dir": str(tmp_path / "model"),
        "custom_config": {
            "project": str(tiny.project.folder),
            "training": settings,
            "checkpoints": str(tmp_path / "checkpoints"),
        },
    }


def start(arguments: dict[str, Any], said: Path) -> warm.WarmCall:
    payload = json.dumps({"fn_args": arguments, "said": str(said)}).encode()
    return warm.start_call(
        f"{train.__module__}:{train.__name__}",
        payload,
        log_path=said.with_suffix(".log"),
        env={**os.environ, "TMPDIR": str(said.parent)},  # a killed process leaves files there
    )


def lines(said: Path) -> list[str]:
    return said.read_text().splitlines() if said.exists() else []


def test_a_killed_training_resumes_from_its_checkpoint(arguments: dict[str, Any], tmp_path: Path) -> None:
    deadline = time.monotonic() + 60
    with start(arguments, tmp_path / "first") as first:
        while not any(line.startswith(f"epoch 2 of {EPOCHS}") for line in lines(tmp_path / "first")):
            assert first.wait(0.02) is None, (tmp_path / "first.log").read_text()
            assert time.monotonic() < deadline
        os.kill(first.pid, signal.SIGKILL)
    assert not (tmp_path / "model").exists()

    outcome = start(arguments, tmp_path / "second").wait(120)
    assert isinstance(outcome, warm.CallReturned), outcome
    [begin, *_, end] = lines(tmp_path / "second")
    assert begin.startswith(f"epoch 2 of {EPOCHS}, step 1 of this epoch,")
    assert end == "saving the model"
    assert (tmp_path / "model" / "saved_model.pb").exists()
    assert read_curves(tmp_path / "run").index.tolist() == [1, 2, 3]
    assert not list((tmp_path / "checkpoints").glob("*/*")), "a finished training has nothing to resume"
    assert [epoch.number for epoch in read_epochs(tmp_path / "run" / "checkpoints")], "the best is kept"

    whole = arguments | {
        "serving_model_dir": str(tmp_path / "whole"),
        "model_run_dir": str(tmp_path / "whole_run"),
    }
    outcome = start(whole, tmp_path / "third").wait(120)
    assert isinstance(outcome, warm.CallReturned), outcome
    assert weights(tmp_path / "model") == weights(tmp_path / "whole"), "as if nothing had happened"


def test_a_training_killed_while_it_saves_does_not_train_again(
    arguments: dict[str, Any], tmp_path: Path
) -> None:
    deadline = time.monotonic() + 120
    with start(arguments, tmp_path / "first") as first:
        while "saving the model" not in lines(tmp_path / "first"):
            assert first.wait(0.005) is None, (tmp_path / "first.log").read_text()
            assert time.monotonic() < deadline
        os.kill(first.pid, signal.SIGKILL)
    assert not (tmp_path / "run" / "rows.json").exists(), "it was not done"

    arguments |= {"model_run_dir": str(tmp_path / "again")}  # as Trainer's next execution has another
    outcome = start(arguments, tmp_path / "second").wait(120)
    assert isinstance(outcome, warm.CallReturned), outcome
    assert lines(tmp_path / "second") == ["saving the model"]
    assert (tmp_path / "model" / "saved_model.pb").exists()
    progress = Progress.read(tmp_path / "again")
    assert progress
    assert (progress.epoch, progress.epochs) == (EPOCHS, EPOCHS)
    assert 0 < progress.first_step == progress.step == progress.steps
    assert read_curves(tmp_path / "again").index.tolist() == [1, 2, 3], "also of what the first has trained"
