"""What ends a chain early, and what a user is told then."""

from __future__ import annotations

import gzip
import shutil
import struct
from pathlib import Path

import pytest
from commands import NUMBERED, kit_run, runs

pytestmark = [pytest.mark.slow, pytest.mark.notebook]
BEFORE = {
    "02_features": "01_data",
    "03_train": "02_features",
    "04_evaluate": "03_train",
    "05_release": "03_train",
    "06_serve": "05_release",
    "07_monitor": "05_release",
    "08_lineage": "05_release",
}


def test_every_notebook_is_either_a_start_or_says_what_comes_before_it() -> None:
    assert {path.stem for path in NUMBERED} == {"00_start_here", "01_data", *BEFORE}


@pytest.mark.parametrize("notebook", BEFORE)
def test_a_notebook_that_is_run_too_early_names_the_one_to_run_first(notebook: str, small: Path) -> None:
    workspace = small if notebook != "02_features" else small / "empty"
    project = small / "projects" / "small"
    ended = kit_run(notebook, "-P", project, workspace=workspace)
    assert ended.code == 2
    assert f"Run {BEFORE[notebook]} first" in ended.output + ended.errors


def test_a_lost_row_ends_the_batch_and_names_the_step(small: Path, tmp_path: Path) -> None:
    # Others use `small` too, and would find what Transform makes of a file that lacks a row.
    workspace = Path(shutil.copytree(small, tmp_path / "ws"))
    [examples] = (workspace / "artifacts" / "small").glob("ExampleGen/examples/*/Split-train/*.gz")
    whole = examples.read_bytes()
    records = gzip.decompress(whole)
    (length,) = struct.unpack_from("<Q", records)
    framing = 16  # bytes of length and two checksums around each record
    examples.write_bytes(gzip.compress(records[length + framing :]))
    ended = kit_run("02_features", "-P", "small", workspace=workspace)
    assert ended.code == 14
    assert runs(workspace)[-1]["failure"]["error"] == "RowsLostError"
    told = " ".join((ended.output + ended.errors).split())
    assert "Transform must see" in told
    examples.write_bytes(whole)
    assert kit_run("02_features", "-P", "small", workspace=workspace).code == 14
    [transformed] = (workspace / "artifacts" / "small").glob("Transform/transformed_examples/*")
    assert f"Delete {transformed}, run again" in told
    shutil.rmtree(transformed)
    assert kit_run("02_features", "-P", "small", workspace=workspace).code == 0
