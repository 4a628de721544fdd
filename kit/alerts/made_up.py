"""Alerts to try things on: of a finding that somebody made up."""

from __future__ import annotations

import shutil
import tempfile
import weakref

from kit.alerts.config import AlertSettings
from kit.alerts.desk import AlertDesk
from kit.alerts.notify import AlertNotifier, Draw
from kit.checks.check import Finding
from kit.project import Project
from kit.workspace import Workspace


class MadeUpAlerts(AlertDesk):
    """A desk with one alert in a folder of its own, which goes with the desk: no workspace has it, nobody is told.

    Args:
        project: the project whose alert it would be.
        finding: what was made up.
        draw: makes a picture of what it is about.
    """

    def __init__(self, project: Project, finding: Finding, draw: Draw | None = None) -> None:
        folder = tempfile.mkdtemp(prefix="made-up-")
        self._gone = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        workspace = Workspace(folder)
        untold = Project(project.folder, project.spec.model_copy(update={"alerts": AlertSettings()}))
        AlertNotifier(workspace, untold, draw).tell([finding], about=finding.check, notebook=finding.check)
        super().__init__(workspace, project.name)
