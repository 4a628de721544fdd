"""Plan a collection: what could be deleted now, what stays, and why."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kit.batch.record import RunRecord, list_runs
from kit.lineage.graph import Graph, Node
from kit.lineage.read import read_graph
from kit.lineage.runs import run_of
from kit.release.versions import list_versions
from kit.retention.config import Retention
from kit.retention.item import RUN, Item, size_of, trash_folders
from kit.retention.needed import reasons, with_origins
from kit.retention.sweeps import Sweep, look_at_sweeps
from kit.tensorboard.config import TensorBoardSettings
from kit.tuning.retention import TrialRetention, look_at_trials
from kit.units import SECONDS_PER_DAY
from kit.workspace import Workspace

_SEARCHES = TensorBoardSettings().keep_searches
_GOING = frozenset({"live", "marked_for_deletion"})


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What can go, and what stays, in a project's results.

    Attributes:
        project: the project that they belong to.
        items: what can go, the largest first.
        restored: keys of artifacts that were marked to go and are needed again.
        kept: how many artifacts stay, by the first reason that applies.
        elsewhere: how many artifacts could go, but are outside this workspace and are left alone.
        leftover: the bytes that an earlier collection moved out of the way but did not get to delete.
        kept_points: how many points of sweeps stay whole, by the reason.
        trials: which trials of Tuner keep only their results.
        in_use: one sentence about each workspace of a sweep that could have gone, but in which work went on.
    """

    project: str
    items: tuple[Item, ...]
    restored: tuple[str, ...]
    kept: dict[str, int]
    elsewhere: int
    leftover: int
    kept_points: dict[str, int]
    trials: TrialRetention
    in_use: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return len(self.items) + len(self.trials.pruned) + len(self.trials.rows)

    @property
    def size(self) -> int:
        return sum(item.size for item in self.items) + self.leftover + self.trials.size_bytes


def make_plan(  # noqa: PLR0913  all that decides about what stays
    workspace: Workspace,
    project: str,
    rule: Retention,
    now: float | None = None,
    *,
    keep_searches: int = _SEARCHES,
    sweeps: Sequence[Sweep] = (),
) -> Plan:
    """Return what can go; nothing is changed.

    Args:
        workspace: the workspace with the results.
        project: the name of the project.
        rule: what stays besides what is needed.
        now: seconds since 1970; None: the current time.
        keep_searches: how many of the newest searches keep all of their trials.
        sweeps: the sweeps of the workspace; only the project's count.
    """
    moment = time.time() if now is None else now
    oldest = moment - rule.keep_days * SECONDS_PER_DAY
    graph = read_graph(workspace, project)
    versions = [version.number for version in list_versions(workspace.serving(project))]
    needed, kept = set[str](), dict[str, int]()
    for keep in reasons(graph, versions=versions, models=rule.keep_models, younger_than=oldest):
        more = with_origins(graph, keep.keys) - needed
        kept[keep.why] = sum(graph.nodes[key].kind == "artifact" for key in more)
        needed |= more
    going = [node for node in graph.nodes.values() if _may_go(node, needed)]
    root = workspace.artifacts(project)
    mine = [node for node in going if is_inside(root, node)]
    shared = {graph.nodes[key].uri for key in needed}
    items = [_item(node, moment) for node in mine if node.uri not in shared]
    items += _runs(workspace, project, graph, needed, oldest, moment)
    left = look_at_sweeps(sweeps, project, oldest, moment)
    items += left.items
    return Plan(
        project=project,
        items=tuple(sorted(items, key=lambda item: (-item.size, item.name))),
        restored=tuple(key for key in sorted(needed) if _is_marked(graph.nodes[key])),
        kept=kept,
        elsewhere=len(going) - len(mine),
        leftover=sum(map(size_of, trash_folders(workspace, project))),
        kept_points=left.kept,
        trials=look_at_trials(workspace, project, keep_searches, oldest),
    )


def is_inside(root: Path, node: Node) -> bool:
    """Return whether an artifact is below a folder: in a copied workspace ML Metadata may name the original's paths.

    Judged by its path alone, without following links: folders are moved, not what they link to.
    """
    place = os.path.normpath(node.uri) if node.uri else ""
    return any(place.startswith(f"{folder}{os.sep}") for folder in {str(root), str(root.resolve())})


def _may_go(node: Node, needed: set[str]) -> bool:
    return node.kind == "artifact" and node.state in _GOING and node.key not in needed


def _is_marked(node: Node) -> bool:
    return node.state == "marked_for_deletion" and Path(node.uri).exists()


def _item(node: Node, now: float) -> Item:
    folder = Path(node.uri)
    return Item(node.type, node.key, folder, size_of(folder), (now - (node.ended or now)) / SECONDS_PER_DAY)


def _runs(  # noqa: PLR0913, PLR0917  all that decides about them
    workspace: Workspace, project: str, graph: Graph, needed: set[str], oldest: float, now: float
) -> Iterable[Item]:
    """Return old batches without remaining results; executed notebooks of needed results are their evidence."""
    records = [record for record in list_runs(workspace.runs) if record.project == project]
    steps = [graph.nodes[key] for key in needed if graph.nodes[key].kind == "execution"]
    evidence = {run_of(records, step) for step in steps}
    for record in records:
        ended = _ended(record)
        if record.run_id not in evidence and record.state != "running" and ended < oldest:
            folder = workspace.runs / record.run_id
            yield Item(RUN, record.run_id, folder, size_of(folder), (now - ended) / SECONDS_PER_DAY)


def _ended(record: RunRecord) -> float:
    return (record.ended or record.started).timestamp()
