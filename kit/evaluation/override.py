"""Override a missed gate: by a person with a name and a reason, both recorded in ML Metadata."""

from __future__ import annotations

from kit import decisions
from kit.decisions import Decision
from kit.errors import UsageError
from kit.evaluation.blessing import is_blessed
from kit.session import Session

OVERRIDE = "override"


class OverrideError(UsageError):
    """There is no verdict to override."""


def record_override(session: Session, who: str, why: str) -> Decision:
    """Record that a person lets the model of the latest evaluation pass; it still has no blessing.

    So it never becomes a baseline, and the override holds for this verdict only: a later evaluation has its own.

    Raises:
        OverrideError: when the model is blessed.
        DecisionError: when there is no name or no reason.
    """
    blessing = session.latest("Evaluator", "blessing")
    if is_blessed(blessing):
        raise OverrideError(
            "Only the verdict on a model that missed a gate can be overridden, but this one is blessed. Push it."
        )
    return decisions.record(session, blessing, OVERRIDE, who=who, why=why)


def latest_override(session: Session) -> Decision | None:
    """Return the override of the latest evaluation's verdict, or None."""
    blessing = session.latest("Evaluator", "blessing")
    made = decisions.about(session, blessing)
    return next((decision for decision in made if decision.what == OVERRIDE), None)
