"""The exercise on model extraction: find who copies the model, and choose a protection by drills.

The model is the world that the sample was drawn from: its click probability is known for any user and any item, so it
answers every request that an attacker may think of, and nothing is trained but the copies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from kit.drill.attack import Attack
from kit.drill.honest import USER, Honest
from kit.drill.population import Population
from kit.drill.settings import DrillSettings
from kit.evaluation.metrics.scores import top_overlap
from kit.faults.delivery import Delivery
from kit.gateway.config import RateLimit
from kit.project import Project
from kit.serving.protect import FILE, Protection, protect, read_file
from kit.units import SECONDS_PER_DAY, SECONDS_PER_HOUR
from kit.workshop.access_log import CANDIDATES, honest_log, partner_of, scores_taken, with_copier
from kit.workshop.exercise import CAUGHT, FOUND, NEXT_SEED, PROVED, Answer, Exercise, Point, near, same
from kit.workshop.guard import Guard, make_guard, with_settings
from kit.workspace import write_atomically

SPAN, BEFORE = 7, (5, 6)
MODELS = "models"
"""Section of protect.yml; settings below it are that file's, all others those of project.yml."""
_SETTINGS = DrillSettings(queries=(40,), candidates=CANDIDATES, held_out=30, min_gain=0.1)
_SECRET = bytes(32)  # of the noise; fixed, so that the exercise is reproducible
Values = NDArray[np.float64]


@dataclass(frozen=True)
class ServingGuard(Guard):
    """What is between the model and its callers: the gateway of project.yml, and protect.yml."""

    protection: Protection

    @property
    def limit(self) -> RateLimit:
        return self.project.spec.gateway.rate_limit


class ExtractionExercise(Exercise):
    """A partner copies the model; the proof is how many scores it has taken.

    Args:
        project: the project whose requests they are.
        folder: for the exercise's copies of project.yml, schema and protect.yml.
        seed: chooses the copier and the queries.
        about: name, title and hints.
    """

    def rows(self) -> pd.DataFrame:
        """Return the access log of the day, with the copier's queries."""
        return with_copier(honest_log(self._day), self._queries(self._seed), partner_of(self._seed))

    def clean_rows(self) -> pd.DataFrame:
        """Return the access log of the day before."""
        return honest_log(_rows(self._project, BEFORE[-1]))

    def said(self) -> list[str]:
        """Return what protects the answers in the exercise's weaker copy: too little to be noticed."""
        return [self.guard(Answer()).protection.name]

    def find(self, where: str) -> Point:
        wanted = f"subject={partner_of(self._seed)}"
        reached = same(where, wanted)
        not_it = f"{where} asks for what its users are shown" if where else "nobody is named yet"
        return Point(FOUND, reached, f"{wanted} copies the model" if reached else not_it)

    def prove(self, proof: Any) -> Point:
        reached = near(proof, scores_taken(self.rows(), partner_of(self._seed)), 0.5)
        if proof is None:
            return Point(PROVED, reached, "nothing is counted yet")
        return Point(PROVED, reached, f"it has {'' if reached else 'not '}taken {proof} scores")

    def guard(self, answer: Answer) -> ServingGuard:
        of_answers = {path: value for path, value in answer.settings.items() if _is_of_answers(path)}
        others = {path: value for path, value in answer.settings.items() if not _is_of_answers(path)}
        made = make_guard(self._project, self._folder, ({}, {}), (others, answer.rules))
        name = self._project.name
        content = with_settings({MODELS: {name: {"decimals": 6}}}, of_answers, more=False)
        file = self._folder / FILE
        write_atomically(file, yaml.safe_dump(content))
        return ServingGuard(made.project, made.schema, read_file(file).models.get(name, Protection()))

    def catch(self, guard: Guard) -> Point:
        assert isinstance(guard, ServingGuard)  # noqa: S101  what `guard` makes
        if costs := self._costs(guard):
            return Point(CAUGHT, False, costs)
        for seed in (self._seed, self._seed + NEXT_SEED):
            plain, left = self._copied(guard, seed)
            if left > plain - _SETTINGS.min_gain:
                who = "this attacker" if seed == self._seed else "another attacker"
                return Point(
                    CAUGHT,
                    False,
                    f"{who} still has a copy whose ranks agree by {left:.2f}, of {plain:.2f} without protection",
                )
        return Point(
            CAUGHT,
            True,
            f"a copy's ranks agree by {left:.2f} only, of {plain:.2f}; honest users hardly lose anything",
        )

    def _costs(self, guard: ServingGuard) -> str:
        """Return the losses of honest users that are not acceptable; empty if there are none."""
        shown = self._honest.shown(self._scores(self._day), guard.protection, _SECRET)
        lost = self._honest.quality(self._scores(self._day)) - self._honest.quality(shown)
        truth = self._scores(self._judged)
        kept = top_overlap(_shown(truth, guard.protection, USER), truth, CANDIDATES, _SETTINGS.best)
        refused = self._honest.refused(int(guard.limit.requests * SECONDS_PER_DAY / guard.limit.seconds))
        if refused > _SETTINGS.max_refused:
            return f"{refused:.1%} of the requests of honest users are refused"
        if lost > _SETTINGS.max_auc_cost:
            return f"honest users lose {lost:.3f} of AUC, more than {_SETTINGS.max_auc_cost:g}"
        if kept < _SETTINGS.min_overlap:
            return f"honest users see {kept:.0%} of their best {_SETTINGS.best}, less than {_SETTINGS.min_overlap:.0%}"
        return ""

    def _copied(self, guard: ServingGuard, seed: int) -> tuple[float, float]:
        """Return the rank correlation of a copy with the model: without protection, and with a guard's."""
        attack = self._attack(seed)
        answers = self._scores(attack.queries)
        shown = _shown(answers, guard.protection, partner_of(seed))
        [wanted] = _SETTINGS.queries
        # A bucket is full at first, and refills every so many seconds during the days of an attack.
        fills = 1 + _SETTINGS.days * SECONDS_PER_DAY / guard.limit.seconds
        allowed = min(wanted, int(guard.limit.requests * fills))
        if allowed == wanted:
            plain, left = attack.points(np.stack([answers, shown], axis=1), wanted)
        else:
            [plain], [left] = (
                attack.points(one[:, None], many) for one, many in ((answers, wanted), (shown, allowed))
            )
        return plain.rank_correlation, left.rank_correlation

    def _attack(self, seed: int) -> Attack:
        """Return an attack; its fitted learner is kept, so that the next answer is checked in a tenth of the time."""
        if seed not in self._attacks:
            truth = self._scores(self._judged)
            self._attacks[seed] = Attack(
                self._project, _SETTINGS, self._queries(seed), self._judged, truth, probabilities=True
            )
        return self._attacks[seed]

    @cached_property
    def _attacks(self) -> dict[int, Attack]:
        return {}

    def _queries(self, seed: int) -> pd.DataFrame:
        return self._seen.requests(_SETTINGS.queries[-1], CANDIDATES, seed)

    def _scores(self, rows: pd.DataFrame) -> Values:
        """Return the model's answers, which are the click probabilities of the sample's world."""
        from sample_data.world import DEVICES, click_probability  # noqa: PLC0415  only a checkout has it

        causes = (
            rows["user_id"].str[1:],
            rows["item_id"].str[1:],
            rows["device"].map(DEVICES.index),
            rows["position"],
            rows["timestamp"] // SECONDS_PER_HOUR % 24,
            rows["days_since_signup"],
        )
        return click_probability(self._world, *(np.asarray(one, np.int64) for one in causes))

    @cached_property
    def _world(self) -> Any:
        from sample_data import Config, Generator  # noqa: PLC0415  only a checkout has it

        return Generator(Config()).world

    @cached_property
    def _day(self) -> pd.DataFrame:
        return _rows(self._project, SPAN)

    @cached_property
    def _seen(self) -> Population:
        rows = pd.concat([_rows(self._project, span) for span in BEFORE], ignore_index=True)
        return Population.of_rows(self._project, rows)

    @cached_property
    def _unseen(self) -> Population:
        return Population.of_rows(self._project, self._day)

    @cached_property
    def _judged(self) -> pd.DataFrame:
        """Requests to judge copies by, which no attacker has sent."""
        return self._unseen.requests(_SETTINGS.held_out, CANDIDATES, self._seed + 1)

    @cached_property
    def _honest(self) -> Honest:
        labels = self._day[self._project.label].to_numpy(np.float64)
        return Honest.of(self._project, self._unseen, labels)


def _shown(scores: Values, protection: Protection, subject: str) -> Values:
    return protect(scores.reshape(-1, CANDIDATES), protection, subject, _SECRET).reshape(-1)


def _is_of_answers(path: str) -> bool:
    return path.split(".", maxsplit=1)[0] == MODELS


def _rows(project: Project, span: int) -> pd.DataFrame:
    rows: pd.DataFrame = Delivery(project, span).rows.table.to_pandas()
    return rows
