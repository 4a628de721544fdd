"""People's decisions about an artifact, recorded in ML Metadata: who decided what, when and why.

A decision is an execution with the artifact as its input, so it is part of the lineage. Whatever judges the same
artifact again, an unattended batch included, finds it: nothing has to be clicked twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.orchestration import metadata

from kit.reasons import DECISION_TYPE, DecisionError, require_reasons, user_name
from kit.session import Session
from kit.steps.history import executions

__all__ = [
    "DECISION_TYPE",
    "Decision",
    "DecisionError",
    "about",
    "latest_by_subject",
    "made",
    "record",
    "require_reasons",
    "user_name",
]

_PROPERTIES = ("what", "subject", "who", "why", "when")


@dataclass(frozen=True)
class Decision:
    """One decision.

    Attributes:
        what: the verb, such as `ignore`.
        subject: the part of the artifact that it is about; empty: all of it.
        who: the name that the person gave.
        why: their reason.
        when: time in UTC, ISO 8601.
        artifact: id in ML Metadata of what was decided on.
    """

    what: str
    subject: str
    who: str
    why: str
    when: str
    artifact: int

    def __str__(self) -> str:
        return f"{self.who}, {self.when[:16].replace('T', ' ')} UTC: {self.why}"

    @property
    def properties(self) -> Mapping[str, str]:
        """Everything but the artifact, by its names in ML Metadata."""
        return {name: getattr(self, name) for name in _PROPERTIES}


def record(  # noqa: PLR0913  a decision has that many sides
    session: Session, artifact: types.Artifact, what: str, *, who: str, why: str, subject: str = ""
) -> Decision:
    """Record a decision about an artifact.

    Raises:
        DecisionError: when there is no name or no reason.
    """
    require_reasons(what, who, why)
    when = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    decision = Decision(what, subject, " ".join(who.split()), " ".join(why.split()), when, artifact.id)
    with metadata.Metadata(session.metadata_connection_config) as handle:
        _put(handle.store, session.pipeline_name, decision)
    return decision


def about(session: Session, artifact: types.Artifact) -> list[Decision]:
    """Return the decisions about an artifact, the latest first."""
    with metadata.Metadata(session.metadata_connection_config) as handle:
        kind = _type_id(handle.store)
        events = handle.store.get_events_by_artifact_ids([artifact.id]) if kind else []
        found = handle.store.get_executions_by_id(sorted({event.execution_id for event in events}))
    return [_read(one, artifact.id) for one in reversed(found) if one.type_id == kind]


def made(session: Session) -> list[Decision]:
    """Return all decisions about a project in its workspace, the oldest first: what a replay takes."""
    with metadata.Metadata(session.metadata_connection_config) as handle:
        kind, found = _type_id(handle.store), executions(handle.store, session.pipeline_name)
        mine = {execution.id: execution for execution in found if kind and execution.type_id == kind}
        events = handle.store.get_events_by_execution_ids(list(mine)) if mine else []
    artifacts = {event.execution_id: event.artifact_id for event in events}
    return [_read(execution, artifacts[id_]) for id_, execution in mine.items()]


def latest_by_subject(decisions: Sequence[Decision]) -> dict[str, Decision]:
    """Return the decision that holds for each subject, given the latest first."""
    return {decision.subject: decision for decision in reversed(decisions)}


def _read(execution: Any, artifact: int) -> Decision:
    values = {name: execution.properties[name].string_value for name in _PROPERTIES}
    return Decision(**values, artifact=artifact)


def _put(store: Any, pipeline: str, decision: Decision) -> None:
    execution = metadata_store_pb2.Execution(
        type_id=_type_id(store) or _make_type(store),
        last_known_state=metadata_store_pb2.Execution.COMPLETE,
    )
    for name, value in decision.properties.items():
        execution.properties[name].string_value = value
    event = metadata_store_pb2.Event(
        artifact_id=decision.artifact, type=metadata_store_pb2.Event.DECLARED_INPUT
    )
    [artifact] = store.get_artifacts_by_id([decision.artifact])  # complete: an id alone would erase the rest
    context = store.get_context_by_type_and_name("pipeline", pipeline)
    store.put_execution(execution, [(artifact, event)], [context])


def _type_id(store: Any) -> int | None:
    return next((kind.id for kind in store.get_execution_types() if kind.name == DECISION_TYPE), None)


def _make_type(store: Any) -> int:
    kind = metadata_store_pb2.ExecutionType(name=DECISION_TYPE)
    for name in _PROPERTIES:
        kind.properties[name] = metadata_store_pb2.STRING
    return int(store.put_execution_type(kind))
