"""One look, and many in simulated experiments whose truth is known."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from kit.bench.experiments import Truth, simulate
from kit.canary.judge import CLICKS, FAILURES, SLOWNESS, Clicks, keep, look, looks
from kit.serving.experiments.config import ExperimentSettings
from kit.serving.experiments.counts import FAILED, REQUESTS, SLOW, Counts
from kit.serving.experiments.experiment import Experiment
from kit.serving.experiments.split import GROUPS

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
SETTINGS = ExperimentSettings(share=0.3, most_days=1000)


def experiment(**changes: float) -> Experiment:
    settings = ExperimentSettings(**{"share": 0.5, "most_days": 5, **changes})
    return Experiment(
        name="a", model="shop", control=1, candidate=2, started=START.isoformat(), settings=settings
    )


def evidence(
    clicks: tuple[float, float] = (0.1, 0.1),
    failed: tuple[int, int] = (0, 0),
    slow: tuple[int, int] = (0, 0),
    groups: int = GROUPS,
    amount: int = 1000,
) -> tuple[Clicks, Counts]:
    """Return counts that are alike in some groups: clicks as rates, failures and slow requests of 1,000 requests."""
    counts, shown = Counts(), np.zeros((2, GROUPS))
    shown[:, :groups] = amount
    for arm in (0, 1):
        counts.table[arm, :groups, REQUESTS] = amount
        counts.table[arm, :groups, FAILED] = failed[arm]
        counts.table[arm, :groups, SLOW] = slow[arm]
        counts.first_failure[arm, :groups] = 2.0 - arm if failed[arm] else np.inf
    return Clicks(np.floor(shown * np.array(clicks)[:, None]), shown), counts


def test_a_candidate_that_is_not_worse_anywhere_is_promoted() -> None:
    found = look(experiment(), *evidence(), START + HOUR)
    assert found.verdict == "promote"
    assert [one.name for one in found.measures] == [CLICKS, FAILURES, SLOWNESS]
    assert found.why.startswith(
        "no metric can be worse than it may be: click rate at 0.1000 against 0.1000, difference "
    )


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"clicks": (0.10, 0.08)}, "click rate at 0.0800 against 0.1000"),
        ({"slow": (10, 50)}, "slow requests at 0.0500 against 0.0100"),
        ({"failed": (0, 10)}, "requests to version 2 fail more often: of 1024 groups"),
    ],
    ids=["clicks", "slow", "failures"],
)
def test_one_metric_that_is_worse_takes_it_back(given: dict[str, tuple[float, float]], word: str) -> None:
    found = look(experiment(), *evidence(**given), START + HOUR)  # type: ignore[arg-type]
    assert found.verdict == "roll back"
    assert word in found.why


@pytest.mark.parametrize(("groups", "verdict"), [(6, "wait"), (20, "roll back")])
def test_failures_of_the_candidate_alone_take_it_back_before_there_are_enough_users(
    groups: int, verdict: str
) -> None:
    found = look(experiment(), *evidence(failed=(0, 1), groups=groups), START + HOUR)
    assert found.failed_groups == (groups, groups)
    assert not any(one.enough for one in found.measures)
    assert found.verdict == verdict


def test_a_better_click_rate_makes_no_amends_for_slowness() -> None:
    assert look(experiment(), *evidence((0.1, 0.5), slow=(0, 100)), START + HOUR).verdict == "roll back"


def test_a_little_worse_is_allowed() -> None:
    given = evidence((0.1, 0.095), slow=(10, 20))
    assert look(experiment(), *given, START + HOUR).verdict == "promote"
    assert look(experiment(click_margin=0.001), *given, START + HOUR).verdict == "roll back"


def test_few_users_decide_nothing_however_clear_their_clicks_are() -> None:
    found = look(experiment(), *evidence((0.1, 0.5), groups=99), START + HOUR)
    assert (found.verdict, found.why) == (
        "wait",
        "too few users for click rate, failed requests, slow requests",
    )
    assert look(experiment(), *evidence((0.1, 0.5), groups=100), START + HOUR).verdict == "promote"


def test_few_clicks_are_waited_for_until_the_time_is_over() -> None:
    given = evidence(groups=100, amount=3)
    found = look(experiment(), *given, START + HOUR)
    assert found.verdict == "wait"
    assert found.why.startswith("not sure of")
    late = look(experiment(), *given, START + dt.timedelta(days=5))
    assert (late.verdict, late.why) == ("roll back", "there was no evidence for it within 5 days")


def test_nothing_counted_is_no_error() -> None:
    nothing = Clicks(np.zeros((2, GROUPS)), np.zeros((2, GROUPS)))
    assert look(experiment(), nothing, Counts(), START).verdict == "wait"


def test_looks_are_kept_as_they_were(tmp_path: Path) -> None:
    made = [look(experiment(), *evidence(groups=groups), START + HOUR) for groups in (0, 5, GROUPS)]
    for one in made:
        keep(tmp_path, one)
    with (tmp_path / "looks.jsonl").open("a") as file:
        file.write('{"when": "2026')
    assert looks(tmp_path) == made
    keep(tmp_path, made[0])
    assert looks(tmp_path) == [*made, made[0]], "what follows a line that was cut off"
    assert looks(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("truth", "wrong"),
    [(Truth(clicks=-0.01), "promote"), (Truth(more_slow=0.02), "promote"), (Truth(), "roll back")],
    ids=["clicks at the margin", "slow at the margin", "like the control"],
)
def test_wrong_decisions_are_rare_over_40_looks(truth: Truth, wrong: str) -> None:
    assert (
        simulate(truth, SETTINGS, experiments=50, looks=50)[wrong] <= 7
    )  # 2.5 expected at most; 8 are 1 in 250


@pytest.mark.parametrize(
    ("truth", "right"),
    [
        (Truth(clicks=-0.03), "roll back"),
        (Truth(clicks=0.02), "promote"),
        (Truth(more_failures=0.02), "roll back"),
        (Truth(more_slow=0.05), "roll back"),
    ],
    ids=["fewer clicks", "more clicks", "failures", "slow"],
)
def test_clear_differences_are_found(truth: Truth, right: str) -> None:
    assert simulate(truth, SETTINGS, experiments=30)[right] >= 27
