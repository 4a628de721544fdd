"""Decisions of people: kept in ML Metadata beside what they are about, and never without a name and a reason."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.orchestration import metadata
from tfx.types import standard_artifacts

from kit.decisions import DECISION_TYPE, Decision, DecisionError, about, latest_by_subject, record, user_name
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace


@pytest.fixture
def session(tmp_path: Path) -> Session:
    session = Session(Workspace(tmp_path / "ws"), Project.load("recommender"))
    with metadata.Metadata(session.metadata_connection_config) as handle:
        kind = metadata_store_pb2.ContextType(name="pipeline")
        context = metadata_store_pb2.Context(
            type_id=handle.store.put_context_type(kind), name=session.pipeline_name
        )
        handle.store.put_contexts([context])
    return session


def artifact(session: Session, place: str) -> types.Artifact:
    """Return an artifact that is in ML Metadata, with a property of its own."""
    made = standard_artifacts.Schema()
    made.uri = place
    made.set_string_custom_property("made_by", "hand")
    with metadata.Metadata(session.metadata_connection_config) as handle:
        type_id = handle.store.put_artifact_type(made.artifact_type)
        made.mlmd_artifact.type_id = type_id
        [made.id] = handle.store.put_artifacts([made.mlmd_artifact])
    return made


def stored(session: Session, what: str) -> Any:
    with metadata.Metadata(session.metadata_connection_config) as handle:
        return getattr(handle.store, what)()


def test_a_decision_is_found_with_what_it_is_about(session: Session) -> None:
    one, other = artifact(session, "a"), artifact(session, "b")
    before = datetime.now(UTC).replace(microsecond=0)
    made = record(session, one, "ignore", subject="eval/age", who=" 王  Ann ", why="known;\nsee the till")
    assert made == Decision("ignore", "eval/age", "王 Ann", "known; see the till", made.when, one.id)
    assert before <= datetime.fromisoformat(made.when) <= datetime.now(UTC)
    assert about(session, one) == [made]
    assert about(session, other) == []
    assert str(made) == f"王 Ann, {made.when[:10]} {made.when[11:16]} UTC: known; see the till"


def test_what_it_is_about_stays_as_it_was(session: Session) -> None:
    made = artifact(session, "a")
    record(session, made, "block", who="Ann", why="wrong")
    [kept] = stored(session, "get_artifacts")
    assert (kept.uri, kept.custom_properties["made_by"].string_value) == ("a", "hand")


def test_it_stands_in_the_lineage_of_the_project(session: Session) -> None:
    made = record(session, artifact(session, "a"), "block", who="Ann", why="wrong")
    with metadata.Metadata(session.metadata_connection_config) as handle:
        context = handle.store.get_context_by_type_and_name("pipeline", session.pipeline_name)
        [execution] = handle.store.get_executions_by_context(context.id)
        [event] = handle.store.get_events_by_execution_ids([execution.id])
    assert execution.type == DECISION_TYPE
    assert {name: value.string_value for name, value in execution.properties.items()} == made.properties
    assert event.artifact_id == made.artifact
    assert not any(session.done().values()), "a decision is no step"


def test_the_latest_decision_about_a_subject_holds(session: Session) -> None:
    one = artifact(session, "a")
    for what, subject in (("ignore", "x"), ("block", "y"), ("block", "x")):
        record(session, one, what, subject=subject, who="Ann", why="so")
    made = about(session, one)
    assert [(decision.what, decision.subject) for decision in made] == [
        ("block", "x"),
        ("block", "y"),
        ("ignore", "x"),
    ]
    assert {subject: d.what for subject, d in latest_by_subject(made).items()} == {"x": "block", "y": "block"}


def test_another_session_finds_it(session: Session) -> None:
    one = artifact(session, "a")
    made = record(session, one, "ignore", who="Ann", why="so")
    assert about(Session(session.workspace, session.project), one) == [made]


@pytest.mark.parametrize(("who", "why", "missing"), [("", "so", "a name"), ("Ann", " \n", "a reason")])
def test_no_decision_without_a_name_and_a_reason(session: Session, who: str, why: str, missing: str) -> None:
    one = artifact(session, "a")
    with pytest.raises(DecisionError, match=f"To override needs {missing}, but none was given"):
        record(session, one, "override", who=who, why=why)
    assert about(session, one) == []
    assert stored(session, "get_executions") == []


def test_a_name_to_begin_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    assert user_name() == "ann"

    def nobody() -> str:
        raise KeyError("uid")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert user_name() == ""
