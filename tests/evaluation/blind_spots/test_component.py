"""The search as a step: it finds what the search finds, and is done again only when something has changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from valid_projects import altered

from kit.errors import StepOrderError
from kit.evaluation.blind_spots.component import (
    BlindSpotFinder,
    blind_spot_finder,
    found_blind_spots,
    read_found,
    write_found,
)
from kit.evaluation.blind_spots.rows import find_blind_spots
from kit.evaluation.blind_spots.search import Limits
from kit.project import Project
from kit.session import Session


def finder(session: Session, project: Project) -> BlindSpotFinder:
    [inputs, _] = session.history("Evaluator")[0]
    model, examples = session.as_channel(inputs["model"]), session.as_channel(inputs["examples"])
    return blind_spot_finder(project, model=model, examples=examples)


def test_the_step_finds_what_the_search_finds_and_only_once(blessed: Session) -> None:
    with pytest.raises(StepOrderError, match="BlindSpotFinder must have run"):
        found_blind_spots(blessed)
    project = blessed.project
    blessed.run(finder(blessed, project))
    assert repr(found_blind_spots(blessed)) == repr(find_blind_spots(blessed))
    blessed.run(finder(blessed, project))
    other = altered(project, slices=())
    blessed.run(finder(blessed, other))
    assert [step.state for step in blessed.steps if step.step == "BlindSpotFinder"] == [
        "done",
        "cached",
        "done",
    ]


def test_what_is_kept_is_read_as_it_was(blessed: Session, tmp_path: Path) -> None:
    found = find_blind_spots(blessed, Limits(chance=1.0, least_excess=0.0, least_rows=20))
    assert found.spots
    write_found(tmp_path, found)
    assert repr(read_found(tmp_path)) == repr(found), "as text, since NaN is not equal to itself"
