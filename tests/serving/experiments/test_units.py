"""By what users a project can be split, and whether their clicks can be known."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from kit.errors import ProjectError
from kit.project import Project
from kit.serving.experiments.config import REQUEST_ID, ExperimentSettings
from kit.serving.experiments.experiment import load
from kit.serving.experiments.units import fitted

from .conftest import CANDIDATE, CONTROL, Trial


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


def test_requests_that_are_units_by_themselves_are_split_by_their_ids(trial: Trial) -> None:
    settings = trial.experiment.settings.model_copy(update={"unit": REQUEST_ID})
    trial.save(dataclasses.replace(trial.experiment, settings=settings))

    def ask(headers: dict[str, str]) -> int:
        answer = trial.server.inference.predict(trial.request("u1"), headers, "GRPC")
        return int(answer.model_spec.version.value)

    named = {number: {ask({REQUEST_ID: f"r{number}"}) for _ in range(3)} for number in range(30)}
    assert {len(versions) for versions in named.values()} == {1}, "the same id, the same version"
    assert set.union(*named.values()) == {CONTROL, CANDIDATE}
    assert {ask({}) for _ in range(60)} == {CONTROL, CANDIDATE}
    assert load(Path(trial.folder)) is not None
