"""What starting and ending an experiment does to the files that servers follow, and to a server that follows them."""

from __future__ import annotations

import dataclasses
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from serving.experiments.trial import Trial
from serving.models import save_linear

from kit.canary import actions, labels
from kit.canary.actions import check_none_runs, end, folder_of, running, settle, start
from kit.project import Project
from kit.reasons import DecisionError
from kit.release import history
from kit.release.models_config import follow
from kit.release.versions import list_versions, numbers, rollback
from kit.serving.experiments import splitter
from kit.serving.experiments.config import INTERCEPTOR, ExperimentSettings
from kit.serving.experiments.experiment import ExperimentError, load, save
from kit.serving.server import ModelServer
from kit.serving.settings import Settings
from kit.serving.transport import Transport
from kit.workspace import Workspace
from kit.workspace_server import write_models_config

NAME = "recommender"


@pytest.fixture(scope="module")
def project() -> Project:
    return Project.load(NAME)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path / "ws")
    for version in (1, 2, 3):
        (workspace.serving(NAME) / str(version)).mkdir(parents=True)
        (workspace.serving(NAME) / str(version) / "saved_model.pb").touch()
    return workspace


def config(workspace: Workspace) -> Any:
    [model] = (
        Settings(model_config_file=str(write_models_config(workspace))).models().model_config_list.config
    )
    return model


def named(workspace: Workspace) -> tuple[dict[str, int], list[int]]:
    model = config(workspace)
    return dict(model.version_labels), list(model.model_version_policy.specific.versions)


def test_an_experiment_keeps_its_two_versions_loaded_and_labels_them(
    workspace: Workspace, project: Project
) -> None:
    experiment = start(workspace, project)
    assert (experiment.name, experiment.control, experiment.candidate) == ("2-3", 2, 3)
    assert named(workspace) == ({"stable": 2, "canary": 3}, [2, 3])
    assert running(workspace, project) == experiment == load(folder_of(workspace, project))
    with pytest.raises(ExperimentError, match=r"2-3 runs since .* `kit canary stop`"):
        start(workspace, project)


def test_promoted_the_candidate_is_stable_and_the_policy_is_as_before(
    workspace: Workspace, project: Project
) -> None:
    path = write_models_config(workspace)
    path.write_text(
        path.read_text().rstrip().removesuffix("}").rstrip().removesuffix("}")
        + ("model_version_policy { latest { num_versions: 2 } } } }")
    )
    start(workspace, project)
    ended = end(workspace, project, "promoted", who="Ann", why="more clicks")
    assert named(workspace) == ({"stable": 3}, [])
    assert config(workspace).model_version_policy.latest.num_versions == 2
    assert numbers(workspace.serving(NAME)) == [1, 2, 3]
    assert load(folder_of(workspace, project)) == ended
    with pytest.raises(ExperimentError, match="the last one, 2-3, was promoted"):
        running(workspace, project)
    with pytest.raises(ExperimentError, match=r"but 3 of .* is served already, under the label stable"):
        start(workspace, project)
    (workspace.serving(NAME) / "4").mkdir()
    assert start(workspace, project).control == 3, "what is stable"


def test_what_got_the_label_stable_by_its_push_can_be_tried(workspace: Workspace, project: Project) -> None:
    base = workspace.serving(NAME)
    start(workspace, project)
    end(workspace, project, "promoted", who="Ann", why="more clicks")
    follow(base, 4, [1, 2, 3, 4])  # as a push does
    (base / "4").mkdir()
    history.note(base, "push", version=4, serves=4)
    assert named(workspace) == ({"stable": 4}, [])
    begun = start(workspace, project)
    assert (begun.control, begun.candidate) == (3, 4)


def test_taken_back_only_the_candidate_is_withdrawn(workspace: Workspace, project: Project) -> None:
    start(workspace, project, candidate=2, control=1)
    end(workspace, project, "rolled back", who="Ann", why="fewer clicks")
    # Under the previous policy a server has only the latest: nothing would answer for 1, the remaining one.
    assert named(workspace) == ({"stable": 3}, [])
    assert not config(workspace).HasField("model_version_policy")
    base = workspace.serving(NAME)
    assert [(one.number, one.state) for one in list_versions(base)] == [
        (3, "served"),
        (2, "withdrawn"),
        (1, "kept"),
    ]
    begun, entry, ended = history.read(base)
    assert (begun["what"], begun["serves"]) == ("experiment", 1)
    assert (ended["what"], ended["ended"], ended["serves"]) == ("experiment", "rolled back", 3)
    assert (entry["from"], entry["to"], entry["who"]) == (2, 1, "Ann")
    assert entry["why"] == "experiment 1-2: fewer clicks"


def test_while_one_runs_nobody_rolls_back_past_it(workspace: Workspace, project: Project) -> None:
    check_none_runs(workspace, NAME)
    start(workspace, project)
    with pytest.raises(
        ExperimentError, match=r"2-3 compares 3 with 2. Take 3 back with `kit canary stop --roll"
    ):
        check_none_runs(workspace, NAME)
    end(workspace, project, "rolled back", who="Ann", why="worse")
    check_none_runs(workspace, NAME)


def test_another_experiment_on_the_same_versions_has_another_name(
    workspace: Workspace, project: Project
) -> None:
    start(workspace, project)
    end(workspace, project, "promoted", who="Ann", why="better")
    assert start(workspace, project, control=2, candidate=3).name == "2-3-2"


@pytest.mark.parametrize(
    ("candidate", "control"),
    [(9, None), (1, None), (2, 3), (3, 9)],
    ids=["gone", "the oldest", "older", "no control"],
)
def test_versions_that_are_not_there_start_nothing(
    workspace: Workspace, project: Project, candidate: int, control: int | None
) -> None:
    with pytest.raises(ExperimentError, match="a version that serves and a newer one to try"):
        start(workspace, project, candidate=candidate, control=control)
    assert load(folder_of(workspace, project)) is None


def test_an_end_needs_a_name_and_a_reason(workspace: Workspace, project: Project) -> None:
    start(workspace, project)
    with pytest.raises(DecisionError):
        end(workspace, project, "promoted", who=" ", why="x")
    assert running(workspace, project)


@pytest.mark.parametrize("killed_in", ["withdraw", "end"])
def test_an_end_that_was_killed_is_finished_by_the_next_command(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch, killed_in: str
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    start(workspace, project)
    monkeypatch.setattr(actions if killed_in == "withdraw" else labels, killed_in, dies)
    with pytest.raises(KeyboardInterrupt):
        end(workspace, project, "rolled back", who="Ann", why="worse")
    monkeypatch.undo()
    ended = load(folder_of(workspace, project))
    assert ended is not None
    for _ in range(2):
        settle(workspace, project, ended)
        assert named(workspace) == ({"stable": 2}, [])
        assert numbers(workspace.serving(NAME)) == [1, 2]
    what = [entry["what"] for entry in history.read(workspace.serving(NAME))]
    assert what == ["experiment", "rollback", "experiment"]


def test_a_policy_that_somebody_set_meanwhile_stays(workspace: Workspace, project: Project) -> None:
    start(workspace, project)
    path = write_models_config(workspace)
    path.write_text(path.read_text().replace("versions: 2", "versions: 1\n        versions: 2"))
    end(workspace, project, "promoted", who="Ann", why="better")
    assert named(workspace) == ({"stable": 3}, [1, 2, 3])


def test_an_end_that_was_killed_is_finished_by_another_end(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    start(workspace, project)
    monkeypatch.setattr(actions, "withdraw", dies)
    with pytest.raises(KeyboardInterrupt):
        end(workspace, project, "rolled back", who="Ann", why="worse")
    monkeypatch.undo()
    with pytest.raises(ExperimentError, match="the last one, 2-3, was rolled back"):
        end(workspace, project, "rolled back", who="Ann", why="worse")
    assert named(workspace) == ({"stable": 2}, [])
    assert numbers(workspace.serving(NAME)) == [1, 2]


def test_what_was_brought_back_after_an_end_stays(workspace: Workspace, project: Project) -> None:
    start(workspace, project)
    ended = end(workspace, project, "rolled back", who="Ann", why="worse")
    rollback(workspace.serving(NAME), 3, who="Ann", why="it was the network")
    settle(workspace, project, ended)
    assert numbers(workspace.serving(NAME)) == [1, 2, 3]


def test_of_two_ends_at_once_the_first_counts(
    workspace: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*words: Any) -> None:
        time.sleep(0.3)
        save(*words)

    start(workspace, project)
    monkeypatch.setattr(actions, "save", slow)
    with ThreadPoolExecutor() as pool:
        ends = [
            pool.submit(end, workspace, project, state, who="Ann", why="said so")
            for state in ("promoted", "rolled back")
        ]
    [error] = [one.exception() for one in ends if one.exception()]
    [ended] = [one.result() for one in ends if not one.exception()]
    assert isinstance(error, ExperimentError)
    assert named(workspace) == ({"stable": ended.left}, [])
    assert numbers(workspace.serving(NAME)) == ([1, 2, 3] if ended.state == "promoted" else [1, 2])


def test_a_file_that_is_no_experiment_is_told(workspace: Workspace, project: Project) -> None:
    folder = folder_of(workspace, project)
    folder.mkdir(parents=True)
    for text in ("{", '{"name": "a"}', "[]", '{"settings": {"share": 7}}'):
        (folder / "experiment.json").write_text(text)
        with pytest.raises(ExperimentError, match="Move it away"):
            load(folder)


@pytest.mark.parametrize(("state", "left"), [("promoted", 3), ("rolled back", 2)])
def test_a_running_server_changes_over_without_a_failed_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Project, state: Any, left: int
) -> None:
    monkeypatch.setattr(splitter, "_LOOK_SECONDS", 0.0)
    workspace, users = Workspace(tmp_path / "ws"), [f"u{number}" for number in range(30)]
    base = workspace.serving(NAME)
    for version in (2, 3):
        save_linear(base, version, float(version))
    settings = Settings(
        port=None,
        model_config_file=str(write_models_config(workspace)),
        model_config_file_poll_wait_seconds=0,
        file_system_poll_wait_seconds=0,
        allow_version_labels_for_unavailable_models=True,
        experiment_config_file=str(workspace.path / "experiments"),
        interceptors=INTERCEPTOR,
    )
    with ModelServer(settings) as server:
        server.start()

        def asked() -> set[int]:
            answers = set()
            for user in users:
                request = Trial.request(user)
                request.model_spec.name = NAME
                answers.add(
                    int(server.inference.predict(request, {}, Transport.GRPC).model_spec.version.value)
                )
            return answers

        assert asked() == {3}
        start(workspace, project, settings=ExperimentSettings(unit="text", share=0.5))
        assert asked() == {3}, "the control is not loaded yet"
        server.manager.reload(settings.models())
        assert asked() == {2, 3}
        experiment = running(workspace, project)
        save(folder_of(workspace, project), dataclasses.replace(experiment, state=state))
        assert asked() == {left}, "before versions and labels have changed"
        save(folder_of(workspace, project), experiment)
        end(workspace, project, state, who="Ann", why="said so")
        server.manager.poll()
        assert asked() == {left}
        server.manager.reload(settings.models())
        deadline = time.monotonic() + 5
        while len(server.manager.status(NAME)) > 1 and time.monotonic() < deadline:
            states = {one.version: one.state for one in server.manager.status(NAME)}
            if [number for number, now in states.items() if now == "AVAILABLE"] == [left]:
                break
            time.sleep(0.01)
        assert asked() == {left}
        assert server.manager.labels(NAME) == {"stable": left}
