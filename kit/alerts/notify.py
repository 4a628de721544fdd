"""Turn findings into alerts: one per incident, sent once, and closed when the incident is over."""

from __future__ import annotations

import json
import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from kit.alerts.channel import Channel, Later, Refused, title
from kit.alerts.incident import Evidence, Incident, by_subject, incident_id
from kit.alerts.mail import MailChannel
from kit.alerts.outbox import BUDGET_SECONDS, Clock, Outbox, Sent
from kit.alerts.store import Store, known, post, put, unresolved, withdraw
from kit.alerts.webhook import WebhookChannel
from kit.checks.check import Finding
from kit.errors import WorkspaceError
from kit.os_errors import reason_of
from kit.project import Project
from kit.steps.monitor import RUN_FOLDER_VARIABLE
from kit.workspace import Workspace

LOG_FILE, JSON_FILE = "alerts.log", "alerts.jsonl"
_BY_HAND_SECONDS = 30.0  # less than the time for which a process holds a message
Draw = Callable[[str, Sequence[tuple[str, float, float]]], str]
"""Takes a finding's subject and shares; gives SVG of them, or nothing."""


@dataclass(frozen=True)
class AlertSummary:
    """What became of the findings of one run of the checks.

    Attributes:
        opened: incidents that are new, or are back.
        known: incidents that were reported before, including acknowledged and muted ones.
        resolved: incidents that were open and are over.
        sent: the outcomes of the messages that were due.
        waiting: how many messages are not delivered, including those that were not due.
    """

    opened: tuple[Incident, ...]
    known: tuple[Incident, ...]
    resolved: tuple[Incident, ...]
    sent: tuple[Sent, ...]
    waiting: int = 0

    @property
    def message(self) -> str:
        """What a person should know about it, one line per fact."""
        lines = [
            f"Alert {one.id}: {one.project}, {one.about}: {one.what}. {_in_a_line(one.evidence.found)}."
            for one in self.opened
        ]
        lines += [f"Over: {one.project}, {one.about}: {one.what} ({one.id})." for one in self.resolved]
        if self.known:
            lines.append(
                f"{len(self.known)} known, not sent again: {', '.join(one.id for one in self.known)}."
            )
        lines += [line for sent in self.sent if (line := _not_delivered(sent))]
        if untold := self.waiting - sum(isinstance(sent.outcome, Later) for sent in self.sent):
            lines.append(f"{untold} more to be delivered, later or by `kit alerts send`.")
        return "\n".join(lines) or "No alert: nothing was found."


class AlertNotifier:
    """The alerts of a project in a workspace.

    Args:
        workspace: the workspace that keeps them.
        project: its `alerts` section says who is told.
        draw: makes a picture of what a finding is about.
        clock: gives seconds since 1970.

    Raises:
        WorkspaceError: when the file of the alerts cannot be written.
    """

    def __init__(
        self, workspace: Workspace, project: Project, draw: Draw | None = None, clock: Clock = time.time
    ) -> None:
        self._project, self._draw, self._clock = project.name, draw, clock
        self.store = Store(workspace)
        self.channels = channels_of(project)
        self._folder = workspace.path / "alerts" / project.name

    def tell(self, findings: Iterable[Finding], about: str, notebook: str) -> AlertSummary:
        """Open what is new, close what is over, and send what is to be sent.

        What cannot be delivered now stays in the outbox for the next look, or for `kit alerts send`.

        Args:
            findings: everything that one run of the checks reported, good news included: an open incident that is
                missing there is over.
            about: the data that were looked at, such as `span 8`.
            notebook: the name of the notebook that runs the checks; only the one that found an incident can close it.

        Raises:
            WorkspaceError: when the workspace cannot store what was found; a receiver that is down raises nothing.
        """
        wrong = {incident_id(self._project, about, one): one for one in by_subject(findings)}
        evidence = {
            id_: Evidence.of(one, _address(notebook), self._picture(one)) for id_, one in wrong.items()
        }
        now = self._clock()
        opened: list[Incident] = []
        seen: list[Incident] = []
        with self.store.change() as database:
            for id_, finding in wrong.items():
                before = known(database, id_)
                incident = self._seen(before, about, finding, evidence[id_], now)
                is_new = before is None or before.state == "resolved"
                is_loud_again = bool(incident.muted_until) and not incident.is_muted(now)
                if is_loud_again or (is_new and not incident.muted_until):
                    incident = replace(incident, muted_until=0, decided="")  # about an earlier occurrence
                put(database, incident, notebook)
                (opened if is_new or is_loud_again else seen).append(incident)
                if (is_new or is_loud_again) and not incident.muted_until:
                    post(database, incident, [one.name for one in self.channels], _message(incident), now)
            resolved = self._close(database, about, notebook, set(wrong))
            # Before the commit: a process that is killed in between writes these lines twice, not never.
            self._write(opened, resolved)
        sent = self._outbox().send()
        waiting = len(self.store.waiting(self._project))
        return AlertSummary(tuple(opened), tuple(seen), tuple(resolved), tuple(sent), waiting)

    def send(self) -> list[Sent]:
        """Try everything in the outbox, due or not; no batch waits for it.

        Raises:
            WorkspaceError: when the outcome cannot be recorded.
        """
        return self._outbox().send(_BY_HAND_SECONDS, also_early=True)

    def _outbox(self) -> Outbox:
        return Outbox(self.store, self._project, self.channels, self._clock)

    def _seen(
        self, before: Incident | None, about: str, finding: Finding, evidence: Evidence, now: float
    ) -> Incident:
        """Return the incident as it is after this look."""
        if before is None:
            id_ = incident_id(self._project, about, finding)
            check, subject = finding.check, finding.subject
            return Incident(id_, self._project, about, check, subject, "open", 1, now, now, 0, "", evidence)
        seen = replace(before, check=finding.check, last_seen=now, evidence=evidence)
        if before.state == "resolved":
            return replace(seen, state="open", times=1, first_seen=now)
        return replace(seen, times=before.times + 1)

    def _picture(self, finding: Finding) -> str:
        return self._draw(finding.subject, finding.shares) if self._draw and finding.subject else ""

    def _close(
        self, database: sqlite3.Connection, about: str, notebook: str, still: set[str]
    ) -> list[Incident]:
        """Close what the same notebook found in the same data before, and does not find now."""
        before = unresolved(database, self._project, about, notebook)
        over = [incident for incident in before if incident.id not in still]
        for incident in over:
            put(database, replace(incident, state="resolved"), notebook)
            withdraw(database, incident)
        return over

    def _write(self, opened: Sequence[Incident], resolved: Sequence[Incident]) -> None:
        """Append to the log and to the file of JSON lines, which everybody has."""
        if not opened and not resolved:
            return
        stamp = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds")
        lines = [
            f"{stamp} {title(one.as_message())}: {_in_a_line(one.evidence.found)} ({one.id})"
            for one in opened
        ]
        lines += [f"{stamp} [{one.project}] over: {one.title} ({one.id})" for one in resolved]
        records = [{"event": "opened", "time": stamp, **one.as_message()} for one in opened]
        records += [{"event": "resolved", "time": stamp, "incident": one.id} for one in resolved]
        texts = [json.dumps(record, ensure_ascii=False) for record in records]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for name, content in ((LOG_FILE, lines), (JSON_FILE, texts)):
                with (self._folder / name).open("a", encoding="utf-8") as file:
                    file.write("".join(f"{line}\n" for line in content))
        except OSError as error:
            raise WorkspaceError(
                f"{self._folder} must be a folder that alerts can be written to, but: {reason_of(error)}. "
                "Make room or fix its permissions; the next run reports what was found."
            ) from error


def channels_of(project: Project) -> list[Channel]:
    """Return the channels of project.yml."""
    settings = project.spec.alerts
    channels: list[Channel] = []
    if settings.webhook:
        channels.append(WebhookChannel(settings.webhook))
    if settings.email:
        channels.append(MailChannel(settings.email))
    return channels


def try_channels(project: Project) -> list[tuple[str, str]]:
    """Send a message that says so through each channel; return channel and outcome, `delivered` where it was taken."""
    evidence = Evidence("This only tests the channel", "Nothing", "test")
    now = time.time()
    message = Incident(
        uuid.uuid4().hex[:12], project.name, "no data", "test", "", "open", 1, now, now, 0, "", evidence
    ).as_message()
    outcomes = [
        (one.name, one.send(message["incident"], message, BUDGET_SECONDS)) for one in channels_of(project)
    ]
    return [(name, getattr(outcome, "problem", "delivered")) for name, outcome in outcomes]


def _address(notebook: str) -> str:
    """Return where the executed notebook will be, or its name where no batch runs it."""
    folder = os.environ.get(RUN_FOLDER_VARIABLE)
    return (Path(folder) / f"{notebook}.ipynb").as_uri() if folder else notebook


def _in_a_line(text: str) -> str:
    return " ".join(text.split())  # values of data may break lines


def _message(incident: Incident) -> str:
    return json.dumps(incident.as_message(), ensure_ascii=False)


def _not_delivered(sent: Sent) -> str:
    what = title(json.loads(sent.message))
    match sent.outcome:
        case Later(problem):
            return f"Not delivered yet through {sent.channel}: {what}: {problem}. It is tried again later."
        case Refused(problem):
            return (
                f"NOT delivered through {sent.channel}: {what}: {problem}. Correct `alerts` in project.yml."
            )
        case _:
            return ""
