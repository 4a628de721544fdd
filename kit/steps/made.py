"""What is asked of steps that have run, by whoever judges what they made."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from kit.project import Project


class StepsMade(Protocol):
    """The steps of a project: a session knows those of its workspace, a gate of a pipeline those before it."""

    @property
    def project(self) -> Project: ...

    def path(self, component_id: str, key: str) -> Path:
        """Return the folder of what a component last made.

        Raises:
            StepOrderError: when it has not run.
        """

    def properties(self, component_id: str) -> dict[str, str]:
        """Return the properties that a component last ran with.

        Raises:
            StepOrderError: when it has not run.
        """
