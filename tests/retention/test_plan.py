"""What can go is never what a blessed or served model needs, what is young, or what the next run takes."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from lineage.stores import PROJECT, VERSION, Made, Writer, chain

from kit.lineage.read import read_graph
from kit.retention.config import Retention
from kit.retention.plan import Plan, make_plan
from kit.workspace import Workspace

LATER = time.time() + 100 * 86_400
NOTHING_MORE = Retention(keep_days=30, keep_models=0)


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(Workspace(tmp_path / "ws"))


def _serve(writer: Writer, version: int = VERSION) -> None:
    (writer.workspace.serving(PROJECT) / str(version)).mkdir(parents=True)


def _going(plan: Plan) -> set[str]:
    return {item.name for item in plan.items}


def _keys(made: Made, *names: str) -> set[str]:
    return {f"artifact {made[name]}" for name in (names or made)}


def _plan(writer: Writer, rule: Retention = NOTHING_MORE) -> Plan:
    return make_plan(writer.workspace, PROJECT, rule, LATER)


def test_only_what_was_not_blessed_and_is_not_the_last_goes(writer: Writer) -> None:
    served = chain(writer, version=VERSION, blessed=False)
    _serve(writer)
    blessed = chain(writer)
    missed = chain(writer, blessed=False)
    last = chain(writer, blessed=False)
    assert _going(_plan(writer)) == _keys(missed)
    assert not _going(_plan(writer)) & (_keys(served) | _keys(blessed) | _keys(last))


def test_nothing_upstream_of_a_blessed_or_served_model_goes_ever(writer: Writer) -> None:
    """By the graph itself, and not by the rule that the plan follows."""
    shared = chain(writer, version=VERSION)
    _serve(writer)
    for blessed in (True, False, True, False, False):
        made = chain(writer, blessed=blessed, baseline=shared["model"])
        writer.step(
            "Trainer", {"examples": shared["examples"]}, {"model": "Model"}, told={"n": str(made["model"])}
        )
    graph = read_graph(writer.workspace, PROJECT)
    roots = [key for key, node in graph.nodes.items() if node.properties.get("blessed") == "1"]
    roots += [key for key, node in graph.nodes.items() if node.type == "PushedModel"]
    going = _going(_plan(writer))
    assert going
    assert not going & {key for root in roots for key in {root, *graph.upstream(root)}}


def test_examples_that_a_needed_model_shares_stay_and_the_other_models_of_them_go(writer: Writer) -> None:
    needed = chain(writer)
    other = writer.step("Trainer", {"examples": needed["examples"]}, {"model": "Model"})
    chain(writer, blessed=False)
    assert _going(_plan(writer)) == _keys(other)


def test_statistics_and_verdicts_stay_with_what_they_tell_of(writer: Writer) -> None:
    needed, other = chain(writer), chain(writer, blessed=False)
    chain(writer, blessed=False)
    going = _going(_plan(writer))
    assert not going & _keys(needed, "statistics", "evaluation", "model_run")
    assert _keys(other, "statistics", "evaluation", "blessing") <= going


def test_a_verdict_goes_with_its_candidate_though_its_baseline_stays(writer: Writer) -> None:
    needed = chain(writer)
    missed = chain(writer, blessed=False, baseline=needed["model"])
    chain(writer, blessed=False)
    going = _going(_plan(writer))
    assert _keys(missed, "evaluation", "blessing") <= going
    assert not going & _keys(needed)


def test_a_version_that_was_withdrawn_stays_and_one_that_was_removed_goes(writer: Writer) -> None:
    withdrawn = chain(writer, version=VERSION, blessed=False)
    removed = chain(writer, version=VERSION + 1, blessed=False)
    chain(writer, version=VERSION + 2, blessed=False)
    (writer.workspace.serving(PROJECT) / ".withdrawn" / str(VERSION)).mkdir(parents=True)
    going = _going(_plan(writer))
    assert not going & _keys(withdrawn)
    assert going == _keys(removed)


def test_the_rule_keeps_what_is_young_and_the_newest_models(writer: Writer) -> None:
    made = [chain(writer, blessed=False) for _ in range(3)]
    assert make_plan(writer.workspace, PROJECT, NOTHING_MORE).items == ()
    assert _going(_plan(writer)) == _keys(made[0]) | _keys(made[1])
    assert _going(_plan(writer, Retention(keep_models=2))) == _keys(made[0])
    assert _going(_plan(writer, Retention(keep_days=200, keep_models=0))) == set()


def test_what_lies_in_another_workspace_is_left_alone(writer: Writer, tmp_path: Path) -> None:
    for _ in range(2):
        chain(writer, blessed=False)
    shutil.copytree(writer.workspace.path, tmp_path / "copy")
    (tmp_path / "copy" / ".place").unlink()  # or its records would follow
    plan = make_plan(Workspace(tmp_path / "copy"), PROJECT, NOTHING_MORE, LATER)
    assert plan.items == ()
    assert plan.elsewhere == len(_plan(writer).items) > 0


def test_bytes_that_a_branch_shares_are_not_counted_as_free(writer: Writer, tmp_path: Path) -> None:
    chain(writer, blessed=False)
    chain(writer, blessed=False)
    before = _plan(writer)
    item = max(before.items, key=lambda one: one.size)
    os.link(item.folder / "content", tmp_path / "shared")
    assert before.size - _plan(writer).size == item.size > 0


def test_old_batches_go_but_for_those_that_made_what_is_needed(writer: Writer) -> None:
    runs = ["20260101-000000-shop", "20260102-000000-shop", "20260103-000000-shop"]
    chain(writer, origin={"run": runs[0]})
    chain(writer, blessed=False, origin={"run": runs[1]})
    chain(writer, blessed=False, origin={"run": runs[2]})
    for run in runs:
        writer.run_file(run)
    assert {item.name for item in _plan(writer).items if item.what == "run"} == {runs[1]}
