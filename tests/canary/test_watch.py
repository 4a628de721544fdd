"""Watching to the end: what is promoted, taken back or waited for, and what ML Metadata knows of it afterwards."""

from __future__ import annotations

import errno
import json
import os
import signal
from pathlib import Path

import pytest

from kit import warm
from kit.canary import recorded, watch
from kit.canary.actions import end, folder_of, hold, start
from kit.canary.desk import ExperimentDesk
from kit.canary.judge import looks
from kit.canary.shown import shown
from kit.errors import UsageError
from kit.lineage.read import read_graph
from kit.reasons import DecisionError
from kit.release.versions import list_versions, numbers
from kit.serving.experiments.config import ExperimentSettings
from kit.serving.experiments.experiment import ExperimentError, load
from kit.session import Session

from . import watched
from .pushes import begin, count, make_pushes


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return make_pushes(str(tmp_path / "ws"))


def watched_once(session: Session) -> tuple[watch.Ended | None, list[str]]:
    told: list[str] = []
    return watch.watch(session, lambda: True, told.append), told


def test_a_good_candidate_is_promoted_and_its_evidence_is_in_ml_metadata(session: Session) -> None:
    experiment = begin(session)
    count(session, experiment, requests=50, failed=0)
    outcome, told = watched_once(session)
    assert outcome is not None
    assert (outcome.experiment.state, outcome.recorded) == ("promoted", True)
    assert told == [outcome.message]
    assert (
        "Version 2 was promoted by the sequential test of experiment 1-2: no metric can be worse" in told[0]
    )
    known = recorded.recorded(session)["1-2"]
    assert (known["verdict"], known["control"], known["candidate"]) == ("promoted", "1", "2")
    graph = read_graph(session.workspace, session.project.name)
    [run] = [node.key for node in graph.nodes.values() if node.type == recorded.EXPERIMENT_TYPE]
    assert sorted(graph.inputs(run).values()) == ["candidate", "control"]
    [evidence] = graph.outputs(run)
    facts = graph.nodes[evidence].properties
    assert json.loads(facts["requests"])["candidate"] == {"all": 51_200, "failed": 0, "slow": 0}
    assert json.loads(facts["last_look"])["verdict"] == "promote"
    newest = list_versions(session.workspace.serving("recommender"))[0]
    assert newest.promotion is not None
    assert (newest.labels, newest.promotion["over"]) == (("stable",), 1)
    assert recorded.record(session) == [], "once"


def test_a_candidate_that_fails_is_taken_back(session: Session) -> None:
    count(session, begin(session), requests=50, failed=10)
    outcome, told = watched_once(session)
    assert outcome is not None
    assert outcome.experiment.state == "rolled back"
    assert "requests to version 2 fail more often" in told[0]
    assert numbers(session.workspace.serving("recommender")) == [1]
    assert recorded.recorded(session)["1-2"]["verdict"] == "rolled back"


def test_as_long_as_nothing_is_sure_it_goes_on(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = begin(session)
    outcome, told = watched_once(session)
    assert outcome is None
    assert told == ["The experiment goes on: too few users for failed requests, slow requests."]
    assert recorded.recorded(session) == {}
    count(session, experiment, requests=1, failed=0)
    watched_once(session)
    found = shown(folder_of(session.workspace, session.project), experiment)
    assert (found.state, found.looks, [arm.requests for arm in found.arms]) == ("running", 2, [1024, 1024])
    assert [len(one.points) for one in found.metrics] == [2, 2]
    monkeypatch.setenv("KIT_LANGUAGE", "zh")
    translated = shown(folder_of(session.workspace, session.project), experiment)
    assert found.why.startswith("not sure of ")
    assert translated.why.startswith("尚不能确定 ")


def test_a_disk_that_is_full_for_a_while_ends_no_watch(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "looks.jsonl")

    def frees() -> bool:
        monkeypatch.undo()
        return False

    count(session, begin(session), requests=50, failed=10)
    monkeypatch.setattr(watch, "keep", full)
    told: list[str] = []
    outcome = watch.watch(session, frees, told.append)
    assert outcome is not None
    assert outcome.experiment.state == "rolled back"
    assert told[0].startswith("Nobody could look at the experiment: looks.jsonl must have room")
    begin_again = session.workspace.serving("recommender") / "3"
    begin_again.mkdir()
    begin(session)
    monkeypatch.setattr(watch, "keep", full)
    with pytest.raises(OSError, match="No space left"):
        watched_once(session)


@pytest.mark.slow
def test_after_a_watcher_that_was_killed_the_next_one_goes_on(session: Session, tmp_path: Path) -> None:
    experiment = begin(session)
    folder = folder_of(session.workspace, session.project)
    target, payload = f"{watched.__name__}:{watched.run.__name__}", str(session.workspace.path).encode()
    with warm.start_call(target, payload, log_path=tmp_path / "log", cwd=tmp_path) as process:
        while not process.progress:
            assert process.wait(0.05) is None, (tmp_path / "log").read_text()
        os.kill(process.pid, signal.SIGKILL)
        assert isinstance(process.wait(20), warm.CallDied)
    before = len(looks(folder / experiment.name))
    assert before >= 1
    count(session, experiment, requests=50, failed=0)
    outcome, _ = watched_once(session)
    assert outcome is not None
    assert outcome.experiment.state == "promoted"
    assert len(looks(folder / experiment.name)) == before + 1


def test_an_end_by_somebody_else_is_an_end_and_is_recorded(session: Session) -> None:
    begin(session)
    end(session.workspace, session.project, "stopped", who="Ann", why="another idea")
    outcome, told = watched_once(session)
    assert outcome is not None
    assert told == ["Version 2 was stopped without a verdict by Ann: another idea. All users get version 1."]
    assert recorded.recorded(session)["1-2"]["who"] == "Ann"
    assert numbers(session.workspace.serving("recommender")) == [1]


def test_without_an_experiment_there_is_nothing_to_watch(session: Session) -> None:
    with pytest.raises(ExperimentError, match="Start one: `kit canary start`"):
        watched_once(session)


def test_pushes_that_are_held_stay_so_at_what_was_promoted(session: Session) -> None:
    workspace, project = session.workspace, session.project
    (workspace.serving("recommender") / "2").rename(workspace.path / "aside")
    assert hold(workspace, project) == 1
    (workspace.path / "aside").rename(workspace.serving("recommender") / "2")
    start(workspace, project, settings=ExperimentSettings(clicks=False))
    with pytest.raises(ExperimentError, match="an experiment runs"):
        hold(workspace, project)
    end(workspace, project, "stopped", who="Ann", why="later")
    assert numbers(workspace.serving("recommender")) == [1, 2], "it takes no traffic where it is"
    text = (workspace.path / "serving" / "models.config").read_text()
    assert "versions: 1" in text
    assert "versions: 2" not in text
    start(workspace, project, settings=ExperimentSettings(clicks=False))
    end(workspace, project, "promoted", who="Ann", why="good")
    text = (workspace.path / "serving" / "models.config").read_text()
    assert "versions: 2" in text
    assert "versions: 1" not in text
    last = load(folder_of(workspace, project))
    assert last is not None
    assert last.left == 2


def test_a_person_ends_it_at_the_desk(session: Session) -> None:
    desk = ExperimentDesk(session)
    assert desk.look() is None
    count(session, begin(session), requests=1, failed=0)
    running = desk.look()
    assert running is not None
    assert (running.state, running.arms[1].requests) == ("running", 1024)
    with pytest.raises(UsageError, match="one of promote, roll back, stop"):
        desk.decide("drop", "Ann", "why not")
    with pytest.raises(DecisionError):
        desk.decide("promote", "", "")
    assert "Version 2 was promoted by Ann: clear" in desk.decide("promote", "Ann", "clear")
    ended = desk.look()
    assert ended is not None
    assert (ended.state, ended.who) == ("promoted", "Ann")
    assert recorded.recorded(session)["1-2"]["why"] == "clear"
