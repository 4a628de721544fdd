"""The secrets of notebooks in a cluster: keys of one Secret, each called as its environment variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kit.deploy.config import DeploySettings


def environment(variables: Mapping[str, bool], settings: DeploySettings) -> list[dict[str, Any]]:
    """Return the `env` of a container.

    Args:
        variables: whether each must be set; see `kit.batch.plan.secret_variables`.
        settings: name the Secret.
    """
    return [
        {
            "name": name,
            "valueFrom": {"secretKeyRef": {"name": settings.secrets, "key": name, "optional": not required}},
        }
        for name, required in variables.items()
    ]


def how_to_make(variables: Mapping[str, bool], settings: DeploySettings) -> str:
    """Return how the Secret is made that the containers read; empty where they read none."""
    if not variables:
        return ""
    keys = ", ".join(f"{name}{'' if needed else ' (optional)'}" for name, needed in variables.items())
    return (
        f"The keys of the Secret {settings.secrets} are {keys}; from a file of lines NAME=VALUE: "
        f"kubectl create secret generic {settings.secrets} --namespace {settings.namespace} --from-env-file=FILE"
    )
