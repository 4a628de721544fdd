"""An incident: one thing that is wrong with some data, however often and by however many runs it is found."""

from __future__ import annotations

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from kit.checks.check import Finding

_MOST_ROWS = 5
_SEVERITIES = ("fail", "warn")  # the worst first


@dataclass(frozen=True)
class Evidence:
    """What a person needs to believe an incident and find its cause.

    Attributes:
        found: the finding, a sentence with the numbers and without its full stop.
        what_to_do: the way out.
        severity: `warn`, or `fail` where it ends a batch.
        value: what was measured; None: not a number, or not finite, which JSON cannot say.
        expected: what it should have been.
        rows: up to five rows at fault, every column as text.
        notebook: address of the executed notebook, or its name where a person ran it by hand.
        picture: SVG of the feature, or empty.
    """

    found: str
    what_to_do: str
    severity: str
    value: float | None = None
    expected: str = ""
    rows: tuple[Mapping[str, str], ...] = ()
    notebook: str = ""
    picture: str = ""

    @classmethod
    def of(cls, finding: Finding, notebook: str, picture: str) -> Evidence:
        return cls(
            finding.found.strip().rstrip("."),
            finding.what_to_do,
            finding.state,
            finding.value if finding.value is not None and math.isfinite(finding.value) else None,
            finding.expected,
            finding.rows[:_MOST_ROWS],
            notebook,
            picture,
        )

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Evidence:
        values = json.loads(text)
        return cls(**{**values, "rows": tuple(values["rows"])})


@dataclass(frozen=True)
class Incident:
    """One incident as it is kept; times are seconds since 1970, UTC.

    Attributes:
        id: 12 hexadecimal digits, the same for every run that finds it.
        project: the project in whose data it was found.
        about: the data, such as `span 8`.
        check: the check that found it; several, with commas between them.
        subject: feature or slice; empty: all of the data.
        state: `open`, `acknowledged` or `resolved`.
        times: how often it was found since it was last opened.
        first_seen: when it was last opened.
        last_seen: when it was found last.
        muted_until: the time until which it is not sent; 0: it is not muted.
        decided: who acknowledged or muted it, when and why.
        evidence: the evidence found last.
    """

    id: str
    project: str
    about: str
    check: str
    subject: str
    state: str
    times: int
    first_seen: float
    last_seen: float
    muted_until: float
    decided: str
    evidence: Evidence

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return f"{self.project}, {self.about}: {self.what}"

    @property
    def what(self) -> str:
        """The check that has found something, and in which column or slice."""
        return f"{self.check}{f', {self.subject}' if self.subject else ''}"

    def is_muted(self, now: float) -> bool:
        """Return whether somebody has muted it until after a time."""
        return self.muted_until > now

    def is_loud(self, now: float) -> bool:
        """Return whether it waits for somebody at a time: it is open, and neither acknowledged nor muted."""
        return self.state == "open" and not self.is_muted(now)

    def as_message(self) -> dict[str, Any]:
        """Return what receivers get, as plain values."""
        return {
            "incident": self.id,
            "project": self.project,
            "about": self.about,
            "check": self.check,
            "subject": self.subject,
            "first_seen": self.first_seen,
            **asdict(self.evidence),
        }


def by_subject(findings: Iterable[Finding]) -> list[Finding]:
    """Merge all that checks found wrong with a subject into one finding, the worst first: it is one incident.

    A price in cents is outside its range, has drifted and no longer correlates with other columns; nobody wants four
    alerts. Findings without a subject are one per check.
    """
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.state in _SEVERITIES:
            groups[_what(finding)].append(finding)
    return [_merged(sorted(group, key=lambda one: _SEVERITIES.index(one.state))) for group in groups.values()]


def incident_id(project: str, about: str, finding: Finding) -> str:
    """Return what identifies an incident: where it is and what it is about, not how bad it is."""
    parts = json.dumps([project, about, _what(finding)], ensure_ascii=False)
    return hashlib.sha256(parts.encode()).hexdigest()[:12]


def _what(finding: Finding) -> str:
    return finding.subject or f"({finding.check})"


def _merged(findings: Sequence[Finding]) -> Finding:
    if len(findings) == 1:
        return findings[0]
    with_rows = [finding for finding in findings if finding.rows]
    values = [finding.value for finding in findings if finding.value is not None]
    return replace(
        findings[0],
        check=", ".join(dict.fromkeys(finding.check for finding in findings)),
        found="; ".join(finding.found.rstrip(".") for finding in findings),
        what_to_do=" ".join(dict.fromkeys(finding.what_to_do for finding in findings)),
        value=values[0] if values else None,
        expected="; ".join(dict.fromkeys(finding.expected for finding in findings if finding.expected)),
        rows=with_rows[0].rows if with_rows else (),
    )
