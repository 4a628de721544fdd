"""The graph of a workspace is what has really run in it, and two of its runs are compared by what they had."""

from __future__ import annotations

from pathlib import Path

import pytest
from training.tiny import EPOCHS

from kit.evaluation.results import load_slices
from kit.lineage.compare import ComparisonError, compare_runs
from kit.lineage.graph import Edge, Graph, Node
from kit.lineage.read import read_graph
from kit.session import Session
from kit.workspace import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture
def graph(rejected: Session) -> Graph:
    """Two models have been trained and judged."""
    return read_graph(rejected.workspace, rejected.project.name)


def _latest(graph: Graph, name: str) -> Node:
    return [node for node in graph.nodes.values() if node.name == name][-1]


def test_every_step_is_there_with_what_it_took_and_made(graph: Graph, rejected: Session) -> None:
    trainer = _latest(graph, "Trainer")
    assert (trainer.kind, trainer.state) in {("execution", "complete"), ("execution", "cached")}
    assert trainer.project == rejected.project.name
    assert {"examples", "transform_graph", "schema"} <= set(graph.inputs(trainer.key).values())
    assert {"model", "model_run"} <= set(graph.outputs(trainer.key).values())
    model = graph.nodes[next(key for key, name in graph.outputs(trainer.key).items() if name == "model")]
    assert (model.type, model.name) == ("Model", "model")
    assert Path(model.uri) == rejected.path("Trainer", "model")


def test_a_blessing_comes_from_every_step_before_it(graph: Graph) -> None:
    blessing = _latest(graph, "blessing")
    steps = {graph.nodes[key].name for key in graph.upstream(blessing.key)}
    assert {"ExampleGen", "StatisticsGen", "SchemaGen", "Transform", "Trainer", "Evaluator"} <= steps
    examples = _latest(graph, "examples")
    assert blessing.key in graph.downstream(examples.key)
    assert examples.key not in graph.downstream(blessing.key)


def test_all_projects_of_a_workspace_are_read_unless_one_is_named(rejected: Session, graph: Graph) -> None:
    assert set(graph.nodes) <= set(read_graph(rejected.workspace).nodes)
    assert read_graph(rejected.workspace, "no such project").nodes == {}


def test_a_workspace_in_which_nothing_has_run_is_empty(tmp_path: Path) -> None:
    graph = read_graph(Workspace(tmp_path / "ws"))
    assert (graph.nodes, graph.edges) == ({}, ())


def test_two_trainings_differ_in_their_seed_and_their_metrics(graph: Graph) -> None:
    trainer = _latest(graph, "Trainer")
    other = next(
        run
        for run in graph.runs_like(trainer.key)
        if set(graph.outputs(run)) != set(graph.outputs(trainer.key))
    )
    found = {(one.part, one.name): one for one in compare_runs(graph, trainer.key, other)}
    seed, epochs = (found["parameter", f"custom_config.training.{name}"] for name in ("seed", "epochs"))
    assert (seed.first, seed.second, seed.differs) == ("2", "1", True)
    assert (epochs.first, epochs.differs) == (str(EPOCHS), False)
    assert not found["input", "examples"].differs
    metrics = [one for (part, _), one in found.items() if part == "metric"]
    assert metrics
    assert any(one.differs for one in metrics)


def test_two_evaluations_are_compared_by_their_metrics_on_all_rows(graph: Graph, rejected: Session) -> None:
    evaluator = _latest(graph, "Evaluator")
    other = graph.runs_like(evaluator.key)[0]
    found = {one.name: one for one in compare_runs(graph, evaluator.key, other) if one.part == "metric"}
    overall = dict(load_slices(rejected.path("Evaluator", "evaluation")))[()]
    assert found["evaluation.auc"].first == f"{overall['auc']:.6g}"
    assert found["blessing.blessed"].first == "0"


def test_runs_of_two_components_are_not_compared(graph: Graph) -> None:
    trainer, evaluator = _latest(graph, "Trainer"), _latest(graph, "Evaluator")
    with pytest.raises(ComparisonError, match=r"Two runs of one component .* Choose another run of Trainer"):
        compare_runs(graph, trainer.key, evaluator.key)


def test_a_circle_ends() -> None:
    nodes = [Node(key, "execution", key, key) for key in "abc"]
    graph = Graph(nodes, [Edge("a", "b", ""), Edge("b", "c", ""), Edge("c", "a", "")])
    assert graph.upstream("a") == {"b", "c"}
    assert graph.downstream("a") == {"b", "c"}
