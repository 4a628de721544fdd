"""The verdict on the latest model, and the signed override of a missed gate."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kit.evaluation.gate_checks import ThresholdCheck, asked
from kit.evaluation.override import latest_override, record_override
from kit.evaluation.results import latest_is_blessed, threshold_checks
from kit.session import Session
from kit.translation.messages import in_language, parts_in_language


class GateDesk:
    """The thresholds that the latest evaluated model had to meet, and whether it did.

    Raises:
        StepOrderError: when no model was evaluated.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.blessed = latest_is_blessed(session)

    def summary(self) -> dict[str, Any]:
        """Return what a view shows: `thresholds`, `verdict`, whether the model `passed`, and by whom `overridden`.

        Texts are in the reader's language.
        """
        return {
            "thresholds": [replace(one, note=parts_in_language(one.note)) for one in self.thresholds()],
            "verdict": in_language(self.verdict()),
            "passed": self.blessed,
            "overridden": self.overridden(),
        }

    def thresholds(self) -> list[ThresholdCheck]:
        return threshold_checks(self._session.path("Evaluator", "evaluation"), self._session.project)

    def verdict(self) -> str:
        """Return whether the model is blessed, and why, in one sentence."""
        checks = self.thresholds()
        missed = [check for check in checks if not check.met]
        if self.blessed:
            return _blessed(checks)
        if not missed:  # the gates of project.yml differ from those of the evaluation
            return "Not blessed: the model missed gates that are no longer in project.yml; evaluate it again."
        share = f"{len(missed)} of {len(checks)} thresholds"
        of = f"{share} is missed" if len(missed) == 1 else f"{share} are missed"
        unknown = [check for check in missed if check.margin is None]
        if unknown:
            return f"Not blessed: {of}; {unknown[0].metric} on {unknown[0].slice}: {unknown[0].note}."
        worst = min(missed, key=_margin)
        # Written out here and in `_blessed`: a part of a sentence would be too short for its translation to be found.
        return (
            f"Not blessed: {of}, the widest by {-_margin(worst):.4g} "
            f"({worst.metric} on {worst.slice}, {asked(worst.bound, worst.threshold)})."
        )

    def overridden(self) -> str:
        """Return who let the model pass, when and why; empty when nobody did."""
        decision = None if self.blessed else latest_override(self._session)
        return str(decision) if decision else ""

    def override(self, who: str, why: str) -> str:
        """Let the model pass; return by whom, when and why.

        Raises:
            OverrideError: when it is blessed.
            DecisionError: when there is no name or no reason.
        """
        return str(record_override(self._session, who, why))


def _blessed(checks: list[ThresholdCheck]) -> str:
    if not checks:
        return "Blessed: project.yml has no gates."
    measured = [check for check in checks if check.margin is not None]
    closest = min(measured, key=_margin, default=None)
    least = (
        f", the closest by {_margin(closest):.4g} "
        f"({closest.metric} on {closest.slice}, {asked(closest.bound, closest.threshold)})"
        if closest
        else ""
    )
    asked_of = len(measured)
    thresholds = "the only threshold is" if asked_of == 1 else f"all {asked_of} thresholds are"
    if not asked_of:
        return f"Blessed: no threshold decides yet. Not counted: {_uncounted(checks)}."
    if asked_of < len(checks):
        return f"Blessed: {thresholds} met{least}. Not counted: {_uncounted(checks)}."
    return f"Blessed: {thresholds} met{least}."


def _uncounted(checks: list[ThresholdCheck]) -> str:
    """Return how many thresholds decide nothing, and why."""
    free = sum(check.lacks_baseline for check in checks)
    small = sum(check.margin is None for check in checks) - free
    if not small:
        return f"{free} without a baseline yet"
    if not free:
        return f"{small} on slices with too few rows"
    return f"{free} without a baseline yet and {small} on slices with too few rows"


def _margin(check: ThresholdCheck) -> float:
    return check.margin if check.margin is not None else float("-inf")
