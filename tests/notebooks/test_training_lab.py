"""The notebook that measures the switches of training, as a batch, on a project other than the samples."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from commands import kit_run

from .executed import executed, outputs, said

pytestmark = [pytest.mark.slow, pytest.mark.notebook]
PROJECT = ("-P", "small")


def test_the_lab_tries_every_switch_proves_and_leaves_no_model(small: Path, tmp_path: Path) -> None:
    workspace = Path(shutil.copytree(small, tmp_path / "ws"))
    assert kit_run("02_features", *PROJECT, workspace=workspace).code == 0
    models = sorted((workspace / "artifacts" / "small").glob("Trainer/model/*"))
    given = ("-p", "most_seconds", "60", "-p", "proof_steps", "5")
    ended = kit_run("training_lab", *PROJECT, *given, workspace=workspace)
    assert ended.code == 0, ended.errors
    shown = outputs(executed(workspace, "training_lab"))
    pages = "".join(output.get("data", {}).get("text/html", "") for output in shown)
    for setting in ("as set", "steps_per_execution", "jit_compile", "precision"):
        assert setting in pages
    assert "Twice 5 steps with seed 7: the same" in said(workspace, "training_lab")
    assert models == sorted((workspace / "artifacts" / "small").glob("Trainer/model/*"))
