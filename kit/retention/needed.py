"""Which artifacts are needed: by blessed or servable models, by recent results, or by the next run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kit.lineage.graph import BASELINE, Graph, Node
from kit.release.pushed_model import VERSION

_STATISTICS, _ANOMALIES = "ExampleStatistics", "ExampleAnomalies"
_RUNNING = frozenset({"new", "running"})


@dataclass(frozen=True)
class Keep:
    """A reason to keep something, and what is kept for it: these artifacts with all that they come from."""

    why: str
    keys: frozenset[str]


def reasons(graph: Graph, *, versions: Iterable[int], models: int, younger_than: float) -> list[Keep]:
    """Return what must stay, by reason, the strongest first.

    Args:
        graph: the graph of one project.
        versions: the versions of its model in the serving folder, including those that were rolled back.
        models: how many of the newest models stay.
        younger_than: seconds since 1970; what was made or changed later stays.
    """
    newest = [node.key for node in graph.nodes.values() if node.type == "Model"][-models:] if models else []
    return [
        Keep("a version that is or can be served", served(graph, versions)),
        Keep("a blessed model", blessed(graph)),
        Keep("what each step took and made last, for the next run", _latest(graph)),
        Keep(f"the {models} newest models", frozenset(newest)),
        Keep("younger than the rule", _keys(graph, lambda node: (node.ended or 0) > younger_than)),
    ]


def served(graph: Graph, versions: Iterable[int]) -> frozenset[str]:
    """Return the pushed models that are among the versions of a serving folder."""
    there = {str(version) for version in versions}
    return _keys(graph, lambda node: node.properties.get(VERSION) in there)


def blessed(graph: Graph) -> frozenset[str]:
    """Return the blessings that bless; the model is upstream of each."""
    return _keys(graph, lambda node: node.type == "ModelBlessing" and node.properties.get("blessed") == "1")


def with_origins(graph: Graph, keys: Iterable[str]) -> set[str]:
    """Return artifacts with all that they come from, and all that describes these.

    That is: what a step made beside them, the statistics and anomalies of examples, the evaluations and blessings of
    models, and the decisions about anything.
    """
    found, waiting = set[str](), list(keys)
    while waiting:
        here = waiting.pop()
        # An execution that took everything from the cache made nothing.
        if here not in found and graph.nodes[here].state != "cached":
            found.add(here)
            waiting.extend(graph.inputs(here))
    beside = {made for key in found if graph.nodes[key].kind == "execution" for made in graph.outputs(key)}
    return found | beside | _told(graph, found | beside)


def _told(graph: Graph, keys: set[str]) -> set[str]:
    """Return the artifacts that only describe these examples and models, such as statistics and evaluations."""
    found = set[str]()
    for key in keys:
        if graph.nodes[key].type == "Model":
            found |= _made_of(graph, key, lambda _: True)
        elif graph.nodes[key].type == "Examples":
            statistics = _made_of(graph, key, lambda node: node.type == _STATISTICS)
            found |= statistics
            for one in statistics:
                found |= _made_of(graph, one, lambda node: node.type == _ANOMALIES)
    return found


def _made_of(graph: Graph, key: str, wanted: Callable[[Node], bool]) -> set[str]:
    """Return the wanted artifacts of the steps that took one, with these steps; a baseline does not count as taken."""
    found = set[str]()
    for step, name in graph.outputs(key).items():
        made = {one for one in graph.outputs(step) if wanted(graph.nodes[one])} if name != BASELINE else set()
        found |= made | ({step} if made else set())
    return found


def _latest(graph: Graph) -> frozenset[str]:
    """Return the artifacts of each component's last successful execution, and of all unfinished ones."""
    last: dict[str, str] = {}
    open_ = set[str]()
    for node in graph.nodes.values():
        if node.kind == "execution" and node.state in {"complete", "cached"}:
            last[node.name] = node.key
        elif node.kind == "execution" and node.state in _RUNNING:
            open_.add(node.key)
    runs = {*last.values(), *open_}
    return frozenset(key for run in runs for key in (*graph.inputs(run), *graph.outputs(run)))


def _keys(graph: Graph, wanted: Callable[[Node], bool]) -> frozenset[str]:
    return frozenset(node.key for node in graph.nodes.values() if node.kind == "artifact" and wanted(node))
