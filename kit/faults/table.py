"""The table of faults: which check catches each, and from how many rows on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kit.errors import FaultError
from kit.faults.fault import Dose, Fault
from kit.faults.lab import SHARES, Lab, Trial

HEADER = ("fault", "column", "share", "rows", "a batch", "smallest share caught", "caught by")


@dataclass(frozen=True)
class Line:
    """One fault in the table.

    Attributes:
        fault: its name.
        column: the column that it was put into; empty: whole rows.
        trial: the trial at the share that was asked for; None: the fault does not fit the data.
        smallest: the trial at the smallest share at which it is caught; None: it was never caught.
        why_not: why the fault does not fit.
    """

    fault: str
    column: str
    trial: Trial | None
    smallest: Trial | None
    why_not: str = ""

    def cells(self) -> tuple[str, ...]:
        """Return the line as text, in the order of the header."""
        if self.trial is None:
            return (self.fault, self.column, "", "", "", "", f"not tried: {self.why_not}")
        least = self.smallest
        smallest = (
            f"{least.share:.3%} ({least.rows:,} row{'' if least.rows == 1 else 's'})"
            if least
            else f"none up to {SHARES[-1]:.0%}"
        )
        return (
            self.fault,
            self.column or "whole rows",
            f"{self.trial.share:.2%}",
            f"{self.trial.rows:,} of {self.trial.of:,}",
            "stops" if self.trial.stops else "warns" if self.trial.caught else "goes on",
            smallest,
            ", ".join(self.trial.caught_by()) or "NOTHING",
        )


def lines(lab: Lab, faults: Iterable[Fault], share: float, seed: int) -> Iterator[Line]:
    """Try each fault in the column that shows it best; one that does not fit the data is listed, too."""
    for fault in faults:
        column = ""
        try:
            column = fault.column(lab.project)
            trial = lab.trial(fault, Dose(column, share, seed))
            yield Line(fault.name, column, trial, lab.smallest(fault, column, seed))
        except FaultError as error:
            yield Line(fault.name, column, None, None, str(error))
