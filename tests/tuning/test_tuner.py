"""Tuner on a real project: its trials, what it leaves, what Trainer makes of it, and what a kill costs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from processes import wait_until_nobody_works

from kit.errors import StepOrderError, UsageError
from kit.session import Session
from kit.training.scalars import read_scalars
from kit.training.trainer import trainer
from kit.tuning.best import hyperparameters_of
from kit.tuning.config import Tuning
from kit.tuning.desk import TuningDesk
from kit.tuning.records import DONE, Search, Trial, folder_of
from kit.tuning.tuner import tuner

if TYPE_CHECKING:
    from training.tiny import Tiny

pytestmark = pytest.mark.slow
TRIALS = 3
_SEARCH = """
import sys
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace
from tuning.test_tuner import component
workspace = Workspace(sys.argv[1])
session = Session(workspace, Project.load(sys.argv[2], workspace.path))
session.run(component(session, seed=int(sys.argv[3])))
"""


def component(session: Session, **settings: Any) -> Any:
    """Return a Tuner of trials of two epochs on half of the rows."""
    return tuner(
        session.workspace,
        session.project,
        session.project.spec.training.override(batch_size=64),
        Tuning(**{"trials": TRIALS, "epochs": 2, "share": 0.5, "parallel": 2, **settings}),
        examples=session.channel("Transform", "transformed_examples"),
        transform_graph=session.channel("Transform", "transform_graph"),
        schema=session.channel("SchemaGen", "schema"),
    )


def kept(session: Session, made: Any) -> Search | None:
    search = json.loads(made.exec_properties["custom_config"])["search"]
    return Search.read(folder_of(session.workspace, session.project.name), search)


@pytest.fixture(scope="module")
def searched(tiny: Tiny) -> tuple[Session, Any]:
    """Return a session whose Tuner has run, and the component."""
    made = component(tiny.session)
    with pytest.raises(StepOrderError, match=r"Run tune first, with the same workspace and project"):
        hyperparameters_of(tiny.session, "tuned")
    desk = TuningDesk(tiny.session, made)
    assert desk.search() is None
    with pytest.raises(StepOrderError, match="there is none of this Tuner"):
        desk.check()
    tiny.session.run(made)
    return tiny.session, made


def test_a_search_leaves_its_trials_and_the_best_of_them(searched: tuple[Session, Any]) -> None:
    session, made = searched
    found = kept(session, made)
    assert found is not None
    assert found.best is not None
    assert [(one.state, one.attempts, one.epochs) for one in found.trials] == [(DONE, 1, 2)] * TRIALS
    assert found.trials[0].values["learning_rate"] == session.project.spec.training.learning_rate
    assert len({str(one.values) for one in found.trials}) == TRIALS
    chosen = hyperparameters_of(session, "tuned")
    assert chosen.values == found.best.values
    results = json.loads((session.path("Tuner", "tuner_results") / "tuner_results.json").read_text())
    assert [row["score"] for row in results] == sorted(
        (one.objective for one in found.trials if one.objective is not None), reverse=True
    )
    told = TuningDesk(session, made).check()
    assert told.startswith(f"Trials done: 3 of 3; {found.best.name} is the best: val_auc 0.")


def test_a_trial_is_a_run_of_tensorboard_and_keeps_no_weights(searched: tuple[Session, Any]) -> None:
    session, made = searched
    runs = TuningDesk(session, made).runs()
    assert list(runs) == ["trial 1", "trial 2", "trial 3"]
    found = kept(session, made)
    assert found is not None
    for one, run in zip(found.trials, runs.values(), strict=True):
        scalars = read_scalars(run)
        assert [value for _, value in scalars[""]["val_auc"]] == [pytest.approx(one.objective)]
        assert len(scalars["validation"]["epoch_auc"]) == 2
        assert not list(run.rglob("*.index")), "no checkpoint"
        assert not one.checkpoint.exists()


def test_trainer_takes_the_best_trial_and_its_model_leads_to_the_search(
    searched: tuple[Session, Any], tiny: Tiny
) -> None:
    session, _ = searched
    chosen = hyperparameters_of(session, "tuned")
    training = chosen.training.override(epochs=1)
    made = trainer(
        session.workspace,
        session.project,
        training,
        examples=session.channel("Transform", "transformed_examples"),
        transform_graph=session.channel("Transform", "transform_graph"),
        schema=session.channel("SchemaGen", "schema"),
        hyperparameters=chosen.channel,
    )
    session.run(made)
    [(inputs, _), *_] = session.history("Trainer")
    config = json.loads(session.properties("Trainer")["custom_config"])["training"]
    tiny.train()  # so that what other tests find as the latest model is what it was
    assert inputs["hyperparameters"][0].uri == str(session.path("Tuner", "best_hyperparameters"))
    assert chosen.values is not None
    for name, value in chosen.values.items():
        assert (config if name in config else config["model"])[name] == value


def test_without_tuning_the_project_is_what_it_says(tiny: Tiny) -> None:
    chosen = hyperparameters_of(tiny.session, "project")
    assert chosen.training == tiny.project.spec.training
    assert (chosen.channel, str(chosen)) == (None, "as in project.yml")
    with pytest.raises(UsageError, match="must be project or tuned, but is 'best'"):
        hyperparameters_of(tiny.session, "best")


def test_the_same_search_is_in_the_cache_and_a_larger_one_makes_only_what_is_missing(
    searched: tuple[Session, Any],
) -> None:
    session, made = searched
    before = kept(session, made)
    session.run(component(session))
    assert session.steps[-1].state == "cached"
    larger = component(session, trials=TRIALS + 1)
    session.run(larger)
    found = kept(session, larger)
    assert before is not None
    assert found is not None
    assert [one.reused for one in found.trials] == [True] * TRIALS + [False]
    assert [one.objective for one in found.trials[:TRIALS]] == [one.objective for one in before.trials]


def test_a_search_that_is_killed_goes_on_with_the_trials_that_are_missing(tiny: Tiny, tmp_path: Path) -> None:
    session = tiny.session
    made = component(session, seed=11)
    words = [sys.executable, "-c", _SEARCH, str(session.workspace.path), str(tiny.project.folder), "11"]
    tests = Path(__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": f"{tests.parent}{os.pathsep}{tests}"}
    with (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(words, stdout=said, stderr=said, env=environment)
    try:
        first = _wait_for_a_trial(session, made, process, tmp_path / "said")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    wait_until_nobody_works(folder_of(session.workspace, session.project.name), 20)
    done = {one.folder: one for one in first.trials if one.is_over}
    assert 0 < len(done) < TRIALS

    again = Session(session.workspace, session.project)  # finds that the other one is dead
    again.run(component(again, seed=11))
    found = kept(again, made)
    assert found is not None
    assert [one.state for one in found.trials] == [DONE] * TRIALS
    for one in found.trials:
        assert one.attempts == 1
        if one.folder in done:
            assert one.reused
            assert one.objective == done[one.folder].objective


def _wait_for_a_trial(session: Session, made: Any, process: subprocess.Popen[bytes], said: Path) -> Search:
    """Return the search as it is when a trial is over and another has begun."""
    deadline = time.monotonic() + 240
    while True:
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < deadline, said.read_text()
        found = kept(session, made)
        if found and any(map(_is_over, found.trials)) and not all(map(_is_over, found.trials)):
            return found
        time.sleep(0.05)


def _is_over(one: Trial) -> bool:
    return one.is_over
