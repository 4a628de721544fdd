"""The fault lab of one span for a view: plain values in, plain values out, texts in the reader's language."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kit.data.span_statistics import as_examples
from kit.data.statistics import statistics_of_batches
from kit.data.summaries import summarize
from kit.digests import of_file
from kit.errors import DataAnomalyError
from kit.faults.catalogue import FAULTS, fault_named
from kit.faults.fault import Dose, Spoiled
from kit.faults.inject import chosen_span, days_of
from kit.faults.lab import SHARES, Lab, Trial
from kit.faults.table import lines
from kit.project import Project
from kit.texts import Say
from kit.translation.labels import label
from kit.translation.messages import in_language, parts_in_language
from kit.workspace import Workspace


class FaultDesk:
    """Puts faults into copies of a span, and reports what the project's checks say.

    Args:
        project: the project whose span and checks they are.
        span: its number or date; empty: the last of those to evaluate on.
        workspace: the workspace that may have a schema that takes precedence over the project's own.

    Raises:
        FaultError: when the project has no spans, or the text is not one of them.
        InputDataError: when the span was not delivered, or cannot be read.
    """

    def __init__(self, project: Project, span: str = "", workspace: Workspace | None = None) -> None:
        self.project = project
        self.lab = Lab(project, chosen_span(project, span), workspace)
        self._before = self._digests()

    def summary(self) -> dict[str, Any]:
        """Return the faults that these data can have, as plain values."""
        faults = [
            {"name": fault.name, "what": in_language(fault.what), "columns": fault.columns(self.project)}
            for fault in FAULTS.values()
        ]
        return {
            "faults": [fault for fault in faults if fault["columns"] or not FAULTS[str(fault["name"])].kinds]
        }

    def chosen(self, fault: str, column: str = "", share: float = 0.05, seed: int = 7) -> dict[str, Any]:
        """Return a notebook's choice, with the default column in place of an empty one.

        Raises:
            FaultError: when there is no such fault, it does not fit the column, or the share is not valid.
        """
        dose = Dose(fault_named(fault).column(self.project, column), share, seed)
        return {"fault": fault, "column": dose.column, "share": dose.share, "seed": dose.seed}

    def inject(self, fault: str, column: str, share: float, seed: int) -> dict[str, Any]:
        """Put a fault into a copy and judge it.

        Returns:
            `rows` at fault out of `of`, in which `days`; `said`: what each check says beyond what it says about the
            clean rows; `picture`: a record of the column's statistics before and after, with a `note`.

        Raises:
            FaultError: when there is no such fault, or it does not fit the column or its values.
        """
        chosen = fault_named(fault)
        dose = Dose(chosen.column(self.project, column), share, seed)
        trial = self.lab.trial(chosen, dose)
        spoiled = self.lab.spoil(chosen, dose)
        picture, note = self._picture(spoiled, dose.column)
        return {
            "rows": trial.rows,
            "of": trial.of,
            "days": self._days(trial),
            "said": [
                {
                    "check": label(one.check),
                    "about": one.subject,
                    "found": parts_in_language(one.found),
                    "expected": parts_in_language(one.expected),
                    "stops": one.state == "fail",
                }
                for one in trial.findings
            ],
            "picture": picture,
            "note": note,
        }

    def search(self, fault: str, column: str, seed: int = 7) -> dict[str, Any]:
        """Return the smallest share of rows at which a fault is caught, as a record.

        Raises:
            FaultError: when there is no such fault, or it does not fit the column or its values.
        """
        chosen = fault_named(fault)
        name = chosen.column(self.project, column)
        return _smallest(fault, name, self.lab.smallest(chosen, name, seed))

    def shares(self, seed: int = 7, say: Say = print) -> list[dict[str, Any]]:
        """Search the smallest share of every fault, in the column that shows it best.

        Args:
            seed: chooses the rows at fault.
            say: is told of each fault when it has been searched.
        """
        found = []
        for number, line in enumerate(lines(self.lab, FAULTS.values(), SHARES[-1], seed), 1):
            say(in_language(f"{number} of {len(FAULTS)} faults searched: {line.fault}"))
            found.append(_smallest(line.fault, line.column, line.smallest, line.why_not))
        return found

    def check_untouched(self) -> str:
        """Return one sentence when the copied files are unchanged.

        Raises:
            DataAnomalyError: when one has changed.
        """
        if changed := [path for path, digest in self._digests().items() if self._before.get(path) != digest]:
            raise DataAnomalyError(
                f"Faults go into copies, and the files must stay as they were, but {', '.join(map(str, changed))} "
                "changed meanwhile. See who writes them, and start again."
            )
        span = self.project.span_label(self.lab.span)
        return f"The files of span {span} are as they were: every fault went into a copy."

    def _digests(self) -> dict[Path, str]:
        files = self.project.span_files(self.lab.span)
        return {path: of_file(path) for path in files}

    def _days(self, trial: Trial) -> str:
        labels = [self.project.span_label(day) for day in trial.days]
        all_days = days_of(self.project, fault_named(trial.fault), self.lab.span)
        if len(all_days) == 1:
            return parts_in_language(f"span {labels[0]}")
        return in_language(f"{len(labels)} of {len(all_days)} days, span {labels[0]} to {labels[-1]}")

    def _picture(self, spoiled: Spoiled, asked: str) -> tuple[dict[str, Any] | None, str]:
        """Return the statistics of the column before and after; for a label, only where it is set."""
        before = self.lab.delivery(self.lab.span).rows.table
        after = spoiled.of(before)
        if not spoiled.column:
            return None, in_language(f"{len(before):,} rows before, {len(after):,} after.")
        note = ""
        if spoiled.column != asked:
            nothing = spoiled.values.filter(pa.array(spoiled.hit))[0] if spoiled.values is not None else None
            before, after = (
                table.filter(pc.not_equal(table[spoiled.column], nothing)) for table in (before, after)
            )
            note = in_language(f"Of the rows whose {spoiled.column} is not {nothing}.")
        statistics = {
            name: statistics_of_batches(
                as_examples(batch) for batch in table.select([asked]).combine_chunks().to_batches()
            )
            for name, table in (("before", before), ("after", after))
        }
        [feature] = summarize(statistics, times=self.project.times)["features"]
        return feature, note


def _smallest(fault: str, column: str, trial: Trial | None, why_not: str = "") -> dict[str, Any]:
    return {
        "fault": fault,
        "column": column,
        "share": trial.share if trial else None,
        "rows": trial.rows if trial else 0,
        "of": trial.of if trial else 0,
        "caught_by": trial.caught_by(label) if trial else (),
        "most": SHARES[-1],
        "why_not": in_language(why_not),
    }
