"""The search around an oracle, with trials that are processes but train nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras_tuner
import pytest
from processes import is_alive

from kit.errors import ObjectiveError
from kit.training.config import Training
from kit.tuning import search as module
from kit.tuning.config import Tuning
from kit.tuning.oracle import make_oracle
from kit.tuning.plan import Plan
from kit.tuning.records import DONE, FAILED, RUNNING, Search, Trial
from kit.tuning.search import TrialSearch, TuningFailedError

from . import children

Make = Callable[..., TrialSearch]


class _Oracle:
    """Gives the trials of a list, and remembers what it is asked and told."""

    def __init__(self, trials: Sequence[dict[str, Any]]) -> None:
        self.hyperparameters = keras_tuner.HyperParameters()
        self.hyperparameters.Int("x", 0, 99)
        self.hyperparameters.Choice(
            "how", ["done", "killed", "killed once", "raises", "asks", "slow", "nan", "a while"]
        )
        self._trials, self.heard = list(trials), list[str]()

    def create_trial(self, name: str) -> Any:
        number = int(name.split()[1])
        self.heard.append(f"ask {number}")
        space = self.hyperparameters.copy()
        if number >= len(self._trials):
            return keras_tuner.engine.trial.Trial(space, str(number), "STOPPED")
        space.values.update(self._trials[number])
        return keras_tuner.engine.trial.Trial(space, str(number), "RUNNING")

    def update_trial(self, trial_id: str, metrics: dict[str, float]) -> None:
        self.heard.append(f"{trial_id}: {metrics['val_auc']:g}")

    def end_trial(self, trial: Any) -> None:
        self.heard.append(f"end {trial.trial_id} {trial.status}")


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return what makes a search in a folder that all of a test share."""
    monkeypatch.setattr(module, "TRIAL", f"{children.__name__}:run_trial")

    def make(oracle: Any, said: list[str] | None = None, **settings: Any) -> TrialSearch:
        tuning = Tuning(**{"parallel": 2, "trials": 4, **settings})
        plan = Plan("recommender", Training(), tuning, tmp_path / "tuning", "basis", "0f")
        return TrialSearch(plan, oracle, ("rows",), ([] if said is None else said).append)

    monkeypatch.setattr(Plan, "objective", ("val_auc", "max"))
    return make


def trials(*hows: str) -> _Oracle:
    return _Oracle([{"x": place, "how": how} for place, how in enumerate(hows)])


def begun(one: Trial) -> int:
    """Return how many processes have begun it."""
    file = Path(one.folder) / "begun"
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_all_trials_are_made_and_told_in_order(make: Make, tmp_path: Path) -> None:
    oracle, said = trials("a while", "done", "done", "done"), list[str]()
    found = make(oracle, said).run()
    assert [(one.state, one.objective, one.attempts) for one in found.trials] == [
        (DONE, float(place), 1) for place in range(4)
    ]
    assert found.best is not None
    assert (found.best.number, found.best.epoch) == (4, 2)
    assert [line for line in oracle.heard if line.startswith("end")] == [
        f"end {n} COMPLETED" for n in range(4)
    ]
    assert said[-1] == "4 of 4 trials over, best val_auc 3.0000 (trial 4)"
    assert Search.read(tmp_path / "tuning", "0f") == found


@pytest.mark.parametrize(
    "hows", [("a while", *["done"] * 4), ("done", "a while", *["done"] * 3), ["done"] * 5]
)
def test_the_oracle_knows_only_the_trials_before_the_window(make: Make, hows: Sequence[str]) -> None:
    """Otherwise the answers of an oracle that learns would depend on how long each trial took."""
    oracle = trials(*hows)
    make(oracle, trials=5).run()
    heard = oracle.heard
    assert heard[:2] == ["ask 0", "ask 1"]
    for place in (2, 3, 4):
        known = [line for line in heard[: heard.index(f"ask {place}")] if line.startswith("end")]
        assert known == [f"end {told} COMPLETED" for told in range(place - 1)]


@pytest.mark.parametrize(
    ("how", "message"),
    [("killed", "signal SIGKILL"), ("raises", "ZeroDivisionError: no rows <at all>")],
)
def test_a_trial_that_crashes_is_tried_once_more_and_told(make: Make, how: str, message: str) -> None:
    said: list[str] = []
    found = make(trials("done", how), said, trials=2).run()
    crashed = found.trials[1]
    assert (crashed.state, crashed.objective, crashed.attempts, begun(crashed)) == (FAILED, None, 2, 2)
    assert message in crashed.message
    assert [line.partition(":")[0] for line in said if "failed" in line] == [
        "trial 2 failed; it is tried once more",
        "trial 2 failed",
    ]
    if how == "raises":
        assert "Traceback" in crashed.log.read_text()


def test_a_second_attempt_may_be_done(make: Make) -> None:
    found = make(trials("killed once", "done"), trials=2).run()
    assert (found.trials[0].state, found.trials[0].attempts) == (DONE, 2)
    assert "SIGKILL" in found.trials[0].message, "it stays told"


def test_a_loss_that_is_no_number_is_a_failure(make: Make) -> None:
    found = make(trials("nan", "done"), trials=2).run()
    assert (found.trials[0].state, found.trials[0].attempts) == (FAILED, 1)
    assert found.trials[0].message == "val_auc became no finite number"


def test_what_the_user_must_correct_ends_the_search_at_once(make: Make) -> None:
    search = make(trials("slow", "asks", "done"))
    started = time.monotonic()
    with pytest.raises(ObjectiveError, match=r"tuning\.objective must be another"):
        search.run()
    assert time.monotonic() - started < 30
    slow, *_ = search.state.trials
    [process] = (Path(slow.folder) / "begun").read_text().splitlines()
    assert not is_alive(int(process))


def test_three_failures_before_anything_is_done_end_it(make: Make) -> None:
    with pytest.raises(
        TuningFailedError, match=r"all 3 failed, trial 3 with: .*no rows <at all>\nIts log is "
    ):
        make(trials("raises", "raises", "raises", "done"), parallel=1).run()


def test_trials_that_are_over_are_not_made_again(make: Make, tmp_path: Path) -> None:
    first = make(trials("done", "killed", "done"), trials=3).run()
    oracle = trials("done", "killed", "done", "done")
    again = make(oracle, trials=4).run()
    assert [begun(one) for one in again.trials] == [1, 2, 1, 1]
    assert [one.reused for one in again.trials] == [True, True, True, False]
    assert [replace(one, reused=False) for one in again.trials[:3]] == list(first.trials)
    assert [line for line in oracle.heard if line.startswith("end")] == [
        "end 0 COMPLETED",
        "end 1 FAILED",
        "end 2 COMPLETED",
        "end 3 COMPLETED",
    ]
    assert len(list((tmp_path / "tuning" / "trials").iterdir())) == 4


def test_a_trial_that_was_cut_off_is_made_and_counted_once(make: Make) -> None:
    done = make(trials("done"), trials=1).run().trials[0]
    replace(done, state=RUNNING, objective=None, attempts=0, seconds=7.0).save()
    found = make(trials("done"), trials=1).run().trials[0]
    assert (found.state, found.attempts, found.reused) == (DONE, 1, False)
    assert found.seconds > 7


def test_time_ends_a_search(make: Make) -> None:
    found = make(trials(*["a while"] * 50), trials=0, minutes=0.03).run()
    assert 0 < len(found.trials) < 50
    assert all(one.state == DONE for one in found.trials), "what has begun is finished"
    assert found.ended == "the time is over"


def test_without_time_for_one_trial_it_says_so(make: Make) -> None:
    with pytest.raises(TuningFailedError, match=r"none began in 1e-09 minutes\. Give it more time"):
        make(trials("done"), trials=0, minutes=1e-9).run()


def test_a_space_that_is_exhausted_ends_a_search(make: Make) -> None:
    found = make(trials("done", "done"), trials=9).run()
    assert len(found.trials) == 2
    assert found.ended == "there is nothing left to try"


@pytest.mark.parametrize("algorithm", ["random", "hyperband"])
def test_with_oracles_of_keras_tuner(make: Make, tmp_path: Path, algorithm: str) -> None:
    """Hyperband is asked while it waits for trials, and trains only the best ones longer."""

    def search(folder: str, parallel: int) -> Search:
        space = keras_tuner.HyperParameters()
        space.Int("x", 0, 999)
        tuning = Tuning(algorithm=algorithm, trials=12)
        oracle = make_oracle(tuning, space, "val_auc", "max", 3, tmp_path / folder)
        return make(oracle, algorithm=algorithm, trials=12, parallel=parallel).run()

    found, again = search("one", 2), search("two", 2)
    assert [one.values for one in found.trials] == [one.values for one in again.trials]
    assert all(one.reused for one in again.trials)
    if algorithm == "hyperband":
        long = [one for one in found.trials if one.epochs == 3]
        assert 0 < len(long) < len(found.trials)
        assert max(one.values["x"] for one in found.trials if one.epochs == 1) in {
            one.values["x"] for one in long
        }
