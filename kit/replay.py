"""Take the decisions of one workspace again in another, without a person: the same names, reasons and results."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kit.data.anomalies import Review
from kit.data.curation import EDIT, SchemaDesk
from kit.data.validation import ACCEPT, BLOCK, IGNORE
from kit.decisions import Decision, DecisionError
from kit.evaluation.override import OVERRIDE, record_override
from kit.session import Session


def replay(session: Session, made: Sequence[Decision]) -> list[str]:
    """Take decisions in a session as people took them elsewhere; return what each one did.

    A decision needs what it is about: the anomaly must have been found again, the model judged again. So those about
    data are replayed after ExampleValidator, and an override after Evaluator.

    Args:
        session: where they are taken; its project is the one that they were taken for.
        made: in the order in which they were taken.

    Raises:
        KitError: when what a decision is about is not there; those before it have been taken.
    """
    return [_take(session, decision) for decision in made]


def _take(session: Session, decision: Decision) -> str:
    who, why = decision.who, decision.why
    if decision.what in {IGNORE, ACCEPT, BLOCK}:
        return Review(session).decide(decision.subject, decision.what, who, why)
    if decision.what == EDIT:
        return SchemaDesk(session).save(json.loads(decision.subject), who, why)
    if decision.what == OVERRIDE:
        return f"Overridden by {record_override(session, who, why)}."
    known = f"{IGNORE}, {ACCEPT}, {BLOCK}, {EDIT}, {OVERRIDE}"
    raise DecisionError(
        f"A decision that can be taken again is one of {known}, but found {decision.what!r}. Take it by hand."
    )
