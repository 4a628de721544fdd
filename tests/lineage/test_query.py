"""What somebody names is found, and everything that it comes from and that came of it, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kit.errors import StepOrderError, WorkspaceError
from kit.lineage.query import Lineage, trace
from kit.lineage.render import as_json, as_text
from kit.lineage.subjects import SubjectError
from kit.release import history
from kit.workspace import Workspace
from lineage.stores import FILES, PROJECT, VERSION, Writer, chain


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Two versions, the second judged against the first, and one model that was not pushed."""
    workspace = Workspace(tmp_path_factory.mktemp("lineage") / "ws")
    writer = Writer(workspace)
    first = chain(
        writer, version=VERSION, origin={"run": "20260101-000000-shop", "host": "one", "user": "ada"}
    )
    chain(
        writer, version=VERSION + 1, files={"span-3/clicks.csv": "d" * 64}, baseline=first["model"],
        origin={"run": "20260102-000000-shop"},
    )  # fmt: skip
    chain(writer, files={"span-4/clicks.csv": "e" * 64})
    for number in (VERSION, VERSION + 1):
        (workspace.serving(PROJECT) / str(number)).mkdir(parents=True)
        history.note(workspace.serving(PROJECT), "push", version=number)
    for run in ("20260101-000000-shop", "20260102-000000-shop"):
        folder = workspace.runs / run
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{}")
    _log(workspace)
    return workspace


def _log(workspace: Workspace) -> None:
    line = {
        "time": "2026-01-03T10:00:00Z", "subject": "eve", "client": "127.0.0.1", "route": "predict",
        "version": str(VERSION), "version_trailer": None, "status": 200, "grpc_status": None, "milliseconds": 3,
        "details": "via_upstream", "request_id": "abc-1",
    }  # fmt: skip
    path = workspace.path / "gateway" / PROJECT / "access.log"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(line) + "\n")


def _types(lineage: Lineage, keys: frozenset[str]) -> list[str]:
    return sorted(lineage.graph.nodes[key].name for key in keys)


STEPS = ["ExampleGen", "Evaluator", "Pusher", "SchemaGen", "Trainer"]


def test_a_version_comes_from_its_data_by_every_step_before_it(shop: Workspace) -> None:
    found = trace(shop, str(VERSION))
    runs = frozenset(key for key in found.upstream if key.startswith("execution"))
    assert _types(found, runs) == sorted(STEPS)
    assert found.downstream == frozenset()
    [push] = found.pushes
    assert (push.version, push.state, push.gates) == (VERSION, "kept", "blessed")
    assert len(push.served) == 1
    assert push.served[0].until is not None


def test_what_a_version_has_answered_is_downstream_of_it_and_of_its_data(shop: Workspace) -> None:
    [answered] = trace(shop, str(VERSION)).predictions
    assert (answered.version, answered.count) == (VERSION, 1)
    assert trace(shop, "span-1/clicks.csv", "downstream").predictions == (answered,)
    assert trace(shop, str(VERSION + 1)).predictions == ()
    assert trace(shop, str(VERSION), "upstream").predictions == ()
    shown = as_text(trace(shop, str(VERSION), "downstream"))
    assert (
        "\n    answered 1 requests through the gateway, 2026-01-03 10:00 to 2026-01-03 10:00 UTC\n" in shown
    )
    assert json.loads(as_json(trace(shop, str(VERSION))))["predictions"][0]["log"] == "gateway"


def test_a_project_stands_for_the_version_that_it_serves(shop: Workspace) -> None:
    assert trace(shop, PROJECT).subject == trace(shop, str(VERSION + 1)).subject


@pytest.mark.parametrize(
    "name",
    [
        "span-1/clicks.csv",
        "/data/span-1/clicks.csv",
        FILES["span-1/clicks.csv"][:12],
        "file:span-1/clicks.csv",
    ],
)
def test_everything_comes_from_a_data_file_that_was_made_of_it(shop: Workspace, name: str) -> None:
    found = trace(shop, name)
    assert found.subject.kind == "file"
    assert found.upstream == frozenset()
    assert {push.version for push in found.pushes} == {VERSION}
    assert "span-4" not in as_text(found)


def test_what_is_linked_only_by_a_baseline_is_counted_and_shown_when_asked_for(shop: Workspace) -> None:
    found = trace(shop, "span-1/clicks.csv")
    everything = trace(shop, "span-1/clicks.csv", baselines=True)
    assert {push.version for push in everything.pushes} == {VERSION, VERSION + 1}
    assert found.behind == len(everything.downstream) - len(found.downstream) > 0
    assert f"And {found.behind} more that are linked only by a baseline" in as_text(found)
    assert everything.behind == 0


def test_a_version_is_made_of_its_own_data_and_names_its_baseline(shop: Workspace) -> None:
    found = trace(shop, str(VERSION + 1))
    assert len([key for key in found.upstream if key.startswith("execution")]) == len(STEPS)
    assert "span-3" in as_text(found)
    assert "span-1" not in as_json(found)
    assert "baseline_model 4" in as_text(found)
    assert "artifact 4" in found.upstream, "the model that was the baseline"
    assert found.behind > 0
    assert "span-1" in as_json(trace(shop, str(VERSION + 1), baselines=True))


def test_a_request_leads_to_the_version_that_answered_it_and_to_its_data(shop: Workspace) -> None:
    found = trace(shop, "abc-1")
    assert found.subject.kind == "request"
    assert [(one.version, one.subject, one.log) for one in found.subject.answers] == [
        (VERSION, "eve", "gateway")
    ]
    assert "span-1/clicks.csv, sha256 aaaa" in as_text(found)


def test_a_run_has_the_steps_that_it_began(shop: Workspace) -> None:
    found = trace(shop, "20260101-000000-shop")
    assert [found.graph.nodes[key].name for key in found.own] == [
        "ExampleGen", "StatisticsGen", "SchemaGen", "Trainer", "Evaluator", "Pusher",
    ]  # fmt: skip
    assert ", on one, by ada, in run 20260101-000000-shop" in as_text(found)


def test_a_run_that_took_all_from_the_cache_is_no_origin_and_no_result(tmp_path: Path) -> None:
    writer = Writer(Workspace(tmp_path / "ws"))
    made = chain(writer, version=VERSION)
    before = trace(writer.workspace, str(VERSION)), trace(writer.workspace, f"artifact {made['examples']}")
    taken = {"examples": made["examples"], "schema": made["schema"]}
    writer.step("Trainer", taken, {}, cached={"model": made["model"]}, origin={"run": "20260105-000000-shop"})
    after = trace(writer.workspace, str(VERSION)), trace(writer.workspace, f"artifact {made['examples']}")
    assert [(one.upstream, one.downstream) for one in before] == [
        (one.upstream, one.downstream) for one in after
    ]
    (writer.workspace.runs / "20260105-000000-shop").mkdir(parents=True)
    (writer.workspace.runs / "20260105-000000-shop" / "run.json").write_text("{}")
    assert f"artifact {made['pushed_model']}" in trace(writer.workspace, "20260105-000000-shop").downstream


def test_one_way_is_asked_for_alone(shop: Workspace) -> None:
    both, up, down = (trace(shop, "execution 4", way) for way in ("both", "upstream", "downstream"))
    assert (up.upstream, up.downstream) == (both.upstream, frozenset())
    assert (down.upstream, down.downstream) == (frozenset(), both.downstream)
    # The blessing that a push took is told also where it was not asked for.
    assert trace(shop, str(VERSION), "downstream").pushes[0].gates == "blessed"


def test_json_has_the_nodes_with_where_they_ran_and_the_edges(shop: Workspace) -> None:
    told = json.loads(as_json(trace(shop, "execution 4")))
    [trainer] = told["nodes"]
    assert trainer["properties"]["custom_config.training.epochs"] == "3"
    assert trainer["origin"]["user"] == "ada"
    assert {"source": "artifact 1", "target": "execution 4", "name": "examples"} in told["edges"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", "nothing there is called 'nobody'"),
        ("artifact 999", "nothing there is called"),
        ("artifact 99999999999999999999999", "nothing there is called"),
        ("x" * 300, "nothing there is called"),
        ("clicks.csv", "means several: file:/data/span-1/clicks.csv, file:/data/span-2/clicks.csv"),
        ("", "nothing there is called"),
    ],
)
def test_a_name_that_means_nothing_or_several_things_is_said(shop: Workspace, name: str, said: str) -> None:
    with pytest.raises(SubjectError, match=said):
        trace(shop, name)


def test_nothing_has_run(tmp_path: Path) -> None:
    with pytest.raises(StepOrderError, match="nothing has in"):
        trace(Workspace(tmp_path / "ws"), "1")


def test_a_file_that_is_no_store_is_not_read(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    workspace.metadata_path.write_text("no database" * 100)
    with pytest.raises(WorkspaceError, match="must be a store of ML Metadata with schema 10"):
        trace(workspace, "1")
