"""An execution says where it ran and by what code, also when it failed, and TFX's cache does not mind."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest
from training.tiny import Tiny

from kit.lineage.read import read_graph
from kit.steps import origin as module
from kit.steps.monitor import RUN_FOLDER_VARIABLE
from kit.steps.origin import origin, packages_of
from kit.workspace import Workspace


@pytest.fixture(autouse=True)
def _ask_again() -> Iterator[None]:
    module._of_process.cache_clear()
    yield
    module._of_process.cache_clear()


def test_it_knows_the_host_the_code_and_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "git_commit", lambda: "abc")
    monkeypatch.setattr(module, "git_changed", lambda: True)
    workspace = Workspace(tmp_path / "ws")
    assert "run" not in origin(workspace)
    monkeypatch.setenv(RUN_FOLDER_VARIABLE, "/somewhere/20260101-000000-shop")
    facts = origin(workspace)
    assert facts["run"] == "20260101-000000-shop"
    assert facts["host"] == platform.node()
    assert facts["code_commit"] == "abc with changes"


def test_the_packages_are_kept_once_under_their_digest(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    digests = {origin(workspace)["packages"] for _ in range(2)}
    assert len(digests) == len(list((workspace.path / "environments").iterdir())) == 1
    assert packages_of(workspace, digests.pop())["pytest"] == importlib.metadata.version("pytest")
    assert packages_of(workspace, "0" * 16) == {}


@pytest.mark.slow
def test_another_origin_is_recorded_and_is_no_reason_to_run_again(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "user_name", lambda: "somebody else")
    module._of_process.cache_clear()
    tiny.train(1)
    module._of_process.cache_clear()
    assert tiny.session.steps[-1].state == "cached"
    graph = read_graph(tiny.session.workspace, tiny.project.name)
    trainers = [node for node in graph.nodes.values() if node.name == "Trainer"]
    assert trainers[-1].origin["user"] == "somebody else"
    assert trainers[0].origin["user"] != "somebody else"
    assert {"code_commit", "host", "python", "packages"} <= set(trainers[0].origin)
