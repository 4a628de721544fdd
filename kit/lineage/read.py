"""Read the graph of a workspace from ML Metadata."""

from __future__ import annotations

from kit.lineage.graph import Graph
from kit.lineage.store import opened
from kit.workspace import Workspace


def read_graph(workspace: Workspace, project: str | None = None) -> Graph:
    """Return all executions of a project, or of all projects, with the artifacts that they took and made.

    A workspace in which nothing has run gives an empty graph.
    """
    with opened(workspace) as store:
        return store.graph(store.nodes_of(project)) if store else Graph([], [])
