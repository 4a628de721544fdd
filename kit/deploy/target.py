"""What is deployed: one project of a workspace under Kubernetes names, with or without a canary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from kit.deploy.config import NAME, DeploySettings
from kit.errors import DeployError
from kit.project import Project
from kit.release.models_config import CANARY, STABLE
from kit.release.versions import numbers
from kit.workspace import Workspace

TRACK = "track"
NAME_LABEL, MANAGED_LABEL = "app.kubernetes.io/name", "app.kubernetes.io/managed-by"
COMPONENT_LABEL = "app.kubernetes.io/component"
# Ports within a pod; the server listens on every address, and the NetworkPolicy keeps others out.
GRPC_PORT, REST_PORT, GATEWAY_PORT, METRICS_PORT, LIFECYCLE_PORT = 8500, 8501, 8443, 9902, 9903
MODELS = Path("/models")
CONFIG = Path("/etc/serving")


@dataclass(frozen=True)
class Canary:
    """A version that some pods serve while the others keep another one.

    Attributes:
        version: the version that the canary's pods serve.
        stable: the version that all other pods serve.
        replicas: pods of the canary. The Service gives each pod the same share of new connections.
    """

    version: int
    stable: int
    replicas: int = 1

    def share(self, others: int) -> float:
        """Return the share of connections (0 to 1) that reaches the canary beside that many other pods."""
        return self.replicas / (self.replicas + others)


@dataclass(frozen=True)
class Target:
    """Everything that determines the files.

    Attributes:
        workspace: the workspace that has the pushed versions, models.config and the gateway's keys.
        project: the project whose model is served.
        settings: `deploy` of the project, overridden by the command line.
        name: the name of all objects.
        canary: None when all pods serve the same.
    """

    workspace: Workspace
    project: Project
    settings: DeploySettings
    name: str
    canary: Canary | None = None

    @classmethod
    def of(
        cls,
        workspace: Workspace,
        project: Project,
        settings: DeploySettings | None = None,
        canary: Canary | None = None,
    ) -> Self:
        """Return the target of a project.

        Raises:
            DeployError: when the project's name is not valid in Kubernetes and no other is given.
        """
        chosen = settings or project.spec.deploy
        name = chosen.name or project.name.replace("_", "-")
        if not re.match(NAME, name):
            raise DeployError(
                f"Kubernetes objects need a name of lowercase letters, digits and -, at most 40, but the project's "
                f"would be {name!r}. Give another: deploy.name in project.yml, or --name."
            )
        return cls(workspace, project, chosen, name, canary)

    @property
    def model(self) -> str:
        return self.project.name

    def labels(self, track: str | None = None) -> dict[str, str]:
        """Return the labels that identify the pods of this target, of one track or of both."""
        return {NAME_LABEL: self.name, COMPONENT_LABEL: "serving", **({TRACK: track} if track else {})}

    def of_track(self, track: str) -> str:
        """Return the name of an object that each track has."""
        return self.name if track == STABLE else f"{self.name}-{track}"

    @property
    def tracks(self) -> tuple[str, ...]:
        return (STABLE, CANARY) if self.canary else (STABLE,)

    @property
    def client_labels(self) -> Mapping[str, str]:
        return self.settings.clients.labels or {f"{self.name}-client": "true"}


def canary_of(
    workspace: Workspace, project: Project, version: int, stable: int | None, replicas: int
) -> Canary:
    """Return a canary, checked against the versions of the workspace.

    Args:
        workspace: the workspace that has them.
        project: the project whose versions they are.
        version: the version of the canary.
        stable: the version of the other pods; None: the newest version below the canary's.
        replicas: pods of the canary.

    Raises:
        DeployError: when there are no such versions.
    """
    pushed = numbers(workspace.serving(project.name))
    words = ", ".join(map(str, pushed)) or "none"
    for number in (version, stable):
        if number is not None and number not in pushed:
            raise DeployError(
                f"Version {number} must have been pushed, but the versions pushed are {words}. Choose one."
            )
    other = stable if stable is not None else max((one for one in pushed if one < version), default=None)
    if other is None:
        raise DeployError(
            f"A canary needs another version that the rest of the pods serve, but the versions pushed are {words}. "
            "Name one with --stable, or push another."
        )
    if version == other:
        raise DeployError(
            f"The canary must be another version than the stable one, but both are {version}. Choose one of {words}."
        )
    return Canary(version, other, replicas)
