"""Spans that are missing, were delivered twice or came back changed, judged by content and not by name or time.

ML Metadata keeps the digest of every file that ExampleGen ever read here, and nothing else can be compared with: a span
that was never read leaves no trace.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeAlias

from kit.checks.check import Finding, wrong
from kit.checks.config import Severity
from kit.data.data_file import DataFile, files_of
from kit.data.quarantined import quarantined_rows, read_counts
from kit.session import Session

CHECK, QUARANTINE = "deliveries", "quarantine"
_SHOWN_ROWS = 5
_Digests: TypeAlias = dict[int, tuple[str, ...]]  # of the files of each span, sorted


def deliveries(session: Session) -> list[Finding]:
    """Judge what ExampleGen last read by what it read before in this workspace; one finding per incident.

    Rows in quarantine are reported whatever the severity, and only warn: quarantine is there to let the rest go on.
    A changed span stays a finding when the same run is repeated, but not once a later run has read it.

    Raises:
        StepOrderError: when there are no examples yet.
    """
    latest, *past = session.past_properties("ExampleGen")
    aside = list(_quarantined(session))
    severity = session.project.spec.checks.deliveries
    if severity == "off":
        return aside
    files = files_of(latest)
    findings = [
        *_twice(session, files, severity),
        *_changed(session, files, map(files_of, past), severity),
        *_missing(latest.get("missing", ""), severity),
    ]
    # An old run in this workspace has no `missing`: its spans were all there.
    return [*(findings or [Finding(CHECK, f"files: {len(files):,}, none twice or changed", "ok")]), *aside]


def _twice(session: Session, files: Iterable[DataFile], severity: Severity) -> Iterable[Finding]:
    same: dict[str, list[DataFile]] = defaultdict(list)
    for file in files:
        same[file.sha256].append(file)
    for several in same.values():
        if len(several) > 1:
            named = [_name(session, file) for file in several]
            yield Finding(
                CHECK,
                f"{' and '.join(named)} have the same bytes",
                wrong(severity),
                "Ask for the file that should have been delivered, and run again.",
                subject=f"same bytes as {named[0]}",
                value=float(len(several)),
                expected="each file another",
            )


def _changed(
    session: Session, files: list[DataFile], past: Iterable[list[DataFile]], severity: Severity
) -> Iterable[Finding]:
    """Compare each span with the last earlier run that read it and whose input differed."""
    now, earlier = _digests(files), [_digests(one) for one in past if one != files]
    for span, digests in now.items():
        before = next((one[span] for one in earlier if span in one), digests)
        if before == digests:
            continue
        label = session.project.span_label(span)
        changed = len(set(digests) - set(before)) or len(set(before) - set(digests))
        yield Finding(
            CHECK,
            f"Span {label} was read here before and was delivered again, changed: {changed} of {len(digests)} files",
            wrong(severity),
            "Find out why, and train again if a model was trained on the old bytes; the examples here come from the "
            "new ones.",
            subject=f"span {label}",
            value=float(changed),
            expected="the same bytes as before",
        )


def _missing(missing: str, severity: Severity) -> Iterable[Finding]:
    for one in filter(None, missing.split("; ")):
        yield Finding(
            CHECK,
            f"Not all of {one}",
            wrong(severity),
            "Run again when it is delivered: it is then read automatically.",
            subject=f"missing of {one.partition(':')[0]}",
            expected="every span there",
        )


def _quarantined(session: Session) -> Iterable[Finding]:
    counts = [count for count in read_counts(session) if count.quarantined]
    for span in dict.fromkeys(count.span for count in counts):
        of_span = [count for count in counts if count.span == span]
        rows, read = sum(count.quarantined for count in of_span), sum(count.read for count in of_span)
        where = "" if span is None else f"span {session.project.span_label(span)}"
        yield Finding(
            QUARANTINE,
            f"in quarantine: {rows:,} of {read:,} rows{f' of {where}' if where else ''}",
            "warn",
            "Look at their reasons; if the rows are right, change the schema.",
            subject=where,
            value=rows / read,
            expected=f"none, and at most {100 * session.project.spec.checks.quarantine_at_most:.4g}% of a span",
            rows=tuple(quarantined_rows(session, of_span, _SHOWN_ROWS)),
        )


def _digests(files: Iterable[DataFile]) -> _Digests:
    spans: dict[int, list[str]] = defaultdict(list)
    for file in files:
        if file.span is not None:  # without spans new data replace the old: not a second delivery
            spans[file.span].append(file.sha256)
    return {span: tuple(sorted(digests)) for span, digests in spans.items()}


def _name(session: Session, file: DataFile) -> str:
    span = "" if file.span is None else f" (span {session.project.span_label(file.span)})"
    return f"{file.path}{span}"
