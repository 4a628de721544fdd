"""Replay the decisions of one workspace in another, unattended: same names, same reasons, same results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby

from kit.batch.parameters import Value
from kit.batch.recording import MadeDecision, Recording, Round
from kit.data.anomalies import AnomalyDesk
from kit.data.schema_desk import EDIT, SchemaDesk
from kit.data.schema_proposal import UPDATE, propose, write
from kit.data.validation import ACCEPT, BLOCK, IGNORE
from kit.decisions import Decision, DecisionError, made
from kit.evaluation.override import OVERRIDE, record_override
from kit.session import CHAIN, Session
from kit.training.desk import stopped_after
from kit.training.progress import STOP

STOP_PARAMETER = "stop_after_steps"
_SCHEMA = (ACCEPT, EDIT, UPDATE)


def replay(session: Session, decisions: Sequence[Decision]) -> list[str]:
    """Take decisions in a session as people took them elsewhere; return what each one did.

    A decision needs what it is about: the anomaly must have been found again, the model judged again. So those about
    data are replayed after ExampleValidator, and an override after Evaluator.

    Args:
        session: the session where they are taken; its project is the one that they were taken for.
        decisions: the decisions, in the order in which they were taken.

    Raises:
        KitError: when what a decision is about is not there; those before it have been taken.
    """
    return [_take(session, decision) for decision in decisions]


def recorded(session: Session, parameters: Mapping[str, Value]) -> Recording:
    """Return what the present results of a session's workspace came from: notebooks, parameters, decisions.

    Decisions about results that have been replaced are left out. Those that changed the schema of a project of one's
    own are in its folder already. A training that was stopped is one that stops after so many steps.
    """
    done = [component for component, ended in session.done().items() if ended]
    notebooks = dict.fromkeys(CHAIN[component] for component in done or CHAIN)
    values = {name: value for name, value in parameters.items() if name != "workspace"}
    if not session.project.is_built_in:  # found by its name in its own workspace only
        values["project_name"] = str(session.project.folder)
    if "Trainer" in done and (steps := stopped_after(session)):
        values[STOP_PARAMETER] = steps
    rounds = [
        Round(after=after, decisions=tuple(MadeDecision(**_kept(decision)) for decision in group))
        for (after, _), group in groupby(_relevant(session), key=lambda one: _round_of(session, one))
    ]
    return Recording(notebooks=tuple(notebooks), parameters=values, rounds=tuple(rounds))


def _relevant(session: Session) -> list[Decision]:
    """Return the decisions that the present results depend on, in order."""
    decisions = made(session)
    kept = [one for one in decisions if one.what in _SCHEMA] if session.project.is_built_in else []
    for whats, component, key in (
        ((IGNORE, BLOCK), "ExampleValidator", "anomalies"),
        ((OVERRIDE,), "Evaluator", "blessing"),
    ):
        about = [one for one in decisions if one.what in whats]
        latest = session.latest(component, key).id if about else None
        kept += [one for one in about if one.artifact == latest]
    return [one for one in decisions if one in kept]


def _round_of(session: Session, decision: Decision) -> tuple[str, int]:
    """Return the notebook whose results were decided on, and the schema or the verdict that it had then."""
    if decision.what == OVERRIDE:
        return CHAIN["Evaluator"], decision.artifact
    schemas = {
        outputs["anomalies"][0].id: inputs["schema"][0].id
        for inputs, outputs in session.history("ExampleValidator")
    }
    return CHAIN["ExampleValidator"], schemas.get(decision.artifact, decision.artifact)


def _kept(decision: Decision) -> dict[str, str]:
    return {name: decision.properties[name] for name in MadeDecision.model_fields}


def _take(session: Session, decision: Decision) -> str:
    who, why = decision.who, decision.why
    if decision.what in {IGNORE, ACCEPT, BLOCK}:
        return AnomalyDesk(session).decide(decision.subject, decision.what, who, why)
    if decision.what == EDIT:
        return SchemaDesk(session).save(json.loads(decision.subject), who, why)
    if decision.what == UPDATE:
        asked, place = json.loads(decision.subject), (session.workspace, session.project)
        proposal = propose(*place, asked["spans"], asked["features"], say=lambda _: None)
        return write(*place, proposal, who, why) if proposal.changes else "The schema was as wide already."
    if decision.what == OVERRIDE:
        return f"Overridden by {record_override(session, who, why)}."
    if decision.what == STOP:
        return f"Training stops after {decision.subject} steps by the parameter {STOP_PARAMETER}."
    known = f"{IGNORE}, {ACCEPT}, {BLOCK}, {EDIT}, {UPDATE}, {OVERRIDE}"
    raise DecisionError(
        f"A decision that can be taken again is one of {known}, but found {decision.what!r}. Take it by hand."
    )
