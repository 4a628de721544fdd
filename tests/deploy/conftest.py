from __future__ import annotations

from pathlib import Path

import pytest

from deploy.places import target_in, workspace_with_keys
from kit.deploy.target import Target
from kit.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return workspace_with_keys(tmp_path / "ws")


@pytest.fixture
def target(workspace: Workspace) -> Target:
    return target_in(workspace)
