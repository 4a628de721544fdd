from __future__ import annotations

import re

import pytest

from deploy.places import MODEL, push, target_in
from kit.deploy.target import Canary, Target, canary_of
from kit.errors import DeployError
from kit.project import Project
from kit.workspace import Workspace


def test_a_name_of_a_project_becomes_one_of_kubernetes(workspace: Workspace) -> None:
    project = Project.load("chicago_taxi", workspace.path)
    target = Target.of(workspace, project)
    assert (target.name, target.model) == ("chicago-taxi", "chicago_taxi")
    assert target_in(workspace, name="clicks").name == "clicks"


def test_a_canary_is_beside_the_newest_version_below_it(workspace: Workspace) -> None:
    push(workspace, 1, 2, 3)
    project = Project.load(MODEL, workspace.path)
    assert canary_of(workspace, project, 3, None, 1) == Canary(3, 2)
    assert canary_of(workspace, project, 2, 3, 4) == Canary(2, 3, 4)


@pytest.mark.parametrize(
    ("pushed", "version", "stable", "message"),
    [
        ([], 1, None, "the versions pushed are none"),
        ([1, 2], 1, None, "Name one with --stable"),
        ([1, 2], 3, None, "Version 3 must have been pushed"),
        ([1, 2], 2, 4, "Version 4 must have been pushed"),
        ([1, 2], 2, 2, "both are 2"),
    ],
)
def test_a_canary_of_no_version_is_refused(
    workspace: Workspace, pushed: list[int], version: int, stable: int | None, message: str
) -> None:
    push(workspace, *pushed)
    with pytest.raises(DeployError, match=re.escape(message)):
        canary_of(workspace, Project.load(MODEL, workspace.path), version, stable, 1)


def test_each_pod_has_the_same_share() -> None:
    assert Canary(2, 1, replicas=1).share(3) == pytest.approx(0.25)
