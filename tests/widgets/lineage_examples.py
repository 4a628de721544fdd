"""Graphs for the lineage view: few nodes with all that they may have, thousands, and hostile ones."""

from __future__ import annotations

import itertools
import random

from widget_examples import HOSTILE

from kit.lineage.compare import Difference
from kit.lineage.graph import Edge, Graph, Node

_BEGAN = 1_780_000_000.0
_CHAIN = (
    ("ExampleGen", "examples", "Examples", ()),
    ("StatisticsGen", "statistics", "ExampleStatistics", ("examples",)),
    ("SchemaGen", "schema", "Schema", ("statistics",)),
    ("Transform", "transform_graph", "TransformGraph", ("examples", "schema")),
    ("Trainer", "model", "Model", ("examples", "transform_graph")),
    ("Evaluator", "blessing", "ModelBlessing", ("examples", "model")),
)


def chain(runs: int = 2, project: str = "churn") -> Graph:
    """The same chain run several times; only the first ExampleGen, StatisticsGen and SchemaGen have made anything."""
    nodes: list[Node] = []
    edges: list[Edge] = []
    made: dict[str, str] = {}
    for run in range(runs):
        for step, (component, output, kind, inputs) in enumerate(_CHAIN):
            cached = run > 0 and step < 3
            began = _BEGAN + 3600 * run + 10 * step
            execution = f"execution {run * len(_CHAIN) + step + 1}"
            state = "cached" if cached else "failed" if (component, run) == ("Evaluator", 1) else "complete"
            told = {"epochs": str(run + 1)} if component == "Trainer" else {}
            nodes.append(
                Node(execution, "execution", component, component, state, project, "", told, began, began + 4)
            )
            edges += [Edge(made[name], execution, name) for name in inputs]
            if not cached:
                made[output] = artifact = f"artifact {run * len(_CHAIN) + step + 1}"
                uri = f"/ws/artifacts/{project}/{component}/{output}/{run}"
                nodes.append(Node(artifact, "artifact", output, kind, "live", project, uri, {}, began + 3))
            if state != "failed":
                edges.append(Edge(execution, made[output], output))
    return Graph(nodes, edges)


def compare(_first: str, _second: str) -> list[Difference]:
    return [
        Difference("parameter", "epochs", "2", "1"),
        Difference("input", "examples", "artifact 1", "artifact 1"),
        Difference("metric", "model_run.auc", "0.81", "0.79"),
    ]


def many(nodes: int = 2000) -> Graph:
    """A graph as large as a workspace of months, the same each time."""
    draw = random.Random(7)  # noqa: S311  not for secrets
    made: list[Node] = []
    edges: list[Edge] = []
    for number in range(nodes // 2):
        run = Node(f"execution {number}", "execution", f"Step{number % 8}", "Step", "complete", "big")
        artifact = Node(f"artifact {number}", "artifact", f"out{number % 8}", "Out", "live", "big", "/a")
        edges.append(Edge(run.key, artifact.key, "out"))
        # A step takes what was made in the last days.
        taken = {draw.randrange(max(0, number - 24), number) for _ in range(2)} if number else set()
        edges += [Edge(f"artifact {other}", run.key, "in") for other in sorted(taken) if number % 8]
        made += [run, artifact]
    return Graph(made, edges)


def hostile() -> Graph:
    nodes = [
        Node(
            f"execution {i}", "execution", text, text, text, text, text, {text: text}, _BEGAN + i, _BEGAN + i
        )
        for i, text in enumerate(HOSTILE)
    ]
    return Graph(nodes, [Edge(one.key, two.key, one.name) for one, two in itertools.pairwise(nodes)])
