"""What is to be put into project.yml can be: the project loads with it, and cuts the slice that is meant."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml

from kit.evaluation.blind_spots.entry import entry_of
from kit.evaluation.blind_spots.facets import Condition
from kit.evaluation.blind_spots.spot import BlindSpot, Bounded
from kit.project import Project
from kit.project.file import ProjectFile

NOTHING = Bounded(math.nan, math.nan, math.nan)


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    """Return the project.yml of the sample as it is written."""
    said: dict[str, Any] = yaml.safe_load((Project.load("recommender").folder / "project.yml").read_text())
    return said


@pytest.fixture(scope="module")
def spec(written: dict[str, Any]) -> ProjectFile:
    return ProjectFile.model_validate(written)


def spot(*conditions: Condition) -> BlindSpot:
    return BlindSpot(
        conditions, 900, 0.1, "scores too high", 0.1, 0.2, NOTHING, 0.5, Bounded(0.04, 0.03, 0.05), 0.01, NOTHING,
        NOTHING, model_loss=0.52, p_value=1e-9,
    )  # fmt: skip


def with_entry(written: dict[str, Any], entry: str) -> dict[str, Any]:
    """Return a project.yml with the sections of an entry in the place of its own."""
    said = yaml.safe_load(entry)
    evaluation = {**written.get("evaluation", {}), **said.pop("evaluation", {})}
    return {**written, **said, "evaluation": evaluation}


def test_values_make_a_slice_and_a_gate(spec: ProjectFile, written: dict[str, Any]) -> None:
    entry = entry_of(spot(Condition("device", value="mobile"), Condition("position", value=3)), spec)
    assert entry.startswith("# device=mobile, position=3\n")
    loaded = ProjectFile.model_validate(with_entry(written, entry))
    assert loaded.slices == (("device", "position"),)
    [gate] = loaded.gates
    assert (gate.metric, gate.slice, gate.max) == ("logloss", {"device": "mobile", "position": 3}, 0.5)


@pytest.mark.parametrize(
    ("low", "high", "label"),
    [(10.0, 25.5, "10 to 25.5"), (None, 10.0, "under 10"), (10.0, None, "10 and over")],
)
def test_a_range_makes_a_band(
    spec: ProjectFile, written: dict[str, Any], low: float | None, high: float | None, label: str
) -> None:
    entry = entry_of(spot(Condition("price", low=low, high=high)), spec)
    loaded = ProjectFile.model_validate(with_entry(written, entry))
    [name] = loaded.gates[0].slice
    band = loaded.evaluation.bands[str(name)]
    assert band.column == "price"
    assert loaded.gates[0].slice[name] == label
    assert label in band.labels
    assert loaded.slices == ((name,),)


def test_a_band_takes_a_name_that_is_free(spec: ProjectFile, written: dict[str, Any]) -> None:
    first = ProjectFile.model_validate(
        with_entry(written, entry_of(spot(Condition("price", high=10.0)), spec))
    )
    second = entry_of(spot(Condition("price", low=50.0)), first)
    [name] = yaml.safe_load(second)["evaluation"]["bands"]
    assert name not in {*first.evaluation.bands, *first.columns}


@pytest.mark.parametrize(
    "condition",
    [Condition("timestamp", "hour", low=3), Condition("price", missing=True), Condition("position", low=8)],
)
def test_what_tfma_cannot_cut_is_said(spec: ProjectFile, condition: Condition) -> None:
    entry = entry_of(spot(Condition("device", value="mobile"), condition), spec)
    assert yaml.safe_load(entry) is None, "a comment only"
    assert str(condition) in entry
