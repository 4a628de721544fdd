"""A training of the tiny project, to be placed by a strategy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kit.training.config import Training
from kit.training.job import Job

from .cluster.jobs import EPOCHS

if TYPE_CHECKING:
    from training.tiny import Tiny


@pytest.fixture
def job(tiny: Tiny, tmp_path: Path) -> Job:
    """Return a training whose epochs take a moment."""
    rows = tiny.path("Transform", "transformed_examples")
    return Job(
        project=str(tiny.project.folder),
        training=Training(epochs=EPOCHS, batch_size=4, learning_rate=0.003, seed=3),
        train_files=(str(rows / "Split-train" / "*"),),
        eval_files=(str(rows / "Split-eval" / "*"),),
        transform_output=str(tiny.path("Transform", "transform_graph")),
        run_dir=str(tmp_path / "run"),
        checkpoint=str(tmp_path / "checkpoint"),
        model_dir=str(tmp_path / "model"),
    )
