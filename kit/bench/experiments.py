"""How often the sequential test decides wrongly, and how soon rightly, on simulated shops whose truth is known.

Users come back, some of them often; each has their own click rate, and some have slow networks or bad luck with
failures. So impressions are not independent here either. The test looks after every simulated hour.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kit.bench.figure import Figure
from kit.canary.judge import Clicks, look
from kit.serving.experiments.config import ExperimentSettings
from kit.serving.experiments.counts import FAILED, REQUESTS, SLOW, Counts, Ints
from kit.serving.experiments.experiment import Experiment
from kit.serving.experiments.split import GROUPS

EXPERIMENTS = 300
LOOKS = 100
USERS = 6_000
_IMPRESSIONS = 10  # per request
_SEED = 20_260_101
_CLICK_RATE, _CLICK_SPREAD = 0.12, 15.0  # of users: Beta(rate · spread, (1 - rate) · spread)
_START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Truth:
    """The true differences of the candidate.

    Attributes:
        clicks: added to the candidate's click rate.
        failures: the share of failed requests in both arms.
        more_failures: added to that for the candidate.
        slow: the share of slow requests in both arms.
        more_slow: added to that for the candidate.
    """

    clicks: float = 0.0
    failures: float = 0.002
    more_failures: float = 0.0
    slow: float = 0.01
    more_slow: float = 0.0


class Shop:
    """One simulated experiment."""

    def __init__(self, seed: int, truth: Truth, settings: ExperimentSettings, users: int = USERS) -> None:
        """Draw the users.

        Args:
            seed: the seed of all random numbers.
            truth: the true differences.
            settings: the experiment's settings.
            users: the number of users; some of them come in any hour.
        """
        self._random = np.random.default_rng(seed)
        random = self._random
        self._arm = (random.random(users) < settings.share).astype(np.int64)
        self._place = self._arm * GROUPS + random.integers(GROUPS, size=users)
        self._visits = random.lognormal(
            -3.0, 1.0, users
        )  # visits per hour: 0.08 on average, one user in a hundred comes every hour
        taste = random.beta(_CLICK_RATE * _CLICK_SPREAD, (1 - _CLICK_RATE) * _CLICK_SPREAD, users)
        self._clicks = np.clip(taste + truth.clicks * self._arm, 0, 1)
        luck = random.gamma(0.5, 2.0, users)  # mean 1: some users meet most of the failures
        self._failures = np.clip((truth.failures + truth.more_failures * self._arm) * luck, 0, 1)
        network = random.gamma(0.5, 2.0, users)
        self._slow = np.clip((truth.slow + truth.more_slow * self._arm) * network, 0, 1)
        self.counts = Counts()
        self.clicks = Clicks(np.zeros((2, GROUPS)), np.zeros((2, GROUPS)))

    def hour(self, number: int) -> None:
        """Simulate an hour of visits."""
        random = self._random
        came = random.poisson(self._visits)
        failed, slow = random.binomial(came, self._failures), random.binomial(came, self._slow)
        shown = (came - failed) * _IMPRESSIONS
        for place, values in ((REQUESTS, came), (FAILED, failed), (SLOW, slow)):
            self.counts.table[..., place] += self._by_group(values)
        np.add(self.clicks.shown, self._by_group(shown), out=self.clicks.shown)
        np.add(
            self.clicks.clicks, self._by_group(random.binomial(shown, self._clicks)), out=self.clicks.clicks
        )
        # Within an hour failures come in any order, so which user of a group was first is random.
        who = np.flatnonzero(failed)
        when = number + random.random(len(who))
        np.minimum.at(self.counts.first_failure.reshape(-1), self._place[who], when)

    def _by_group(self, values: Any) -> Ints:
        summed = np.bincount(self._place, weights=values, minlength=2 * GROUPS)
        return summed.astype(np.int64).reshape(2, GROUPS)


def simulate(
    truth: Truth,
    settings: ExperimentSettings,
    *,
    experiments: int = EXPERIMENTS,
    looks: int = LOOKS,
) -> Counter[str]:
    """Return how many simulated experiments ended in each verdict, judged once an hour until the end."""
    return Counter(
        _outcome(Shop(_SEED + number, truth, settings), settings, looks) for number in range(experiments)
    )


def _outcome(shop: Shop, settings: ExperimentSettings, looks: int) -> str:
    experiment = Experiment(
        name="simulated", model="shop", control=1, candidate=2, started=_START.isoformat(), settings=settings
    )
    for number in range(looks):
        shop.hour(number)
        found = look(experiment, shop.clicks, shop.counts, _START + dt.timedelta(hours=number))
        if found.verdict != "wait":
            return found.verdict
    return "wait"


def experiments(_folder: Path, number: int = EXPERIMENTS) -> Iterable[Figure]:
    """Measure; takes about a minute on two cores.

    Args:
        _folder: not used, as nothing is written.
        number: the number of experiments to simulate for each figure.
    """
    settings = ExperimentSettings(share=0.3, most_days=1000)
    margin = settings.click_margin
    bad = simulate(Truth(clicks=-margin), settings, experiments=number)
    yield Figure(
        "candidates worse by the whole margin that are promoted, looked at 100 times",
        bad["promote"] / number,
        "",
        settings.alpha,
        "less",
    )
    same = simulate(Truth(), settings, experiments=number)
    yield Figure(
        "candidates like the control that are taken back, looked at 100 times",
        same["roll back"] / number,
        "",
        settings.alpha,
        "less",
    )
    worse = simulate(Truth(clicks=-0.03), settings, experiments=number)
    yield Figure(
        "candidates with a click rate of 0.09 instead of 0.12 that are taken back",
        worse["roll back"] / number,
        "",
        0.9,
        "more",
    )
    broken = simulate(Truth(more_failures=0.02), settings, experiments=number)
    yield Figure(
        "candidates that fail 2% more that are taken back", broken["roll back"] / number, "", 0.9, "more"
    )
