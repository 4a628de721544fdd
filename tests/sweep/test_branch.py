from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kit.sweep.branch import branch
from kit.workspace import Workspace

if TYPE_CHECKING:
    from training.tiny import Tiny


def test_a_branch_shares_bytes_but_what_is_done_in_it_stays_there(tmp_path: Path) -> None:
    source = Workspace(tmp_path / "ws")
    for name, text in {
        "artifacts/a/Trainer/model/1/saved_model.pb": "m",
        "serving/a/7/saved_model.pb": "s",
        "serving/a/.history.jsonl": "h",
        "projects/a/project.yml": "p",
        "logs/a/Trainer.log": "l",
        "runs/r/run.json": "{}",
    }.items():
        path = source.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    target = tmp_path / "ws" / "sweeps" / "x" / "base"
    branch(source, target)

    model = "artifacts/a/Trainer/model/1/saved_model.pb"
    assert (target / model).samefile(source.path / model)
    assert not (target / "serving/a/.history.jsonl").samefile(source.path / "serving/a/.history.jsonl")
    assert not (target / "logs").exists()
    assert not (target / "runs").exists()
    with (target / "serving/a/.history.jsonl").open("a") as history:
        history.write("more")
    (target / model).unlink()
    assert (source.path / "serving/a/.history.jsonl").read_text() == "h"
    assert (source.path / model).read_text() == "m"
    assert os.listdir(target.parent) == ["base"]  # noqa: PTH208  hidden ones too


def test_nothing_of_a_branch_that_fails_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Workspace(tmp_path / "ws")
    (source.path / "projects").mkdir()
    (source.path / "projects" / "a").write_text("x")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copy2", full)
    with pytest.raises(OSError, match="No space left"):
        branch(source, tmp_path / "branches" / "b")
    assert not os.listdir(tmp_path / "branches")  # noqa: PTH208  hidden ones too


def test_what_is_done_already_comes_from_the_cache_in_a_branch(tiny: Tiny, tmp_path: Path) -> None:
    from tfx.components.example_validator.component import ExampleValidator  # noqa: PLC0415  imports TFX

    from kit.features.transform import transform  # noqa: PLC0415
    from kit.project import Project  # noqa: PLC0415
    from kit.session import Session  # noqa: PLC0415

    target = tmp_path / "branch"
    branch(Workspace(tiny.folder), target)
    with sqlite3.connect(target / "metadata.sqlite") as store:
        uris = [uri for (uri,) in store.execute("SELECT uri FROM Artifact")]
    store.close()
    assert uris
    assert all(uri.startswith(f"{target}/") for uri in uris)

    project = Project.load(tiny.project.name, target)
    assert project.folder.is_relative_to(target)
    session = Session(Workspace(target), project)
    examples, schema = session.channel("ExampleGen", "examples"), session.channel("SchemaGen", "schema")
    statistics = session.channel("StatisticsGen", "statistics")
    session.run(ExampleValidator(statistics=statistics, schema=schema))
    session.run(transform(project, examples, schema))
    assert [step.state for step in session.steps] == ["cached", "cached"]
