"""Thresholds follow from history, and get into project.yml without harm to what a person wrote there."""

from __future__ import annotations

from pathlib import Path

import pytest
from in_process import invoke

from checks.shops import people, shop, visits
from checks.shown import statistics_of
from kit.checks.drift import compare
from kit.checks.propose import Proposal, propose, write
from kit.errors import InputDataError, ProjectError
from kit.project import Project


def proposal(feature: str, threshold: float) -> Proposal:
    return Proposal(feature, "l-infinity", 0, 0, 0, 0.1, threshold)


def test_half_as_much_again_as_ever_went_beyond_chance(tmp_path: Path) -> None:
    shares = [0.5, 0.5, 0.2, 0.5]
    project = shop(
        tmp_path / "shop", "", *(people(n, köln=share) for n, share in enumerate(shares)), eval_spans="4"
    )
    age, city, bought = propose(project, [statistics_of(project, span) for span in range(1, 5)])
    assert (age.feature, age.threshold, bought.threshold, city.now) == ("age", 0.02, 0.02, 0.1)
    assert city.farthest == pytest.approx(0.3, abs=0.03)
    assert city.threshold == pytest.approx(1.5 * city.beyond_chance, abs=0.01)
    assert 0 < city.beyond_chance < city.farthest
    write(project, [age, city, bought])
    again = Project.load(project.folder)
    moved = [
        compare(again, statistics_of(again, span), statistics_of(again, span + 1)) for span in range(1, 4)
    ]
    assert not any(one.too_far for day in moved for one in day)


def test_two_spans_are_no_history(tmp_path: Path) -> None:
    project = shop(tmp_path / "shop", "", visits(), visits(400))
    with pytest.raises(InputDataError, match="in 3 spans or more, but there are 2"):
        propose(project, [statistics_of(project, 1), statistics_of(project, 2)])


@pytest.mark.parametrize(
    "checks",
    [
        "",
        "# mine\nchecks:  # too\n  volume: off  # as well\n",
        "checks: {drift: warn}  # mine\n",
        "checks:\n  drift: off  # mine\n",
        "checks:\n  drift:\n    severity: block  # mine\n",
        "checks:\n  drift:\n    features:\n      age: 0.5  # mine\n",
        "checks:\n  drift: {features: {age: 0.5}}  # mine\n",
    ],
)
def test_written_wherever_there_is_a_place(tmp_path: Path, checks: str) -> None:
    project = shop(tmp_path / "shop", checks, visits(), visits())
    file = project.folder / "project.yml"
    comments = file.read_text().count("#")
    assert write(project, [proposal("age", 0.04), proposal("city", 0.3)]) == file
    written = Project.load(project.folder).spec.checks
    assert written.drift.features == {"age": 0.04, "city": 0.3}
    assert written.drift.severity == project.spec.checks.drift.severity
    assert written.volume == project.spec.checks.volume
    assert file.read_text().count("#") == comments


def test_what_cannot_be_written_is_said_and_nothing_is(tmp_path: Path) -> None:
    project = shop(
        tmp_path / "shop", "checks: &all\n  drift: {features: &f {age: 0.5}}\n", visits(), visits()
    )
    file = project.folder / "project.yml"
    file.write_text(before := file.read_text().replace("label: bought", "label: city"))
    with pytest.raises(ProjectError, match=r"(?s)must take the thresholds.*features:\n      age: 0\.04"):
        write(project, [proposal("age", 0.04)])
    assert file.read_text() == before


def test_the_command_shows_and_writes(tmp_path: Path) -> None:
    project = shop(tmp_path / "shop", "", *(people(n) for n in range(3)), eval_spans="3")
    words = ["drift", "propose", "-P", str(project.folder), "-w", str(tmp_path / "ws")]
    shown = invoke(*words)
    assert shown.exit_code == 0, shown.output
    assert "city     l-infinity" in shown.output
    assert not Project.load(project.folder).spec.checks.drift.features
    assert invoke(*words, "--write").exit_code == 0
    assert Project.load(project.folder).spec.checks.drift.features == dict.fromkeys(
        ["age", "city", "bought"], 0.02
    )
    few = invoke(*words, "--spans", "1-2")
    assert (few.exit_code, "in 3 spans or more, but there are 2" in few.output) == (10, True)


def test_a_built_in_project_stays_as_it_is() -> None:
    project = Project.load("recommender")
    with pytest.raises(ProjectError, match="recommender is built in"):
        write(project, [proposal("age", 0.04)])
