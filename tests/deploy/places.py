"""A workspace with keys for the gateway, and targets in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kit.deploy.config import DeploySettings
from kit.deploy.target import Canary, Target
from kit.gateway.keys import KeyStore
from kit.gateway.plan import GatewayFiles
from kit.project import Project
from kit.workspace import Workspace

MODEL = "recommender"


def workspace_with_keys(folder: Path) -> Workspace:
    workspace = Workspace(folder)
    KeyStore(GatewayFiles.of(workspace, MODEL).keys).rotate()
    return workspace


def target_in(workspace: Workspace, canary: Canary | None = None, **settings: Any) -> Target:
    project = Project.load(MODEL, workspace.path)
    return Target.of(workspace, project, DeploySettings.model_validate(settings), canary)


def push(workspace: Workspace, *versions: int) -> None:
    for version in versions:
        (workspace.serving(MODEL) / str(version)).mkdir(parents=True)
