from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kit.training.progress import Progress
from kit.tuning.records import DONE, FAILED, RUNNING, Search, Trial


def trial(number: int, objective: float | None, folder: str = "") -> Trial:
    return Trial(number, {"units": 8}, folder, RUNNING if objective is None else DONE, objective)


def search(*trials: Trial, direction: str = "max") -> Search:
    return Search("0f", "val_auc", direction, "random", 5, 0.0, 2, {"units": [4, 8]}, ("rate",), trials)


def test_a_search_is_read_as_it_was_saved(tmp_path: Path) -> None:
    made = search(trial(1, 0.5), trial(2, None))
    made.save(tmp_path)
    assert Search.read(tmp_path, "0f") == made
    assert Search.read(tmp_path, "another") is None
    (tmp_path / "searches" / "0f.json").write_text('{"trials": [], "of": "an older version"}')
    assert Search.read(tmp_path, "0f") is None


@pytest.mark.parametrize(("direction", "best"), [("max", 3), ("min", 2)])
def test_the_best_is_the_first_of_equals(direction: str, best: int) -> None:
    trials = [trial(1, None), trial(2, 0.0), trial(3, 0.9), trial(4, 0.9), trial(5, 0.0)]
    found = search(*trials, direction=direction).best
    assert found is not None
    assert found.number == best
    assert search(trial(1, None)).best is None


def test_a_trial_that_is_over_is_known_again_under_its_new_number(tmp_path: Path) -> None:
    asked = trial(4, None, str(tmp_path / "t"))
    assert asked.kept() is None
    replace(asked, number=1, state=FAILED, attempts=2, message="why").save()
    kept = asked.kept()
    assert kept is not None
    assert (kept.number, kept.state, kept.reused, kept.message) == (4, FAILED, True, "why")
    replace(asked, attempts=1).save()
    cut_off = asked.kept()
    assert cut_off is not None
    assert (cut_off.state, cut_off.attempts, cut_off.reused) == (RUNNING, 1, False)


def test_a_trial_that_runs_says_where_it_is(tmp_path: Path) -> None:
    one = trial(1, None, str(tmp_path))
    assert one.now().epoch == 0
    one.run.mkdir()
    Progress(epoch=3).save(one.run)
    assert one.now().epoch == 3
    over = replace(one, state=DONE, epoch=2)
    assert over.now() is over
