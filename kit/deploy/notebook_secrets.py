"""The secrets of notebooks in a cluster: keys of one Secret, each called as its environment variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kit.deploy.config import DeploySettings
from kit.secret import variable_of


def environment(secrets: Mapping[str, bool], settings: DeploySettings) -> list[dict[str, Any]]:
    """Return the `env` of a container.

    Args:
        secrets: their names, and whether each must be set; see `kit.batch.plan.secrets_of`.
        settings: name the Secret.
    """
    return [
        {
            "name": variable_of(name),
            "valueFrom": {
                "secretKeyRef": {
                    "name": settings.secrets,
                    "key": variable_of(name),
                    "optional": not required,
                }
            },
        }
        for name, required in secrets.items()
    ]


def how_to_make(secrets: Mapping[str, bool], settings: DeploySettings) -> str:
    """Return how the Secret is made that the containers read; empty where the notebooks take no secret."""
    if not secrets:
        return ""
    keys = ", ".join(
        f"{variable_of(name)}{'' if needed else ' (optional)'}" for name, needed in secrets.items()
    )
    return (
        f"The keys of the Secret {settings.secrets} are {keys}; from a file of lines NAME=VALUE: "
        f"kubectl create secret generic {settings.secrets} --namespace {settings.namespace} --from-env-file=FILE"
    )
