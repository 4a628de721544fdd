"""Data of another size is read by the sample's own code."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.bench import generated
from kit.errors import StepFailedError
from kit.project import Project


def test_the_copied_project_has_the_same_code_and_other_data(tmp_path: Path) -> None:
    copied = Project.load(str(generated.make_project(tmp_path / "recommender_5", tmp_path / "generated")))
    sample = Project.load("recommender")
    assert copied.name == "recommender_5"
    assert str(copied.spec.data.files) == f"{tmp_path}/generated/impressions/span-{{SPAN}}/impressions.csv"
    assert copied.spec.training == sample.spec.training
    assert (copied.folder / "model.py").read_bytes() == (sample.folder / "model.py").read_bytes()


def test_a_project_file_that_was_rewritten_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated, "_FILES", "elsewhere.csv")
    with pytest.raises(StepFailedError, match=r"must have 'elsewhere.csv' once, but has it 0 times"):
        generated.make_project(tmp_path / "recommender_5", tmp_path)
