"""Exercises with a candidate that is good on average and bad for some: only a gate on the right slice stops it.

The candidates are not models but scores: the true probability of each click, which `sample_data/truth` knows, in the
order of the rows. The served model is as good as a model can be; the candidate shuffles the scores within one slice. So
where it is bad is known for sure, and the metrics are those that gates judge.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kit.evaluation.gate_checks import Found, ThresholdCheck, asked, checks_of, slice_name
from kit.evaluation.metrics.scores import auc, calibration, log_losses
from kit.faults.delivery import Delivery
from kit.project import Project
from kit.workshop.exercise import CAUGHT, FOUND, NEXT_SEED, PROVED, About, Answer, Exercise, Point, near, same
from kit.workshop.guard import Guard, make_guard
from kit.workspace import CHECKOUT

TRUTH = CHECKOUT / "sample_data" / "truth"
SPAN = 7
_TOLERANCE = 0.02
_MEASURED = "auc"


@dataclass(frozen=True)
class Weakness:
    """Where a candidate is bad, and the gates that the exercise's copy of the project has left.

    Attributes:
        slice: columns or bands with their values.
        gates: the gates that the copy still has.
    """

    slice: Mapping[str, str]
    gates: tuple[Mapping[str, Any], ...] = (
        {"metric": _MEASURED, "min": 0.7},
        {"metric": "logloss", "max": 0.45},
    )


class ScoresExercise(Exercise):
    """A candidate whose scores say nothing about the rows of one slice.

    Args:
        project: the project whose rows and gates they are.
        folder: for the exercise's copy of project.yml and schema.
        weakness: the slice in which it is bad.
        seed: the seed of the shuffle.
        about: name, title and hints.
    """

    def __init__(
        self,
        project: Project,
        folder: Path,
        weakness: Weakness,
        seed: int,
        about: About,
    ) -> None:
        super().__init__(project, folder, seed, about)
        self._weakness = weakness

    def rows(self) -> pd.DataFrame:
        """Return the rows to evaluate on with the score of the candidate; a band is a column as well."""
        return self._table.assign(score=self._scores(self._seed))

    def clean_rows(self) -> pd.DataFrame:
        """Return the same rows with the score of the model that is served now."""
        return self._table.assign(score=self._truth)

    def said(self) -> list[ThresholdCheck]:
        """Return the gates of the exercise's weaker copy, asked of the candidate."""
        return self._judged(self.guard(Answer()), self._scores(self._seed))

    def _stops(self, said: ThresholdCheck) -> bool:
        return not said.met

    @property
    def place(self) -> str:
        return slice_name(self._weakness.slice.items())

    def guard(self, answer: Answer) -> Guard:
        taken = {"gates": list(self._weakness.gates)}
        return make_guard(self._project, self._folder, (taken, {}), (answer.settings, answer.rules))

    def find(self, where: str) -> Point:
        asked = ", ".join(sorted(part.strip() for part in where.split(",")))
        reached = same(asked, self.place)
        not_there = f"the candidate is not bad on {where}" if where else "nothing is named yet"
        return Point(FOUND, reached, f"the candidate is bad on {self.place}" if reached else not_there)

    def prove(self, proof: Any) -> Point:
        found = self._measures(self._scores(self._seed))
        value = found.values[self.place][_MEASURED]  # noqa: PD011  no table
        reached = near(proof, value, _TOLERANCE)
        words = (
            f"its {_MEASURED} there is {value:.2f}" if reached else f"its {_MEASURED} there is not {proof}"
        )
        return Point(PROVED, reached, "nothing is measured yet" if proof is None else words)

    def catch(self, guard: Guard) -> Point:
        if missed := [one for one in self._judged(guard, self._truth) if not one.met]:
            return Point(
                CAUGHT, False, f"the model that is served now is stopped as well: {_words(missed[0])}"
            )
        for seed in (self._seed, self._seed + NEXT_SEED):
            missed = [one for one in self._judged(guard, self._scores(seed)) if not one.met]
            stopped = [one for one in missed if one.slice == self.place]
            if not stopped:
                which = "this candidate" if seed == self._seed else "another candidate that is bad there"
                # A gate that the average just misses would let the next one pass, whose average is a little better.
                end = f"stopped for {missed[0].slice} only" if missed else "blessed"
                return Point(CAUGHT, False, f"{which} would be {end}")
        return Point(CAUGHT, True, f"stopped: {_words(stopped[0])}; the model that is served now passes")

    def _judged(self, guard: Guard, scores: NDArray[np.float64]) -> list[ThresholdCheck]:
        cuts = [tuple(gate.slice) for gate in guard.project.spec.gates if gate.slice]
        found = self._measures(scores, (*guard.project.spec.slices, *cuts))
        return [check for gate in guard.project.spec.gates for check in checks_of(gate, found)]

    def _measures(self, scores: NDArray[np.float64], cuts: Sequence[Sequence[str]] | None = None) -> Found:
        """Return the metrics of scores on all rows and on each slice of some cuts; None: only of the weakness."""
        values, columns = {slice_name(()): _metrics(scores, self._labels)}, {}
        for cut in cuts if cuts is not None else [tuple(self._weakness.slice)]:
            for key, places in self._table.groupby(sorted(set(cut)), observed=True).indices.items():
                texts = [str(part) for part in (key if isinstance(key, tuple) else (key,))]
                one = dict(zip(sorted(set(cut)), texts, strict=True))
                name = slice_name(one.items())
                columns[name] = one
                values[name] = _metrics(scores[places], self._labels[places])
        return Found(values, {}, columns, self._project.spec.evaluation.min_slice_size)

    def _scores(self, seed: int) -> NDArray[np.float64]:
        """Return the candidate's scores: within the slice they are shuffled."""
        there = np.ones(len(self._table), bool)
        for column, value in self._weakness.slice.items():
            there &= (self._table[column].astype(str) == value).to_numpy()
        scores = self._truth.copy()
        scores[there] = np.random.default_rng(seed).permutation(scores[there])
        return scores

    @cached_property
    def _table(self) -> pd.DataFrame:
        table: pd.DataFrame = Delivery(self._project, SPAN).rows.table.to_pandas()
        for name, band in self._project.spec.evaluation.bands.items():
            edges = [-np.inf, *band.edges, np.inf]
            table[name] = pd.cut(table[band.column], edges, right=False, labels=band.labels).astype(str)
        return table

    @property
    def _labels(self) -> NDArray[np.bool_]:
        return self._table[self._project.label].to_numpy() > 0

    @cached_property
    def _truth(self) -> NDArray[np.float64]:
        return pd.read_csv(TRUTH / f"span-{SPAN}.csv")["click_probability"].to_numpy()


def _metrics(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> dict[str, float]:
    """Return the metrics that gates can check on scores alone: AUC, log loss, calibration, and the rows."""
    return {
        "example_count": float(len(labels)),
        "auc": auc(scores, labels),
        "logloss": float(log_losses(scores, labels).mean()),
        "calibration": calibration(scores, labels) if labels.any() else math.nan,
    }


def _words(one: ThresholdCheck) -> str:
    found = one.note or ("not measured" if one.value is None else f"{one.value:.3f}")
    return f"{one.metric} on {one.slice} must be {asked(one.bound, one.threshold)}, is {found}"
