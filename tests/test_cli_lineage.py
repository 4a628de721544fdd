"""`kit lineage` answers for a name, one way or both, in text or JSON, and says what it cannot answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from in_process import invoke
from lineage.stores import PROJECT, TRAINING, VERSION, Writer, chain

from kit.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions, the second of another seed."""
    writer = Writer(Workspace(tmp_path_factory.mktemp("cli") / "ws"))
    first = chain(writer, version=VERSION)
    chain(writer, version=VERSION + 1, training={**TRAINING, "seed": 2}, baseline=first["model"])
    return writer.workspace.path


def _said(workspace: Path, *words: str) -> str:
    return invoke("lineage", *words, "--workspace", workspace, code=0).stdout


def test_a_name_alone_is_what_it_is_asked_of(workspace: Path) -> None:
    said = _said(workspace, str(VERSION))
    assert said == _said(workspace, "of", f"{PROJECT}/{VERSION}")
    assert said.startswith(
        f"version {PROJECT}/{VERSION}\n  version {VERSION} of {PROJECT} (gone); gates: blessed"
    )
    assert "Upstream: what it comes from" in said


def test_one_way_alone(workspace: Path) -> None:
    assert "Downstream" not in _said(workspace, "artifact 1", "--upstream")
    assert "Upstream" not in _said(workspace, "execution-4", "--downstream")


def test_all_has_the_chain_of_the_baseline_too(workspace: Path) -> None:
    told, everything = (
        json.loads(_said(workspace, str(VERSION + 1), "--json", *more)) for more in ([], ["--all"])
    )
    assert len(everything["upstream"]) == len(told["upstream"]) + told["linked only by a baseline"]
    assert told["linked only by a baseline"] > 0


def test_why_says_what_differs(workspace: Path) -> None:
    assert "differs from version shop/1700000000 in one thing. Seed: of Trainer: 1 → 2." in _said(
        workspace, "why", str(VERSION), str(VERSION + 1)
    )
    told = json.loads(_said(workspace, "why", str(VERSION), str(VERSION + 1), "--json"))
    assert [cause["part"] for cause in told["causes"]] == ["seed"]


def test_a_name_that_means_nothing_ends_with_a_sentence_and_code_2(workspace: Path, tmp_path: Path) -> None:
    ended = invoke("lineage", "nobody", "--workspace", workspace)
    assert (ended.exit_code, "nothing there is called 'nobody'" in ended.stderr) == (2, True)
    ended = invoke("lineage", "1", "--workspace", tmp_path / "empty")
    assert (ended.exit_code, "Run the notebooks first" in ended.stderr) == (2, True)
    assert not (tmp_path / "empty").exists(), "who asks makes nothing"
    assert "why" in invoke("lineage", "--help").stdout
