"""Data exercises whose proof is a number that the participant measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kit.checks.check import Finding
from kit.evaluation.metrics.scores import auc
from kit.faults.fault import Dose, Fault, Rows, Spoiled
from kit.workshop.data_exercise import DataExercise
from kit.workshop.exercise import PROVED, Point, near, same

_TOLERANCE = 0.02


class SilentExercise(DataExercise):
    """A value of a category whose label fell silent; the proof is the share of positive rows that it usually has."""

    @property
    def place(self) -> str:
        return f"{self.case.column}={self._silent}"

    def prove(self, proof: Any) -> Point:
        clean = pa.concat_tables([self._clean(span) for span in self._training])
        of_it = pc.fill_null(pc.equal(clean[self.case.column], self._silent), fill_value=False)
        labels = clean[self._project.label].filter(of_it).to_numpy()
        usual = float(np.mean(labels > 0))
        reached = near(proof, usual, _TOLERANCE)
        return Point(
            PROVED, reached, _measured(proof, reached, f"its usual rate of {self._project.label} there")
        )

    @property
    def _silent(self) -> str:
        hit = self._spoiled(self.case.span, self._seed).hit
        return str(self._clean(self.case.span)[self.case.column].filter(pa.array(hit))[0].as_py())

    def _is_about_it(self, finding: Finding) -> bool:
        return same(finding.subject, self.place)


class LeakExercise(DataExercise):
    """A feature that was written after the label was known; the proof is its AUC by itself."""

    def prove(self, proof: Any) -> Point:
        table = pa.concat_tables([self._faulty(span, self._seed) for span in self._training])
        values = -table[self.case.column].to_numpy().astype(float)
        positive = table[self._project.label].to_numpy() > 0
        reached = near(proof, auc(values, positive), _TOLERANCE)
        return Point(PROVED, reached, _measured(proof, reached, f"its AUC of {self._project.label} alone"))


def _spoil_positions(rows: Rows, dose: Dose) -> Spoiled:
    """Sort the rows of some requests by clicks, and number them again: positions as a later job would log them."""
    requests = rows.table["request_id"].to_pandas()
    names = requests.unique()
    chosen = np.random.default_rng(dose.seed).permutation(names)[: max(1, round(dose.share * len(names)))]
    within = requests.isin(chosen).to_numpy()
    positions = rows.table[dose.column].to_numpy().copy()
    places = np.flatnonzero(within)
    codes, labels = requests.factorize()[0][places], rows.table[rows.label].to_numpy()[places]
    by_click = np.lexsort((positions[places], -labels, codes))
    by_place = np.lexsort((positions[places], codes))
    after = positions.copy()
    after[places[by_click]] = positions[places[by_place]]
    column = pa.array(after, rows.table[dose.column].type)
    return Spoiled(np.arange(len(after)), after != positions, dose.column, column)


LEAK = Fault(
    "leaked-position",
    "A job that runs after the clicks sorts lists by them, and its positions are logged instead of those that were "
    "shown.",
    _spoil_positions,
    {"category": ("int",)},
)


def _measured(proof: object, reached: bool, what: str) -> str:
    if proof is None:
        return "nothing is measured yet"
    return (
        f"measured right: {what} is {proof}" if reached else f"{what} is not {proof}, to within {_TOLERANCE}"
    )
