"""Exercises with a fault in the data: the checks run on the faulty day and on the day as it was delivered."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kit.checks.check import Finding
from kit.checks.judge import Judge
from kit.faults.delivery import Delivery
from kit.faults.fault import Dose, Fault, Spoiled
from kit.faults.inject import clean_spans
from kit.project import Project
from kit.workshop.exercise import CAUGHT, FOUND, NEXT_SEED, PROVED, About, Answer, Exercise, Point, same
from kit.workshop.guard import Guard, make_guard

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

ROWS_OF_PROOF = 3
_DAYS = 3  # days before the faulty one to compare with: enough for the checks, and quickly read


@dataclass(frozen=True)
class Case:
    """What goes wrong in a data exercise.

    Attributes:
        fault: the fault of `kit.faults`, or of the exercise's own.
        column: the column that it is put into.
        share: the share of the rows that it hits.
        span: the day that it is put into.
        everywhere: whether the days to train on have it as well.
        settings: the settings of project.yml that are weaker in the exercise's copy.
        rules: the rules of the schema, likewise.
    """

    fault: Fault
    column: str
    share: float
    span: int = 7
    everywhere: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class DataExercise(Exercise):
    """A fault in a copy of a day, in memory; what was delivered is only read.

    Args:
        project: the project whose day it is.
        folder: for the exercise's copy of project.yml and schema.
        case: what goes wrong.
        seed: chooses the rows at fault.
        about: name, title and hints.
    """

    def __init__(self, project: Project, folder: Path, case: Case, seed: int, about: About) -> None:
        super().__init__(project, folder, seed, about)
        self.case = case

    def rows(self) -> pd.DataFrame:
        """Return the rows of the day with the fault in it, as they would be delivered; numbered from 0."""
        table: pd.DataFrame = self._faulty(self.case.span, self._seed).to_pandas()
        return table

    def clean_rows(self) -> pd.DataFrame:
        """Return the rows of the days before, which have no fault unless those to train on have it as well."""
        import pandas as pd  # noqa: PLC0415

        spans = self._faulty if self.case.everywhere else self._clean
        tables = [spans(span, self._seed).to_pandas() for span in self._training]
        whole: pd.DataFrame = pd.concat(tables, ignore_index=True)
        return whole

    def said(self) -> list[Finding]:
        """Return what the exercise's weaker copy of the project says about the fault."""
        return [one for one in self._findings(self.guard(Answer()), self._seed) if one.is_wrong]

    def _stops(self, said: Finding) -> bool:
        return said.state == "fail"

    def guard(self, answer: Answer) -> Guard:
        return make_guard(
            self._project,
            self._folder,
            (self.case.settings, self.case.rules),
            (answer.settings, answer.rules),
        )

    def find(self, where: str) -> Point:
        reached = same(where, self.place)
        return Point(FOUND, reached, f"the fault is in {self.place}" if reached else _not_there(where))

    @property
    def place(self) -> str:
        """Where the fault is, as participants name it."""
        return self.case.column

    def catch(self, guard: Guard) -> Point:
        clean = [one for one in self._findings(guard, None) if one.state == "fail"]
        if clean:
            return Point(CAUGHT, False, f"the day as it was delivered is stopped as well: {clean[0].found}")
        for seed in (self._seed, self._seed + NEXT_SEED):
            stopped = [one for one in self._findings(guard, seed) if one.state == "fail"]
            if not any(self._is_about_it(one) for one in stopped):
                which = "this day" if seed == self._seed else "the same fault in other rows"
                return Point(CAUGHT, False, f"{which} would still not be stopped for what is wrong with it")
        said = next(one for one in stopped if self._is_about_it(one))
        return Point(CAUGHT, True, f"stopped by {said.check}: {said.found}; the good day passes")

    def _is_about_it(self, finding: Finding) -> bool:
        return finding.subject.partition("=")[0] == self.case.column

    def _findings(self, guard: Guard, seed: int | None) -> list[Finding]:
        """Return what a guard says about the day with the fault in rows chosen by a seed; None: without a fault."""
        rows = self._clean if seed is None or not self.case.everywhere else self._faulty
        reference = {span: rows(span, seed or 0).to_batches() for span in self._training}
        day = self._clean(self.case.span) if seed is None else self._faulty(self.case.span, seed)
        judge = Judge(guard.project, reference, guard.schema)
        return judge.judge(day.combine_chunks().to_batches(), self.case.span)

    def _clean(self, span: int, _seed: int = 0) -> pa.Table:
        return self._deliveries[span].rows.table

    def _faulty(self, span: int, seed: int) -> pa.Table:
        return self._spoiled(span, seed).of(self._clean(span))

    def _spoiled(self, span: int, seed: int) -> Spoiled:
        return self.case.fault.spoil(
            self._deliveries[span].rows, Dose(self.case.column, self.case.share, seed)
        )

    @cached_property
    def _training(self) -> list[int]:
        return clean_spans(self._project, [self.case.span])[-_DAYS:]

    @cached_property
    def _deliveries(self) -> dict[int, Delivery]:
        return {span: Delivery(self._project, span) for span in [*self._training, self.case.span]}

    @abstractmethod
    def prove(self, proof: Any) -> Point: ...


class RowsExercise(DataExercise):
    """The proof is rows at fault, by their numbers in `rows()`."""

    def prove(self, proof: Any) -> Point:
        numbers = proof if isinstance(proof, list | tuple) else ()
        chosen = {number for number in numbers if isinstance(number, int | np.integer)}
        hit = set(np.flatnonzero(self._spoiled(self.case.span, self._seed).hit).tolist())
        if wrong := sorted(chosen - hit):
            return Point(PROVED, False, f"row {wrong[0]} is as it was delivered")
        reached = len(chosen) >= ROWS_OF_PROOF
        said = f"{len(chosen)} rows named are at fault" if chosen else "no row is named yet"
        return Point(
            PROVED, reached, said if reached or not chosen else f"{said}, {ROWS_OF_PROOF} are needed"
        )


def _not_there(where: str) -> str:
    return f"the fault is not in {where}" if where else "nothing is named yet"
