"""Leftovers of old sweeps: one workspace per point, and the base that all points started from.

What a sweep has found stays: its records, its table and its page. A point stays whole when a model of its own was
blessed or can be served, by a batch or by hand, and the base stays as long as a point can still run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kit.lineage.graph import Node
from kit.lineage.read import read_graph
from kit.projects import SAMPLE
from kit.release.versions import list_versions
from kit.retention.item import BASE, POINT, Item, size_of
from kit.retention.needed import blessed, served
from kit.sweep.errors import SweepError
from kit.sweep.records import (
    POINT_RECORD,
    RECORD,
    PointRecord,
    SweepFolder,
    SweepRecord,
    list_sweeps,
    sweeps_of,
)
from kit.units import SECONDS_PER_DAY
from kit.workspace import Workspace
from kit.workspace_folders import METADATA_FILE, RUNS, SERVING

_Made = tuple[str, str, float | None]


@dataclass(frozen=True)
class SweepsLeft:
    """What the sweeps of a project have left.

    Attributes:
        items: what can go.
        kept: how many points stay whole, by the reason.
    """

    items: tuple[Item, ...]
    kept: dict[str, int]


@dataclass(frozen=True)
class Sweep:
    """A sweep as it is on disk."""

    folder: SweepFolder
    record: SweepRecord
    points: list[PointRecord]

    @property
    def project(self) -> str:
        """The name of the project that it is about, its first point's."""
        given = {**self.record.fixed, **(self.points[0].values if self.points else {})}
        return Path(str(given.get("project_name", SAMPLE))).name


def sweep_folders(workspace: Workspace) -> list[Path]:
    """Return the folders of the sweeps of a workspace."""
    return [sweeps_of(workspace.path) / name for name in list_sweeps(workspace.path)]


def read_sweeps(workspace: Workspace, unread: Callable[[SweepError], None] | None = None) -> list[Sweep]:
    """Return the sweeps of a workspace.

    Args:
        workspace: the workspace in which they were begun.
        unread: is told of a sweep whose records cannot be read, which then stays as it is; None: that is an error.

    Raises:
        SweepError: when one cannot be read and `unread` is None.
    """
    found = []
    for path in sweep_folders(workspace):
        try:
            folder = SweepFolder.of(workspace.path, path.name)
            found.append(Sweep(folder, folder.read(), folder.points()))
        except SweepError as error:
            if unread is None:
                raise
            unread(error)
    return found


def sweep_projects(sweeps: Iterable[Sweep]) -> set[str]:
    """Return the names of the projects that have sweeps, even if they have run nowhere else."""
    return {sweep.project for sweep in sweeps}


def look_at_sweeps(sweeps: Iterable[Sweep], project: str, younger_than: float, now: float) -> SweepsLeft:
    """Return what the sweeps of a project have left; nothing is changed.

    Args:
        sweeps: those of the workspace.
        project: the name of the project.
        younger_than: seconds since 1970; a sweep with a point at work later stays.
        now: seconds since 1970.
    """
    items, kept = list[Item](), Counter[str]()
    # What was made before the points began: all else is a point's own. Read once, since it may be large.
    outside: set[_Made] | None = None
    for sweep in sweeps:
        if sweep.project != project:
            continue
        folder = sweep.folder
        worked = _last_worked(sweep)
        there = [point for point in sweep.points if folder.workspace_of(point.number).exists()]
        if worked > younger_than:
            kept["their sweep is younger than the rule"] += len(there)
            continue
        days = (now - worked) / SECONDS_PER_DAY
        if outside is None:
            outside = _made_in(folder.path.parents[1])
        before = outside | _made_in(folder.base)
        going = [point for point in there if not _has_passed(folder.workspace_of(point.number), before)]
        kept["a model of theirs was blessed or can be served"] += len(there) - len(going)
        items += [
            _item(POINT, f"{folder.path.name} {p.number}", folder.workspace_of(p.number), days) for p in going
        ]
        if folder.base.exists() and all(point.is_done for point in sweep.points):
            items.append(_item(BASE, folder.path.name, folder.base, days))
    return SweepsLeft(tuple(items), dict(+kept))


def _item(what: str, name: str, place: Path, days: float) -> Item:
    return Item(what, name, place, size_of(place), days)


def _last_worked(sweep: Sweep) -> float:
    folder, numbers = sweep.folder, [point.number for point in sweep.points]
    files = [folder.path / RECORD, *(folder.point(number) / POINT_RECORD for number in numbers)]
    worked = [worked_at(place) for place in (folder.base, *map(folder.workspace_of, numbers))]
    return max([*map(_changed, files), *worked])


def worked_at(place: Path) -> float:
    """Return when somebody last worked in the workspace of a point, by a batch, by hand or by a push."""
    found = (
        place / METADATA_FILE,
        *(place / RUNS).glob("*"),
        *(place / SERVING).glob("*"),
        *(place / SERVING).glob("*/*"),
    )
    return max(map(_changed, found))


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _made_in(place: Path) -> set[_Made]:
    graph = read_graph(Workspace(place, read_only=True))
    return {_made(node) for node in graph.nodes.values()}


def _made(node: Node) -> _Made:
    """Return what a node has in common with its copy in a branch; its key alone is given to later nodes of both."""
    return node.key, node.type, node.began


def _has_passed(place: Path, before: set[_Made]) -> bool:
    """Return whether a model that a point made was blessed or can be served, besides those it began with."""
    workspace = Workspace(place, read_only=True)
    graph = read_graph(workspace)
    own = {key for key, node in graph.nodes.items() if _made(node) not in before}
    if blessed(graph) & own:
        return True
    projects = {node.project for node in graph.nodes.values() if node.project}
    versions = (one.number for project in projects for one in list_versions(workspace.serving(project)))
    return bool(served(graph, versions) & own)
