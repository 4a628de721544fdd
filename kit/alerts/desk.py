"""Decisions about alerts: acknowledge one that somebody is working on, or mute a known one until a given day."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

from kit.alerts.incident import Incident
from kit.alerts.outbox import Clock
from kit.alerts.store import Store
from kit.errors import UsageError
from kit.reasons import require_reasons
from kit.translation.labels import label
from kit.translation.messages import in_language, parts_in_language
from kit.workspace import Workspace

_SHOWN = (
    "id",
    "state",
    "subject",
    "times",
    "first_seen",
    "last_seen",
    "muted_until",
)
_EVIDENCE = ("severity", "notebook", "picture", "rows")
_IN_WORDS = ("found", "expected", "what_to_do")  # kept in English
ACKNOWLEDGE, MUTE, OPEN = "acknowledge", "mute", "open"


class AlertDecisionError(UsageError):
    """A decision about an alert cannot be carried out."""


class AlertDesk:
    """The alerts of a workspace, and decisions about them.

    Args:
        workspace: the workspace that keeps them.
        project: the name of the project whose alerts are listed; None: all projects.
        clock: gives seconds since 1970.
    """

    def __init__(self, workspace: Workspace, project: str | None = None, clock: Clock = time.time) -> None:
        self._store, self._project, self._clock = Store(workspace), project, clock

    def incidents(self, *, also_resolved: bool = False) -> list[Incident]:
        """Return the incidents, the latest found first."""
        return self._store.incidents(self._project, also_resolved=also_resolved)

    def records(self) -> list[dict[str, Any]]:
        """Return the incidents that are not over, as plain values for a view, in the reader's language."""
        return [
            {
                **{name: getattr(one, name) for name in _SHOWN},
                **{name: getattr(one.evidence, name) for name in _EVIDENCE},
                **{name: parts_in_language(getattr(one.evidence, name)) for name in _IN_WORDS},
                "about": parts_in_language(one.about),
                "check": ", ".join(map(label, one.check.split(", "))),
                "decided": _told(one.decided),
            }
            for one in self.incidents()
        ]

    def decide(self, id_: str, what: str, who: str, why: str, until: str = "") -> str:
        """Acknowledge, mute or open an incident again; return what was done, in a sentence.

        Args:
            id_: the incident's id, or its first letters.
            what: `acknowledge`, `mute` or `open`.
            who: the name of the person.
            why: their reason.
            until: the last day of a mute, as 2026-01-31 (UTC).

        Raises:
            NoIncidentError: when no incident has that id.
            AlertDecisionError: when there is no such decision, or the day of a mute is missing or over.
            DecisionError: when there is no name or no reason.
        """
        if what not in {ACKNOWLEDGE, MUTE, OPEN}:
            raise AlertDecisionError(
                f"One can {ACKNOWLEDGE}, {MUTE} or {OPEN} an alert, but found {what!r}. Choose one of these."
            )
        require_reasons(f"{what} an alert", who, why)
        muted_until = self._end_of(until) if what == MUTE else 0.0
        stamp = dt.datetime.fromtimestamp(self._clock(), dt.UTC)
        decided = f"{what}: {' '.join(who.split())}, {stamp:%Y-%m-%d %H:%M} UTC: {' '.join(why.split())}"
        state = "acknowledged" if what == ACKNOWLEDGE else "open"
        incident = self._store.decide(id_, state, muted_until, decided)
        told = {
            ACKNOWLEDGE: "It stays open, and is not sent again.",
            MUTE: f"It is not sent until the end of {until.strip()} UTC; if it is found after that, it is sent again.",
            OPEN: "It is open again; it is sent again only if it ends and comes back.",
        }
        title = f"{incident.project}, {parts_in_language(incident.about)}: {incident.what}"
        return f"{title} ({incident.id}): {_told(decided)}. {in_language(told[what])}"

    def _end_of(self, day: str) -> float:
        try:
            first = dt.datetime.combine(dt.date.fromisoformat(day.strip()), dt.time(), dt.UTC)
        except ValueError:
            raise AlertDecisionError(
                f"A mute needs its last day, such as 2026-01-31, but found {day!r}. Give a date."
            ) from None
        end = (first + dt.timedelta(days=1)).timestamp()
        if end <= self._clock():
            raise AlertDecisionError(f"A mute must end in the future, but {day} is over. Give a later date.")
        return end


def _told(decided: str) -> str:
    """Return who decided what with the decision in the reader's language; the reason is a person's own words."""
    what, between, rest = decided.partition(": ")
    return f"{label(what)}{between}{rest}"
