"""Artifacts, and the executions that consumed and produced them, as plain nodes and edges."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Kind = Literal["artifact", "execution"]

BASELINE = "baseline_model"
"""The input by which one model's chain is joined to that of the model before it."""


@dataclass(frozen=True)
class Node:
    """One artifact or execution.

    Attributes:
        key: unique among all nodes, such as `execution 12`; the number is the id in ML Metadata.
        kind: artifact or execution.
        name: the component of an execution; the output that an artifact was made as.
        type: the type of the artifact, or of the component.
        state: the state in lower case, such as `live`, `complete`, `cached`, `failed`.
        project: the project whose pipeline it belongs to; empty: not known.
        uri: the artifact's folder.
        properties: everything else that ML Metadata has, as text.
        began: seconds since 1970, in UTC.
        ended: the time of its last update in ML Metadata.
        origin: the place and the code of an execution (see `kit.steps.origin`).
    """

    key: str
    kind: Kind
    name: str
    type: str
    state: str = ""
    project: str = ""
    uri: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    began: float | None = None
    ended: float | None = None
    origin: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Edge:
    """An artifact that an execution took, or an execution that made an artifact; `name` is the input's or output's."""

    source: str
    target: str
    name: str


class Graph:
    """Nodes by their keys, the oldest first, and edges between them."""

    def __init__(self, nodes: Sequence[Node], edges: Sequence[Edge]) -> None:
        self.nodes: Mapping[str, Node] = {node.key: node for node in nodes}
        self.edges: Sequence[Edge] = tuple(edges)

    def upstream(self, key: str) -> set[str]:
        """Return the keys of all that a node comes from, without itself."""
        return _reached(key, self._sources)

    def downstream(self, key: str) -> set[str]:
        """Return the keys of all that comes from a node, without itself."""
        return _reached(key, self._targets)

    def inputs(self, key: str) -> dict[str, str]:
        """Return the keys of the nodes right before a node, with the name of the edge."""
        return {edge.source: edge.name for edge in self._sources.get(key, ())}

    def outputs(self, key: str) -> dict[str, str]:
        """Return the keys of the nodes right after a node, with the name of the edge."""
        return {edge.target: edge.name for edge in self._targets.get(key, ())}

    def runs_like(self, key: str) -> list[str]:
        """Return the other executions of the same component and project, the latest first."""
        return [run for run in reversed(self._runs.get(_likeness(self.nodes[key]), ())) if run != key]

    @cached_property
    def _runs(self) -> Mapping[tuple[str, ...], list[str]]:
        runs: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for node in self.nodes.values():
            if node.kind == "execution":
                runs[_likeness(node)].append(node.key)
        return runs

    @cached_property
    def _sources(self) -> Mapping[str, list[Edge]]:
        sources: dict[str, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            sources[edge.target].append(edge)
        return sources

    @cached_property
    def _targets(self) -> Mapping[str, list[Edge]]:
        targets: dict[str, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            targets[edge.source].append(edge)
        return targets


def key_of(node: int) -> str:
    """Return the key of a node, such as `execution 12`."""
    return f"artifact {node}" if node > 0 else f"execution {-node}"


def number_of(key: str) -> int:
    """Return the number of a node in the store from its key."""
    kind, number = key.split()
    return int(number) if kind == "artifact" else -int(number)


def _likeness(node: Node) -> tuple[str, ...]:
    return (node.kind, node.name, node.project)


def _reached(key: str, edges: Mapping[str, list[Edge]]) -> set[str]:
    found, waiting = set[str](), [key]
    while waiting:
        here = waiting.pop()
        for edge in edges.get(here, ()):
            there = edge.source if edge.target == here else edge.target
            if there not in found:
                found.add(there)
                waiting.append(there)
    return found - {key}
