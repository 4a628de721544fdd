"""The pushed models of a graph: their verdicts, their state, and when each served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kit.lineage.graph import Graph, Node, number_of
from kit.lineage.served import ServingPeriod, served_times
from kit.lineage.store import Store
from kit.release import history
from kit.release.pushed_model import DESTINATION, VERSION
from kit.release.versions import list_versions, served_version
from kit.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Push:
    """A pushed version.

    Attributes:
        key: the key of its PushedModel.
        version: its number.
        project: the project that it belongs to.
        state: `served`, `kept`, `withdrawn`, or `gone` from the serving folder.
        gates: `blessed` or `not blessed` by the Evaluator; empty: not known.
        infra: likewise, by InfraValidator.
        override: who overrode the gates, and why; empty: nobody.
        served: the periods in which it served.
    """

    key: str
    version: int
    project: str
    state: str
    gates: str
    infra: str
    override: str
    served: tuple[ServingPeriod, ...]


def find_pushes(workspace: Workspace, store: Store, graph: Graph) -> tuple[Push, ...]:
    """Return the pushed versions in a graph, the oldest first.

    Args:
        workspace: the workspace with their serving folders.
        store: the store of its ML Metadata; inputs of a push, such as a blessing, may be outside the graph.
        graph: the graph with them.
    """
    pushed = [node for node in graph.nodes.values() if VERSION in node.properties]
    pushes = {number_of(node.key) for node in pushed}
    runs = store.sources(pushes)
    judged = store.graph(pushes | runs | store.sources(runs))
    models = {model_of(node): _Model(workspace, model_of(node)) for node in pushed}
    return tuple(
        models[model_of(node)].push(judged, node)
        for node in sorted(pushed, key=lambda node: int(node.properties[VERSION]))
    )


def model_of(pushed: Node) -> str:
    """Return the name of the folder of a model's versions, which is that of its project."""
    return Path(pushed.properties.get(DESTINATION, "")).parent.name


class _Model:
    """The serving folder of a model in this workspace, which may have been moved since the push."""

    def __init__(self, workspace: Workspace, name: str) -> None:
        base = workspace.serving(name)
        self._times = served_times(history.read(base), served_version(base))
        self._states = {version.number: version.state for version in list_versions(base)}

    def push(self, graph: Graph, node: Node) -> Push:
        version, verdicts = int(node.properties[VERSION]), _verdicts(graph, node)
        return Push(
            key=node.key,
            version=version,
            project=node.project or model_of(node),
            state=self._states.get(version, "gone"),
            gates=verdicts.get("ModelBlessing", ""),
            infra=verdicts.get("InfraBlessing", ""),
            override=_override(node),
            served=tuple(self._times.get(version, ())),
        )


def _verdicts(graph: Graph, pushed: Node) -> Mapping[str, str]:
    """What the blessings among its push's inputs said, by type."""
    blessings = [graph.nodes[key] for run in graph.inputs(pushed.key) for key in graph.inputs(run)]
    return {
        one.type: "blessed" if one.properties["blessed"] == "1" else "not blessed"
        for one in blessings
        if "blessed" in one.properties
    }


def _override(node: Node) -> str:
    who, when, why = (node.properties.get(f"override_{name}", "") for name in ("who", "when", "why"))
    return f"{who}, {when}: {why}" if who else ""
