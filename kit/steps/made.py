"""The interface to steps that have run, for code that judges their outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from kit.project import Project


class StepsMade(Protocol):
    """The steps of a project: for a session those of its workspace, for a gate in a pipeline those before it."""

    @property
    def project(self) -> Project: ...

    def path(self, component_id: str, key: str) -> Path:
        """Return the folder of a component's latest output.

        Raises:
            StepOrderError: when the component has not run.
        """

    def follows(self, component_id: str, before: str) -> bool:
        """Return whether a component's latest run took what another one made last.

        When data have changed and only some steps have run again, the others still belong to the old data.

        Raises:
            StepOrderError: when one of them has not run.
        """

    def properties(self, component_id: str) -> dict[str, str]:
        """Return the properties of a component's latest run.

        Raises:
            StepOrderError: when the component has not run.
        """
