"""Read the graph of a workspace from ML Metadata."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration import metadata

from kit.lineage.graph import Edge, Graph, Node
from kit.steps.history import executions, parameters_of, values_of
from kit.workspace import Workspace

_INPUTS = frozenset({mlmd.Event.INPUT, mlmd.Event.DECLARED_INPUT, mlmd.Event.INTERNAL_INPUT})
_OUTPUTS = frozenset({mlmd.Event.OUTPUT, mlmd.Event.DECLARED_OUTPUT, mlmd.Event.INTERNAL_OUTPUT})
_SAID_OTHERWISE = frozenset(
    {"name", "pipeline_name", "producer_component", "state", "type_name", "tfx_version"}
)


def read_graph(workspace: Workspace, project: str | None = None) -> Graph:
    """Return all executions of a project, or of all projects, with the artifacts that they took and made.

    A workspace in which nothing has run gives an empty graph.
    """
    if not workspace.metadata_path.exists():
        return Graph([], [])
    with metadata.Metadata(
        metadata.sqlite_metadata_connection_config(str(workspace.metadata_path))
    ) as handle:
        return _graph(handle.store, project)


def _graph(store: Any, project: str | None) -> Graph:
    projects = [project] if project is not None else _projects(store)
    runs = [(name, run) for name in projects for run in executions(store, name)]
    events = store.get_events_by_execution_ids([run.id for _, run in runs]) if runs else []
    events = [event for event in events if event.type in _INPUTS | _OUTPUTS]
    artifacts = store.get_artifacts_by_id(sorted({event.artifact_id for event in events}))
    made_as = {event.artifact_id: _name(event) for event in events if event.type in _OUTPUTS}
    nodes = [_run(run, name) for name, run in runs]
    nodes += [_artifact(artifact, made_as.get(artifact.id, "")) for artifact in artifacts]
    nodes.sort(key=lambda node: node.began or 0)
    return Graph(nodes, _edges(events))


def _projects(store: Any) -> list[str]:
    return sorted(context.name for context in store.get_contexts_by_type("pipeline"))


def _run(run: Any, project: str) -> Node:
    component = run.properties["component_id"].string_value if "component_id" in run.properties else ""
    return Node(
        _execution_key(run.id),
        "execution",
        component or _last_word(run.type),
        run.type,
        mlmd.Execution.State.Name(run.last_known_state).lower(),
        project,
        properties={**parameters_of(run), **values_of(run.custom_properties)},
        began=run.create_time_since_epoch / 1000,
        ended=run.last_update_time_since_epoch / 1000,
    )


def _artifact(artifact: Any, made_as: str) -> Node:
    told = {**values_of(artifact.properties), **values_of(artifact.custom_properties)}
    return Node(
        _artifact_key(artifact.id),
        "artifact",
        made_as or _last_word(artifact.type),
        artifact.type,
        mlmd.Artifact.State.Name(artifact.state).lower(),
        told.get("pipeline_name", ""),
        artifact.uri,
        {name: value for name, value in sorted(told.items()) if name not in _SAID_OTHERWISE},
        artifact.create_time_since_epoch / 1000,
        artifact.last_update_time_since_epoch / 1000,
    )


def _edges(events: Iterable[Any]) -> Sequence[Edge]:
    """One edge an event, each once: MLMD keeps the same event again when an execution is updated."""
    edges = {}
    for event in events:
        run, artifact = _execution_key(event.execution_id), _artifact_key(event.artifact_id)
        source, target = (artifact, run) if event.type in _INPUTS else (run, artifact)
        edges[source, target] = Edge(source, target, _name(event))
    return tuple(edges.values())


def _name(event: Any) -> str:
    """The input's or output's name; a decision's events have none."""
    return str(event.path.steps[0].key) if event.path.steps else ""


def _execution_key(number: int) -> str:
    return f"execution {number}"


def _artifact_key(number: int) -> str:
    return f"artifact {number}"


def _last_word(name: str) -> str:
    return name.rpartition(".")[2]
