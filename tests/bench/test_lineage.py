"""The store that is measured is one that the kit reads as its own, and every figure comes out of it."""

from __future__ import annotations

from pathlib import Path

from kit.bench.lineage import FIRST_VERSION, PROJECT, lineage, make_store
from kit.lineage.query import trace
from kit.lineage.read import read_graph
from kit.lineage.render import as_json
from kit.workspace import Workspace


def test_a_version_of_it_comes_from_its_own_data_and_from_that_of_its_baseline(
    tmp_path: Path,
) -> None:
    workspace = Workspace(tmp_path / "ws")
    make_store(workspace, 3)
    graph = read_graph(workspace, PROJECT)
    assert len([node for node in graph.nodes.values() if node.kind == "artifact"]) == 3 * 12
    found = trace(workspace, str(FIRST_VERSION + 2))
    files = [
        node.properties["files"] for key, node in found.graph.nodes.items() if "files" in node.properties
    ]
    assert len(files) == 1
    assert "span-2.csv" in files[0]
    everything = trace(workspace, str(FIRST_VERSION + 2), baselines=True)
    assert "span-1.csv" in as_json(everything)


def test_all_figures_are_measured(tmp_path: Path) -> None:
    figures = list(lineage(tmp_path, artifacts=24))
    assert [figure.value > 0 for figure in figures] == [True] * 5
    assert [figure.goal for figure in figures] == [1.0, 1.0, 1.0, None, None]
