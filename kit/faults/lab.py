"""Try faults on a span: which check catches each, and the smallest number of broken rows that it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from kit.checks.check import Finding
from kit.checks.judge import Judge
from kit.data.schema import file_in_force, read_schema
from kit.faults.delivery import Delivery
from kit.faults.fault import Dose, Fault, Spoiled
from kit.faults.inject import clean_spans, days_of
from kit.project import Project
from kit.workspace import Workspace

SHARES = (
    0.00025,
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.0075,
    0.01,
    0.015,
    0.02,
    0.025,
    0.03,
    0.035,
    0.04,
    0.045,
    0.05,
)
"""Of the rows, at which the smallest that is caught is searched."""


@dataclass(frozen=True)
class Trial:
    """The result of one fault on a span.

    Attributes:
        fault: its name.
        column: the column that was hit; empty: whole rows.
        share: the share of the rows that was asked for.
        rows: the number of rows at fault in all days until it was caught, or in all days.
        of: rows of those days.
        days: the days that were judged, one after the other; a fault that grows has several.
        findings: the findings that clean days do not give; none: the fault is not caught.
    """

    fault: str
    column: str
    share: float
    rows: int
    of: int
    days: tuple[int, ...]
    findings: tuple[Finding, ...]

    @property
    def caught(self) -> bool:
        return bool(self.findings)

    @property
    def stops(self) -> bool:
        """Whether a batch would end with it; what only warns is shown in its notebook."""
        return any(one.state == "fail" for one in self.findings)

    def caught_by(self, named: Callable[[str], str] = str) -> tuple[str, ...]:
        """Return the checks that catch it, each with its subject; `named` gives what a check is called."""
        return tuple(
            dict.fromkeys(
                f"{named(one.check)} ({one.subject})" if one.subject else named(one.check)
                for one in self.findings
            )
        )


class Lab:
    """The faults of one span, judged by the project's own schema and checks against clean spans.

    Clean spans are read and judged once; the original files are only read.

    Args:
        project: the project whose checks they are.
        span: the span to put faults into; a fault that grows ends with it.
        workspace: the workspace that may have a schema that takes precedence over the project's own.

    Raises:
        FaultError: when the project has no spans, or no clean one is left to compare with.
        InputDataError: when a span was not delivered, or cannot be read.
    """

    def __init__(self, project: Project, span: int, workspace: Workspace | None = None) -> None:
        self.project, self.span = project, span
        file = file_in_force(workspace, project)
        self._schema = read_schema(file) if file else None
        self._deliveries: dict[int, Delivery] = {}
        self._trials: dict[tuple[str, Dose], Trial] = {}
        self._judges: dict[tuple[int, ...], Judge] = {}
        self._clean: dict[tuple[tuple[int, ...], int], frozenset[tuple[str, str]]] = {}
        self.delivery(span)

    def delivery(self, span: int) -> Delivery:
        """Return the files of a span as they were delivered."""
        if span not in self._deliveries:
            self._deliveries[span] = Delivery(self.project, span)
        return self._deliveries[span]

    def spoil(self, fault: Fault, dose: Dose) -> Spoiled:
        """Return the span with the fault in it, at full strength."""
        return fault.spoil(self.delivery(self.span).rows, dose)

    def trial(self, fault: Fault, dose: Dose) -> Trial:
        """Put a fault into a copy, and return what the checks say.

        A fault that grows is judged day by day, as it would be delivered, until it is caught.

        Raises:
            FaultError: when there is nothing in the column for the fault to hit.
        """
        if (fault.name, dose) not in self._trials:
            self._trials[fault.name, dose] = self._try(fault, dose)
        return self._trials[fault.name, dose]

    def smallest(
        self, fault: Fault, column: str, seed: int = 7, shares: Sequence[float] = SHARES
    ) -> Trial | None:
        """Return the trial with the smallest of the shares at which the fault is caught; None: at none of them.

        Found by halving, which assumes that a fault caught in fewer rows is also caught in more.

        Args:
            fault: the fault to try.
            column: the column to put it into.
            seed: chooses the rows.
            shares: rising.
        """
        best = self._caught_at(fault, Dose(column, shares[-1], seed))
        low, high = 0, len(shares) - 1  # `high` is caught
        while best and low < high:
            middle = (low + high) // 2
            trial = self._caught_at(fault, Dose(column, shares[middle], seed))
            if trial:
                best, high = trial, middle
            else:
                low = middle + 1
        return best

    def _try(self, fault: Fault, dose: Dose) -> Trial:
        days = days_of(self.project, fault, self.span)
        clean = tuple(clean_spans(self.project, days))
        rows = of = 0
        new: tuple[Finding, ...] = ()
        judged: list[int] = []
        for number, day in enumerate(days, 1):
            before = self.delivery(day).rows
            spoiled = fault.spoil(before, Dose(dose.column, dose.share, dose.seed, number / len(days)))
            known = self._known(clean, day)
            found = self._findings(clean, day, spoiled.of(before.table))
            new = tuple(one for one in found if (one.check, one.subject) not in known)
            rows, of = rows + int(spoiled.hit.sum()), of + len(spoiled.hit)
            judged.append(day)
            if new:
                break
        return Trial(fault.name, dose.column, dose.share, rows, of, tuple(judged), new)

    def _caught_at(self, fault: Fault, dose: Dose) -> Trial | None:
        trial = self.trial(fault, dose)
        return trial if trial.caught else None

    def _known(self, clean: tuple[int, ...], day: int) -> frozenset[tuple[str, str]]:
        """Return what the checks say about the day as it was delivered."""
        if (clean, day) not in self._clean:
            found = self._findings(clean, day, self.delivery(day).rows.table)
            self._clean[clean, day] = frozenset((one.check, one.subject) for one in found)
        return self._clean[clean, day]

    def _findings(self, clean: tuple[int, ...], day: int, rows: pa.Table) -> list[Finding]:
        """Return what is wrong with the rows of a day, compared with clean days."""
        if clean not in self._judges:
            reference = {span: self.delivery(span).rows.table.to_batches() for span in clean}
            self._judges[clean] = Judge(self.project, reference, self._schema)
        # One batch, like a file of this size: small pieces would be slow to judge.
        found = self._judges[clean].judge(rows.combine_chunks().to_batches(), day)
        return [one for one in found if one.is_wrong]
