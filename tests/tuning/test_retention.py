"""Trials of old searches go, but for their results; those of the newest searches stay."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kit.project import Project
from kit.tuning.records import DONE, Search, Trial, folder_of
from kit.tuning.retention import look_at_trials, prune_trials
from kit.workspace import Workspace

if TYPE_CHECKING:
    from kit.tuning.retention import TrialRetention

_FIRST, _DAY = 1_000_000_000, 86_400


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Return a workspace with three searches of a day each; the newest two share a trial."""
    made = Workspace(tmp_path / "ws")
    folder = folder_of(made, "recommender")
    for day, (search, names) in enumerate({"old": "ab", "middle": "cd", "new": "de"}.items()):
        trials = tuple(_trial(folder / "trials" / name, number) for number, name in enumerate(names, start=1))
        Search(search, "val_auc", "max", "random", 2, 0.0, 1, {}, (), trials, seconds=60.0).save(folder)
        rows = folder / "rows" / search
        rows.mkdir(parents=True)
        (rows / "train-00000.gz").write_bytes(bytes(1_000))
        _made(rows, day * _DAY - 30)  # while the search ran
        _made(folder / "searches" / f"{search}.json", day * _DAY)
    return made


def _trial(folder: Path, number: int) -> Trial:
    trial = Trial(number, {"units": 8}, str(folder), DONE, 0.7)
    for path in (trial.run / "train" / "events.out.tfevents.1", trial.checkpoint / "weights", trial.log):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(100))
    trial.save()
    return trial


def _made(path: Path, seconds: float) -> None:
    os.utime(path, (_FIRST + seconds,) * 2)


def _prune(workspace: Workspace, keep: int = 0, *, dry_run: bool = False) -> TrialRetention:
    return prune_trials(workspace, Project.load("recommender"), keep, dry_run=dry_run)


def _names(paths: tuple[Path, ...]) -> str:
    return "".join(path.name for path in paths)


def test_of_trials_that_only_old_searches_have_the_results_stay(workspace: Workspace) -> None:
    folder = folder_of(workspace, "recommender")
    done = _prune(workspace, 2)
    assert (_names(done.kept), _names(done.pruned), done.size_bytes) == ("cde", "ab", 2 * 300 + 1_000)
    assert "Searches: 3, of which the newest 2 stay whole. Trials: 3 stay whole, " in done.message
    for name in "ab":
        left = folder / "trials" / name
        assert {path.name for path in left.iterdir()} == {"trial.json", "pruned.json"}
        assert json.loads((left / "pruned.json").read_text())["size_bytes"] == 300
        found = Trial(9, {"units": 8}, str(left)).kept()
        assert found is not None
        assert found.objective == 0.7, "a later search still has its result"
    for name in "cde":
        assert (folder / "trials" / name / "run" / "train" / "events.out.tfevents.1").is_file()
    assert sorted(path.name for path in (folder / "rows").iterdir()) == ["middle", "new"]
    assert len(list((folder / "searches").iterdir())) == 3


def test_what_is_only_looked_at_stays_and_what_is_gone_goes_once(workspace: Workspace) -> None:
    before = sorted(workspace.path.rglob("*"))
    looked = _prune(workspace, 1, dry_run=True)
    assert sorted(workspace.path.rglob("*")) == before
    assert "are to go" in looked.message
    done = _prune(workspace, 1)
    assert (done.pruned, done.size_bytes) == (looked.pruned, looked.size_bytes)
    assert _names(done.pruned) == "abc"
    again = _prune(workspace, 1)
    assert (again.pruned, again.size_bytes, _names(again.kept)) == ((), 0, "de")


def test_the_project_says_how_many_searches_stay(workspace: Workspace) -> None:
    kept = _prune(workspace)
    assert kept.keep_searches == Project.load("recommender").spec.tensorboard.keep_searches == 5
    assert _names(kept.kept) == "abcde"


def test_where_nothing_was_searched_nothing_goes(tmp_path: Path) -> None:
    nothing = _prune(Workspace(tmp_path / "empty"))
    assert (nothing.searches, nothing.kept, nothing.pruned, nothing.size_bytes) == (0, (), (), 0)


def test_what_is_younger_than_the_rule_stays_although_its_search_is_old(workspace: Workspace) -> None:
    folder = folder_of(workspace, "recommender")
    for path in (folder / "trials").rglob("*.*"):
        _made(path, 0)
    _made(folder / "trials" / "b" / "trial.json", 9 * _DAY)
    looked = look_at_trials(workspace, "recommender", 2, younger_than=_FIRST + 8 * _DAY)
    assert (_names(looked.pruned), _names(looked.kept)) == ("a", "bcde")
