"""What every container of the kit runs under in Kubernetes, whatever wrote its manifest."""

from __future__ import annotations

from typing import Any


def hardened() -> dict[str, Any]:
    """Return a container's securityContext: no more rights than it starts with, none of root's, nothing to write to."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
