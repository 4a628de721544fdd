from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kit.alerts.config import AlertSettings
from kit.alerts.notify import AlertNotifier, AlertSummary
from kit.checks.check import Finding
from kit.project import Project
from kit.workspace import Workspace

NOON = 1_767_268_800.0  # 2026-01-01 12:00 UTC


@dataclass
class Place:
    """A workspace with a project's alerts, and a clock that a test moves."""

    folder: Path
    now: float = NOON
    drawn: list[str] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.folder)

    def alerts(self, settings: AlertSettings | None = None, *, name: str = "recommender") -> AlertNotifier:
        project = Project.load("recommender")
        changes = {"alerts": settings or AlertSettings(), "name": name}
        spec = project.spec.model_copy(update=changes)
        return AlertNotifier(self.workspace, Project(project.folder, spec), self.draw, lambda: self.now)

    def draw(self, subject: str, _shares: object) -> str:
        self.drawn.append(subject)
        return f"<svg>{subject}</svg>"

    def tell(self, alerts: AlertNotifier, *subjects: str, about: str = "span 8") -> AlertSummary:
        return alerts.tell([finding(subject) for subject in subjects], about, "01_data")


def finding(subject: str, found: str = "0.0% of 398 rows are clicked") -> Finding:
    rows = tuple({"user_id": f"u{number}"} for number in range(9))
    return Finding("label rates", found, "warn", "Look.", subject, 0.0, "12.8%, as in train", rows)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "ws")
