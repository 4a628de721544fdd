"""What people decided in one workspace, taken again in another without them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from data.sessions import check, small

from kit.data.anomalies import AnomalyDecisionError, AnomalyDesk
from kit.data.schema_desk import SchemaDesk
from kit.data.validation import check_anomalies
from kit.decisions import Decision, DecisionError, made
from kit.errors import DataAnomalyError
from kit.project import Project
from kit.replay import replay
from kit.session import Session
from kit.workspace import Workspace

CITY = "eval/city/ENUM_TYPE_UNEXPECTED_STRING_VALUES"


@pytest.fixture
def shop(tmp_path: Path) -> Session:
    return check(small(tmp_path / "shop", "Rom Oslo " * 30, "Rom Bern " * 30))


def told(session: Session) -> str:
    """What the check of the notebook says, without the time."""
    decided = [replace(decision, when="then") for decision in AnomalyDesk(session).decided()]
    try:
        return check_anomalies(session.path("ExampleValidator", "anomalies"), decided)
    except DataAnomalyError as error:
        return str(error)


def elsewhere(session: Session, tmp_path: Path) -> Session:
    """The same project as it was before, in a workspace of its own."""
    folder = tmp_path / "again" / "shop"
    shutil.copytree(session.project.folder, folder, ignore=shutil.ignore_patterns("ws"))
    return check(Session(Workspace(tmp_path / "ws"), Project.load(folder)))


def test_decisions_taken_again_give_the_same_results(shop: Session, tmp_path: Path) -> None:
    other = elsewhere(shop, tmp_path)
    desk = AnomalyDesk(shop)
    desk.decide(CITY, "block", "Ann", "who knows")
    desk.decide(CITY, "accept", "Bo", "a new shop")
    SchemaDesk(shop).save({"age": {"most": "99"}}, "Ann", "nobody is older")
    desk.decide(CITY, "ignore", "Bo", "until the next run")

    taken = made(shop)
    assert [decision.what for decision in taken] == ["block", "accept", "edit schema", "ignore"]
    said = replay(other, taken)
    assert said[2].startswith("1 change saved to ")
    assert [(one.what, one.subject, one.who, one.why) for one in made(other)] == [
        (one.what, one.subject, one.who, one.why) for one in taken
    ]
    assert told(other) == told(shop)
    files = [session.project.folder / "schema.pbtxt" for session in (shop, other)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_a_project_without_decisions_has_none(shop: Session) -> None:
    assert made(shop) == []
    assert replay(shop, []) == []


@pytest.mark.parametrize(
    ("what", "subject", "error", "message"),
    [
        ("ignore", "eval/town/X", AnomalyDecisionError, "there is no 'eval/town/X'"),
        (
            "dance",
            "",
            DecisionError,
            "one of ignore, accept, block, edit schema, update schema, override, but found 'dance'",
        ),
    ],
)
def test_what_cannot_be_taken_again_is_told(
    shop: Session, what: str, subject: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        replay(shop, [Decision(what, subject, "Ann", "so", "then", 1)])
    assert made(shop) == []
