"""Who names nothing means the last two trainings that made a model."""

from __future__ import annotations

from pathlib import Path

from kit.lineage.graph import Graph
from kit.lineage.latest import latest_trainings, why_latest
from kit.lineage.read import read_graph
from kit.workspace import Workspace
from lineage.stores import PROJECT, TRAINING, Writer, chain


def _trainers(graph: Graph) -> list[str]:
    return [node.key for node in graph.nodes.values() if node.name == "Trainer"]


def test_trainings_that_came_from_the_cache_do_not_count(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    writer = Writer(workspace)
    first = chain(writer)
    assert len(latest_trainings(workspace, PROJECT)) == 1
    assert why_latest(workspace, PROJECT).startswith("One model has been trained so far.")
    chain(writer, training={**TRAINING, "seed": 5})
    writer.step("Trainer", {}, {}, cached={"model": first["model"]})
    trainers = _trainers(read_graph(workspace))
    assert latest_trainings(workspace, PROJECT) == trainers[:2]
    assert "Seed: of Trainer: 1 → 5." in why_latest(workspace, PROJECT)
    assert "Seed: of Trainer: 5 → 1." in why_latest(workspace, PROJECT, trainers[1], trainers[0])


def test_who_names_one_run_means_the_latest_as_the_other(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    writer = Writer(workspace)
    for seed in (1, 5, 7):
        chain(writer, training={**TRAINING, "seed": seed})
    earliest, middle, latest = latest_trainings(workspace, PROJECT)
    assert "Seed: of Trainer: 1 → 7." in why_latest(workspace, PROJECT, first=earliest)
    assert "Seed: of Trainer: 5 → 1." in why_latest(workspace, PROJECT, second=earliest)
    assert "Seed: of Trainer: 5 → 7." in why_latest(workspace, PROJECT, middle, latest)
