"""Run the checks that a project asks for on the examples of a session."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from kit.checks import drift
from kit.checks.check import Check, Finding
from kit.checks.deliveries import deliveries
from kit.checks.history import Part, history_of, parts_of
from kit.checks.rows import Rows
from kit.checks.suite import as_date, checks_of, feed, findings_of, of_age, of_statistics, wants_statistics
from kit.data.example_gen import SPLITS
from kit.data.records import decoded_batches
from kit.errors import DataAnomalyError, DriftError
from kit.session import Session


def examine(session: Session, as_of: str = "") -> list[Finding]:
    """Read the examples once, and return what the checks that are not `off` found.

    Statistics are those of StatisticsGen where it has run on these examples; those of each span are kept in the
    workspace. Memory is that of the checks: at most 24 bytes per row, plus what they need for distinct keys.

    Args:
        session: the session whose ExampleGen has run.
        as_of: the day on which the data are wanted, as 2026-01-31; empty: their age is not checked.

    Raises:
        StepOrderError: when there are no examples yet.
        ProjectError: when `as_of` is not a date, or `checks` names a column that the project does not have.
    """
    day, project = as_date(as_of), session.project
    checks = checks_of(project)
    examples = session.path("ExampleGen", "examples")
    arrived = deliveries(session)
    if not checks and not wants_statistics(project):
        return arrived
    parts = parts_of(session)
    for split in SPLITS:
        feed_split(checks, examples, split, parts[split])
    found = arrived + findings_of(checks)
    if wants_statistics(project):
        found += of_statistics(project, history_of(session, parts))
    return found + of_age(project, checks, day)


def feed_split(checks: Sequence[Check], examples: Path, split: str, parts: Sequence[Part] = ()) -> None:
    """Feed the checks the rows of one split of an Examples artifact's folder.

    Args:
        checks: the checks that see them.
        examples: the folder.
        split: `train` or `eval`.
        parts: the spans that the rows come from; none: not known.
    """
    left = [(part.span, part.rows) for part in parts]
    for _, batch in decoded_batches(examples, split) if checks else ():
        for rows in _by_span(Rows.of_examples(batch), left):
            feed(checks, split, rows)


def check_findings(findings: Sequence[Finding]) -> str:
    """Return one sentence when nothing that was found blocks.

    Raises:
        DriftError: when all that blocks is drift.
        DataAnomalyError: when anything else does; the message lists it.
    """
    blocking = [finding for finding in findings if finding.state == "fail"]
    if not blocking:
        warnings = sum(finding.state == "warn" for finding in findings)
        return f"No check blocks. Findings that warn: {warnings} of {len(findings)}."
    lines = "\n".join(f"  {finding.check}: {finding.found}. {finding.what_to_do}" for finding in blocking)
    drifted = all(finding.check == drift.NAME for finding in blocking)
    raise (DriftError if drifted else DataAnomalyError)(
        f"The data must pass the checks of project.yml, but do not:\n{lines}\n"
        "Fix the data or choose other spans; if the data are right, set the check to warn in project.yml."
    )


def _by_span(rows: Rows, left: list[tuple[int, int]]) -> Iterator[Rows]:
    """Yield rows of one span at a time.

    Args:
        rows: the rows of some spans, or of an unknown one.
        left: the spans and how many rows of each are still to come; reduced as rows are yielded.
    """
    start = 0
    while left and start < len(rows):
        (span, count), *rest = left
        stop = min(start + count, len(rows))
        yield rows.slice(start, stop, span)
        left[:] = [(span, count - (stop - start)), *rest] if count > stop - start else rest
        start = stop
    if start < len(rows):
        yield rows.slice(start, len(rows), None)
