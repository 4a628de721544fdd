"""By what users a project can be split, and whether their clicks can be known."""

from __future__ import annotations

import pytest

from kit.canary.units import fitted
from kit.errors import ProjectError
from kit.project import Project
from kit.serving.experiments.config import ExperimentSettings
from kit.serving.headers import REQUEST_ID


@pytest.mark.parametrize(
    ("name", "unit", "clicks"), [("recommender", "user_id", True), ("chicago_taxi", REQUEST_ID, False)]
)
def test_what_project_yml_leaves_open_follows_from_its_columns(name: str, unit: str, clicks: bool) -> None:
    settings = fitted(Project.load(name), ExperimentSettings(share=0.3))
    assert (settings.unit, settings.clicks, settings.share) == (unit, clicks, 0.3)


def test_what_is_asked_for_by_name_must_be_there() -> None:
    taxi = Project.load("chicago_taxi")
    with pytest.raises(ProjectError, match=r"'user_id' is neither\. Name one of .*company"):
        fitted(taxi, ExperimentSettings(unit="user_id"))
    with pytest.raises(ProjectError, match=r"keys are not known and the unit is company"):
        fitted(taxi, ExperimentSettings(unit="company", clicks=True))
    assert fitted(taxi, ExperimentSettings(unit="company")).clicks is False
