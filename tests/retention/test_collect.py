"""What can go is deleted, and nothing else, at whatever moment the collection is killed."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from in_process import invoke
from lineage.stores import PROJECT, Made, Writer, chain
from training.tiny import Tiny

from kit.errors import ExitCode, ProjectError, StepOrderError, WorkspaceError
from kit.lineage.read import read_graph
from kit.new import create
from kit.project.file import Gate
from kit.retention import collect
from kit.retention.collect import collect_garbage, plans_of
from kit.workspace import Workspace

NOW = {"keep_days": 0.0, "keep_models": 0}


class KilledError(BaseException):
    """What no handler expects, as a kill is."""


@pytest.fixture(scope="module")
def made_shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Made, Made]:
    """A workspace with a blessed model, one that can go, and the last one; a copy of it is beside it."""
    folder = tmp_path_factory.mktemp("shop")
    workspace = Workspace(folder / "ws")
    rows = pd.DataFrame({"height": [1.5, 2.5] * 30, "bought": ["yes", "no"] * 30})
    rows.to_csv(folder / "a.csv", index=False)
    create(PROJECT, folder / "a.csv", "bought", workspace.path / "projects")
    writer = Writer(workspace)
    blessed, missed = chain(writer), chain(writer, blessed=False, known={"model": {"note": "kept"}})
    chain(writer, blessed=False)
    shutil.copytree(workspace.path, folder / "as_made")
    return workspace, blessed, missed


@pytest.fixture
def shop(made_shop: tuple[Workspace, Made, Made]) -> tuple[Workspace, Made, Made]:
    """It as it was made, at the place that ML Metadata names."""
    folder = made_shop[0].path
    shutil.rmtree(folder)
    shutil.copytree(folder.with_name("as_made"), folder)
    return made_shop


def _states(workspace: Workspace) -> dict[str, str]:
    return {node.key: node.state for node in read_graph(workspace).nodes.values() if node.kind == "artifact"}


def _folders(workspace: Workspace) -> dict[str, bool]:
    nodes = read_graph(workspace).nodes.values()
    return {node.key: (Path(node.uri) / "content").is_file() for node in nodes if node.kind == "artifact"}


def _digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(str(path).encode() + path.read_bytes() for path in files)).hexdigest()


def test_looking_changes_nothing(shop: tuple[Workspace, Made, Made]) -> None:
    workspace, _, missed = shop
    before = _digest(workspace.path)
    [plan] = plans_of(workspace, settings=NOW)
    assert {item.name for item in plan.items} == {f"artifact {number}" for number in missed.values()}
    assert plan.size > 0
    assert _digest(workspace.path) == before


def test_what_can_go_is_deleted_and_ml_metadata_says_so(shop: tuple[Workspace, Made, Made]) -> None:
    workspace, blessed, missed = shop
    collect_garbage(workspace, settings=NOW)
    states, folders = _states(workspace), _folders(workspace)
    gone = {f"artifact {number}" for number in missed.values()}
    assert {key for key, state in states.items() if state == "deleted"} == gone
    assert {key for key, there in folders.items() if not there} == gone
    assert not {f"artifact {number}" for number in blessed.values()} & gone
    assert not list(workspace.path.rglob(".trash"))
    node = read_graph(workspace).nodes[f"artifact {missed['model']}"]
    assert node.properties["note"] == "kept", "only the state is another"
    assert [plan.items for plan in collect_garbage(workspace, settings=NOW)] == [()]


@pytest.mark.parametrize("moment", range(24))
def test_a_collection_that_is_killed_leaves_the_truth_and_the_next_one_ends_it(
    shop: tuple[Workspace, Made, Made], monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    """Every call that changes something is a moment; the first ones are killed halfway through a folder."""
    workspace, blessed, missed = shop
    done = 0

    def killed_at(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            nonlocal done
            done += 1
            if done > moment:
                raise KilledError
            return real(*arguments)

        return call

    for name in ("_set_state", "_aside"):
        monkeypatch.setattr(collect, name, killed_at(getattr(collect, name)))
    monkeypatch.setattr(shutil, "rmtree", killed_at(shutil.rmtree))
    try:
        collect_garbage(workspace, settings=NOW)
        whole = True
    except KilledError:
        whole = False
    states, folders = _states(workspace), _folders(workspace)
    assert all(folders[key] for key, state in states.items() if state == "live"), "nothing live is gone"
    assert all(folders[f"artifact {number}"] for number in blessed.values())
    monkeypatch.undo()
    collect_garbage(workspace, settings=NOW)
    gone = {f"artifact {number}" for number in missed.values()}
    assert {key for key, state in _states(workspace).items() if state == "deleted"} == gone
    assert {key for key, there in _folders(workspace).items() if not there} == gone
    assert not list(workspace.path.rglob(".trash"))
    assert whole == (moment >= done)


def test_what_was_marked_and_is_needed_again_is_live_again(
    shop: tuple[Workspace, Made, Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, _, missed = shop
    monkeypatch.setattr(collect, "_aside", _kill)
    with pytest.raises(KilledError):
        collect_garbage(workspace, settings=NOW)
    key = f"artifact {missed['model']}"
    assert _states(workspace)[key] == "marked_for_deletion"
    monkeypatch.undo()
    writer = Writer(workspace)
    writer.step("Trainer", {}, {}, cached={"model": missed["model"], "model_run": missed["model_run"]})
    collect_garbage(workspace, settings=NOW)
    assert (_states(workspace)[key], _folders(workspace)[key]) == ("live", True)


def _kill(*_: object) -> None:
    raise KilledError


@pytest.mark.parametrize("lock", ["run", "step"])
def test_nothing_is_deleted_while_something_runs(shop: tuple[Workspace, Made, Made], lock: str) -> None:
    workspace, *_ = shop
    before = _states(workspace)
    with workspace.lock(lock, "kit run"), pytest.raises(WorkspaceError, match="is in use by"):
        collect_garbage(workspace, settings=NOW)
    assert _states(workspace) == before


def test_the_command_line_shows_first_and_deletes_when_told(shop: tuple[Workspace, Made, Made]) -> None:
    workspace, _, missed = shop
    told = ["gc", "--workspace", str(workspace.path), "--keep-days", "0", "--keep-models", "0"]
    before = _digest(workspace.path)
    shown = invoke(*told)
    assert _digest(workspace.path) == before
    assert shown.exit_code == 0, shown.output
    assert "Nothing was deleted: --yes does that." in shown.output
    assert "a blessed model" in shown.output
    assert _folders(workspace)[f"artifact {missed['model']}"]
    done = invoke(*told, "--yes")
    assert f"{len(missed)} results deleted" in done.output
    assert not _folders(workspace)[f"artifact {missed['model']}"]
    assert "Everything is needed or recent" in invoke(*told).output
    assert invoke(*told, "--project", "nobody").exit_code == 2


def test_without_a_project_that_has_run_there_is_nothing_to_collect(tmp_path: Path) -> None:
    with pytest.raises(StepOrderError, match="these have: none"):
        plans_of(Workspace(tmp_path / "ws"))


@pytest.mark.slow
def test_a_model_that_went_is_trained_again_and_not_taken_from_the_cache(tiny: Tiny) -> None:
    tiny.evaluate(tiny.train(1), Gate(metric="auc", min=0.6))
    second = tiny.train(4)
    tiny.train(1)
    [plan] = collect_garbage(tiny.session.workspace, "tiny", NOW)
    assert f"artifact {second.id}" in {item.name for item in plan.items}
    tiny.train(1)
    assert tiny.session.steps[-1].state == "cached"
    again = tiny.train(4)
    assert tiny.session.steps[-1].state == "done"
    assert Path(again.uri).is_dir()


def test_a_project_that_lies_elsewhere_is_named_by_its_folder(
    shop: tuple[Workspace, Made, Made], tmp_path: Path
) -> None:
    workspace, _, missed = shop
    elsewhere = shutil.move(workspace.path / "projects" / PROJECT, tmp_path / PROJECT)
    with pytest.raises(ProjectError, match=f"There is no project '{PROJECT}'"):
        plans_of(workspace, PROJECT, NOW)
    [plan] = collect_garbage(workspace, str(elsewhere), NOW)
    assert (plan.project, len(plan.items)) == (PROJECT, len(missed))


def test_a_project_that_is_not_found_does_not_keep_others_from_being_collected(
    shop: tuple[Workspace, Made, Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, _, missed = shop
    monkeypatch.setattr(collect, "sweep_projects", lambda _: {"gone"})
    told = ["gc", "--workspace", str(workspace.path), "--keep-days", "0", "--keep-models", "0", "--yes"]
    done = invoke(*told)
    assert done.exit_code == 2
    assert f"{len(missed)} results deleted" in done.stdout
    assert "All results stay of a project that cannot be read: There is no project 'gone'" in done.stderr
    assert not _folders(workspace)[f"artifact {missed['model']}"]


@pytest.mark.parametrize("days", ["inf", "1e400"])
def test_days_without_end_are_refused(tmp_path: Path, days: str) -> None:
    done = invoke("gc", "--workspace", tmp_path / "ws", "--keep-days", days)
    assert done.exit_code == ExitCode.USAGE
    assert "--keep-days must be a finite number of days" in done.stderr
