"""The security contexts of every pod and container that the kit writes a manifest for."""

from __future__ import annotations

from typing import Any

from kit.containers.image import USER


def hardened() -> dict[str, Any]:
    """Return a container's securityContext: no new privileges, no root rights, a read-only file system."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def unprivileged() -> dict[str, Any]:
    """Return a pod's securityContext: the user of the kit's images, and the default system calls."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
