"""The benchmark of training measures what it says, on the sample."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kit.bench import training
from kit.training.progress import Progress

if TYPE_CHECKING:
    from commands import Ended

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # the warnings are TFX's own


def test_the_pace_of_the_loop_is_over_all_epochs_but_the_first(
    sample: tuple[Path, Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "_STEPS", 40)
    workspace, _ = sample
    share, pace, limit = training.pace(workspace, tmp_path, 1)
    assert share == pytest.approx(pace / limit)
    progress = Progress.read(tmp_path / "run")
    assert progress
    assert progress.epochs == training._EPOCHS
    rows = json.loads((tmp_path / "run" / "rows.json").read_text())["train"]
    # The whole training, in which the first epoch compiles the step, is slower than the others.
    assert pace > rows * progress.epochs / progress.seconds
    assert limit > pace / 2


def test_what_trainer_takes_beside_its_steps_is_less_than_all_that_it_takes(
    sample: tuple[Path, Ended],
) -> None:
    workspace, _ = sample
    seconds = training._fixed_seconds(workspace, "recommender", 123)
    run = max((workspace / "runs").iterdir(), key=lambda path: path.name)
    steps = [json.loads(line) for line in (run / "steps.jsonl").read_text().splitlines()]
    [whole] = [step["seconds"] for step in steps if (step["step"], step["state"]) == ("Trainer", "done")]
    assert 0.5 < seconds < whole
