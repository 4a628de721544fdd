"""Trainings are runs of TensorBoard by name, and the old ones go, but for those whose models were let pass."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tensorboard.summary import Writer

from kit.project.file import Gate
from kit.retention.pruned import RECORD
from kit.tensorboard.retention import prune
from kit.tensorboard.runs import Run, all_runs, runs
from kit.training.scalars import EVENTS

if TYPE_CHECKING:
    from training.tiny import Tiny

    from kit.session import Session


@pytest.fixture(scope="module")
def trained(tiny: Tiny) -> tuple[Session, list[Run]]:
    """Return a session with four trainings, of which the second of the oldest was blessed, and these, latest first."""
    for seed in (1, 31, 32):
        tiny.train(seed)
    tiny.evaluate(tiny.train(31), Gate(metric="auc", min=0.1))
    tiny.train(33)
    tiny.train(33)  # the cache gives it again
    return tiny.session, all_runs(tiny.session)


def events(folder: Path) -> list[Path]:
    return sorted(folder.rglob(EVENTS))


def test_each_training_is_one_run_with_a_name_of_its_own(trained: tuple[Session, list[Run]]) -> None:
    session, found = trained
    assert len({run.folder for run in found}) == len(found) >= 4
    assert [run.made for run in found] == sorted((run.made for run in found), reverse=True)
    named = runs(session, newest=2)
    assert list(named.values()) == [run.folder for run in found[:2]]
    [latest, _] = named
    number, made, *settings = latest.split(", ")
    assert number == session.path("Trainer", "model_run").name
    assert dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(f"{made}+00:00") < dt.timedelta(hours=2)
    assert settings == ["lr 0.01", "batch 64", "epochs 3"]
    assert not set(latest) & set("#?&%+/"), "PROJECTOR asks for it in an address"


def test_a_run_without_progress_has_a_name(tmp_path: Path) -> None:
    made = dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC)
    assert Run(tmp_path / "7", made, {}).name == "7, 2026-01-02 03:04"
    settings = {"epochs": 2, "seed": 7, "strategy": "mirrored", "learning_rate": 0.1}
    assert (
        Run(tmp_path / "7", made, settings).name == "7, 2026-01-02 03:04, lr 0.1, epochs 2, strategy mirrored"
    )


def test_old_trainings_go_but_not_blessed_ones(trained: tuple[Session, list[Run]]) -> None:
    session, found = trained
    passed = [run for run in found if "blessed" in run.passed]
    assert passed
    assert found[0] not in passed
    going = [run for run in found[1:] if run not in passed]
    assert going
    saved = session.workspace.path / "saved"
    shutil.copytree(going[0].folder, saved)
    stranger = going[0].folder / "plugins" / "profile" / "x.xplane.pb"
    stranger.parent.mkdir(parents=True, exist_ok=True)
    stranger.write_bytes(b"x" * 1_000)

    before = {run.folder: events(run.folder) for run in found}
    looked = prune(session, 1, dry_run=True)
    assert {run.folder: events(run.folder) for run in found} == before, "it was only looked"
    assert [one.run.folder for one in looked.pruned] == [run.folder for run in going]
    assert "Event files to go: " in looked.message

    done = prune(session, 1)
    assert [one.why for one in done.kept] == ["new", *[" and ".join(run.passed) for run in passed]]
    for run in going:
        assert not events(run.folder)
        assert json.loads((run.folder / RECORD).read_text())["size_bytes"] > 0
        assert (run.folder / "progress.json").exists(), "how far it came is still known"
    assert not stranger.exists()
    for run in [found[0], *passed]:
        assert events(run.folder) == before[run.folder]
        assert not (run.folder / RECORD).exists()
    assert f"Event files gone: those of {len(going)}, " in repr(done)

    record = (going[0].folder / RECORD).read_bytes()
    again = prune(session, 1)
    assert [one.why for one in again.pruned] == ["pruned before"] * len(going)
    assert (going[0].folder / RECORD).read_bytes() == record
    assert sum(one.size_bytes for one in again.pruned) == 0
    shutil.copytree(saved, going[0].folder, dirs_exist_ok=True)


def test_a_removal_that_was_cut_off_is_gone_on_with(trained: tuple[Session, list[Run]]) -> None:
    session, found = trained
    [old, *_] = [run for run in found[1:] if not run.passed]
    (old.folder / RECORD).write_text("{}")
    writer = Writer(str(old.folder / "train"))
    writer.add_scalar("left", 1.0, 0)
    writer.close()
    prune(session, 1)
    assert not events(old.folder)


def test_the_rule_is_that_of_the_project(trained: tuple[Session, list[Run]]) -> None:
    session, found = trained
    kept = prune(session, dry_run=True)
    assert kept.keep_runs == session.project.spec.tensorboard.keep_runs == 20
    assert len(kept.kept) == len(found)
