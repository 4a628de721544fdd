"""What an experiment leaves in models.config, whoever else changes that file meanwhile."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from kit.canary import labels
from kit.canary.actions import end, start
from kit.project import Project
from kit.release.versions import numbers
from kit.serving.settings import Settings
from kit.workspace import Workspace, write_atomically
from kit.workspace_server import write_models_config

from .test_actions import NAME, named, project, workspace

__all__ = ["project", "workspace"]


@pytest.mark.parametrize(
    ("moved", "left"), [("", {}), ('  version_labels { key: "canary" value: 1 }', {"canary": 1})]
)
def test_a_label_that_somebody_moved_meanwhile_keeps_no_candidate_in_service(
    workspace: Workspace, project: Project, moved: str, left: dict[str, int]
) -> None:
    start(workspace, project)
    path = write_models_config(workspace)
    label = re.search(r'version_labels \{\s*key: "canary"\s*value: 3\s*\}', path.read_text())
    assert label
    path.write_text(path.read_text().replace(label[0], moved))
    end(workspace, project, "rolled back", who="Ann", why="worse")
    assert named(workspace) == ({"stable": 2, **left}, [])
    assert numbers(workspace.serving(NAME)) == [1, 2]


def test_models_that_are_changed_at_once_keep_both_changes(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*words: Any) -> None:
        time.sleep(0.3)
        write_atomically(*words)

    (workspace.serving("other") / "1").mkdir(parents=True)
    path = write_models_config(workspace)
    monkeypatch.setattr(labels, "write_atomically", slow)
    with ThreadPoolExecutor() as pool:
        list(pool.map(partial(labels.hold, workspace), (NAME, "other"), (2, 1)))
    models = Settings(model_config_file=str(path)).models().model_config_list.config
    assert {one.name: one.version_labels["stable"] for one in models} == {NAME: 2, "other": 1}
