"""Run the checks that a project asks for on the examples of a session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from kit.checks.check import Check, Finding
from kit.checks.label_rates import LabelRates
from kit.checks.repeats import RepeatedRows, SharedKeys
from kit.data.example_gen import SPLITS
from kit.data.records import decoded_batches
from kit.errors import DataAnomalyError
from kit.project import Project
from kit.session import Session


def examine(session: Session) -> list[Finding]:
    """Read the examples once, and return what the checks that are not `off` found.

    Raises:
        StepOrderError: when there are no examples yet.
    """
    checks = checks_of(session.project)
    for split in SPLITS:
        feed(checks, session.path("ExampleGen", "examples"), split)
    return speak(checks)


def feed(checks: Sequence[Check], examples: Path, split: str) -> None:
    """Show the checks the rows of one split of an Examples artifact's folder."""
    for records, batch in decoded_batches(examples, split) if checks else ():
        for check in checks:
            check.add(split, records, batch)


def speak(checks: Iterable[Check]) -> list[Finding]:
    """Return what the checks found in all that they were shown."""
    return [finding for check in checks for finding in check.findings()]


def require(findings: Sequence[Finding]) -> str:
    """Return one sentence when nothing that was found blocks.

    Raises:
        DataAnomalyError: when something does; the message lists it.
    """
    blocking = [finding for finding in findings if finding.state == "fail"]
    if not blocking:
        warnings = sum(finding.state == "warn" for finding in findings)
        return f"No check blocks; {warnings or 'none'} of {len(findings)} findings warn."
    lines = "\n".join(f"  {finding.check}: {finding.found}. {finding.what_to_do}" for finding in blocking)
    raise DataAnomalyError(
        f"The data must pass the checks of project.yml, but {len(blocking)} block:\n{lines}\n"
        "Mend the data or choose other spans; where the data are right, set the check to warn in project.yml."
    )


def checks_of(project: Project) -> list[Check]:
    """Return the checks that are not `off` in project.yml, which have seen nothing yet."""
    settings = project.spec.checks
    sliced = dict.fromkeys(name for names in project.spec.slices for name in names if name != project.label)
    keys = [name for name, column in project.columns.items() if column.kind == "key"]
    checks: list[Check] = [
        LabelRates(project.label, sliced, settings.label_rates_change, settings.label_rates),
        RepeatedRows(settings.repeated_rows),
        SharedKeys(keys, settings.shared_keys),
    ]
    return [check for check in checks if check.severity != "off"]
