"""Garbage collection that may be killed at any moment: ML Metadata stays correct, and the next one goes on.

For each artifact, in this order: ML Metadata says that it is marked for deletion; its folder is moved aside by one
rename; ML Metadata says that it is deleted; what was moved aside is removed. So nothing is ever live and half there. A
step that finds a marked artifact in its cache may use it, and the next collection sees that it is needed and says that
it is live again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from kit.errors import ProjectError, StepOrderError, WorkspaceError
from kit.lineage.store import opened
from kit.project import Project
from kit.retention.config import Retention
from kit.retention.item import ARTIFACT, BASE, POINT, RUN, TRASH, Item, trash_folders, trash_of
from kit.retention.plan import Plan, make_plan
from kit.retention.pruned import remove, write_record
from kit.retention.sweeps import Sweep, read_sweeps, sweep_folders, sweep_projects, worked_at
from kit.sweep.errors import SweepError
from kit.tuning.retention import remove_trials
from kit.workspace import Workspace

# A batch holds the first; a step, or branching the workspace for a sweep, the second.
_LOCKS = ("run", "step")
NOTHING_ELSE: Mapping[str, float | None] = MappingProxyType({})
Unread = Callable[[ProjectError | SweepError], None]
"""Is told of a project or a sweep that cannot be read: all that it has stays, and the others' turn comes."""
_AT_ONCE = 500  # artifacts per transaction


def plans_of(
    workspace: Workspace,
    project: str | None = None,
    settings: Mapping[str, float | None] = NOTHING_ELSE,
    unread: Unread | None = None,
) -> list[Plan]:
    """Return what can go in a project, or in all projects of a workspace; nothing is changed.

    Args:
        workspace: the workspace with the results.
        project: a project, by its name or its folder; None: all, which must be found by their names.
        settings: settings of `kit.retention.config.Retention` that replace project.yml's; None: project.yml's.
        unread: see `Unread`; None: it is an error.

    Raises:
        StepOrderError: when nothing has run there, or nothing of that project.
        ProjectError: when a project.yml, which says what stays, is missing or invalid, and `unread` is None.
        SweepError: when the records of a sweep are missing or invalid, and `unread` is None.
    """
    chosen = {name: value for name, value in settings.items() if value is not None}
    with opened(workspace) as store:
        ran = store.projects() if store else []
    sweeps = read_sweeps(workspace, unread)
    projects = sorted({*ran, *sweep_projects(sweeps)})
    # A project elsewhere is found only by its folder; its results are recorded under its name.
    found = {Path(one).name: one for one in (projects if project is None else [project])}
    if not projects or found.keys() - {*projects}:
        raise StepOrderError(
            f"Only results of projects that have run can be deleted, but in {workspace.path} these have: "
            f"{', '.join(projects) or 'none'}. Choose one of them, or another workspace."
        )
    plans = []
    for one in found.values():
        try:
            plans.append(_plan(workspace, Project.load(one, workspace.path), chosen, sweeps))
        except ProjectError as error:
            if unread is None:
                raise
            unread(error)
    return plans


def collect_garbage(
    workspace: Workspace,
    project: str | None = None,
    settings: Mapping[str, float | None] = NOTHING_ELSE,
    say: Callable[[Plan], None] = lambda _: None,
    unread: Unread | None = None,
) -> list[Plan]:
    """Delete what can go; return what that was.

    Points of sweeps that are in use stay: see `Plan.in_use`.

    Args:
        workspace: the workspace with the results.
        project: a project; None: all.
        settings: as those of `plans_of`.
        say: is told of each plan before it is carried out.
        unread: as that of `plans_of`.

    Raises:
        WorkspaceError: when a batch, a step or a sweep is at work there.
        StepOrderError: as `plans_of`.
        ProjectError: as `plans_of`.
        SweepError: as `plans_of`.
    """
    with ExitStack() as held:
        for name in _LOCKS:
            held.enter_context(workspace.lock(name, "kit gc", wait=False))
        for folder in sweep_folders(workspace):
            held.enter_context(Workspace(folder).lock("sweep", "kit gc", wait=False))
        looked = time.time()
        # Planned under the locks: what could go a moment ago may be needed now.
        plans = plans_of(workspace, project, settings, unread)
        done = []
        for plan in plans:
            say(plan)
            done.append(_carry_out(workspace, plan, looked))
    return done


def _carry_out(workspace: Workspace, plan: Plan, looked: float) -> Plan:
    trash = trash_of(workspace, plan.project, ARTIFACT)
    artifacts = [item for item in plan.items if item.is_artifact]
    # A project that ran only in sweeps has nothing in ML Metadata, and may have none.
    store = _writable(workspace) if artifacts or plan.restored else None
    _set_state(store, plan.restored, mlmd.Artifact.LIVE)
    for batch in (artifacts[start : start + _AT_ONCE] for start in range(0, len(artifacts), _AT_ONCE)):
        names = [item.name for item in batch]
        _set_state(store, names, mlmd.Artifact.MARKED_FOR_DELETION)
        for item in batch:
            _aside(item.folder, trash)
        _set_state(store, names, mlmd.Artifact.DELETED)
        _empty(trash)
    left, in_use = list[Item](), list[str]()
    # The base goes last: if this is killed, the next collection still needs it to tell what is a point's own.
    for item in sorted(plan.items, key=lambda item: item.what == BASE):
        if item.what == BASE and any(one.folder.is_relative_to(item.folder.parent) for one in left):
            left.append(item)
        elif item.what in {POINT, BASE}:
            try:
                _remove_from_sweep(item, trash_of(workspace, plan.project, item.what), looked)
            except WorkspaceError as error:
                left.append(item)
                in_use.append(str(error))
        elif not item.is_artifact:
            _aside(item.folder, trash_of(workspace, plan.project, RUN))
    for folder in trash_folders(workspace, plan.project):
        _empty(folder)
    remove_trials(plan.trials)
    return replace(plan, items=tuple(item for item in plan.items if item not in left), in_use=tuple(in_use))


def _remove_from_sweep(item: Item, trash: Path, looked: float) -> None:
    """Remove the workspace of a point or of all points, unless work goes on in it, or has since it was looked at.

    Its locks are taken only now: those of a thousand points at once are more files than a process may have open.

    Raises:
        WorkspaceError: when it stays.
    """
    with ExitStack() as held:
        if item.what == POINT:  # an attempt that ends after its sweep was killed, or is about to begin
            held.enter_context(_lock(item.folder.parent, "point"))
        for name in _LOCKS:
            held.enter_context(_lock(item.folder, name))
        if worked_at(item.folder) > looked:
            raise WorkspaceError(
                f"The workspace {item.folder} must not be in use, but has just been. Wait until it is done, or use "
                "another workspace."
            )
        write_record(item.folder.parent, "of an old sweep, and none of its models is needed", item.size)
        _aside(item.folder, trash)


def _lock(folder: Path, name: str) -> AbstractContextManager[None]:
    # Read only: opening a workspace that was moved writes to it, after which it would count as recently used.
    return Workspace(folder, read_only=True).lock(name, "kit gc", wait=False)


def _set_state(store: Any, keys: Sequence[str], state: int) -> None:
    """Change only the state; an artifact that is put without its properties would lose them."""
    if not keys:
        return
    found = store.get_artifacts_by_id([int(key.split()[1]) for key in keys])
    for artifact in found:
        artifact.state = state
    store.put_artifacts(found)


def _aside(folder: Path, trash: Path) -> None:
    """Move a folder out of the way at once; do nothing if it is gone already."""
    if folder.exists():
        trash.mkdir(parents=True, exist_ok=True)
        folder.rename(trash / f"{folder.parent.name}-{folder.name}-{os.urandom(4).hex()}")


def _empty(trash: Path) -> None:
    for left in list(trash.iterdir()) if trash.is_dir() else []:
        remove(left)
    with suppress(OSError):  # it is not there, or that of another project is beside it
        trash.rmdir()
        if trash.parent.name == TRASH:
            trash.parent.rmdir()


def _plan(workspace: Workspace, project: Project, chosen: dict[str, float], sweeps: Sequence[Sweep]) -> Plan:
    rule = Retention.model_validate({**project.spec.retention.model_dump(), **chosen})
    searches = project.spec.tensorboard.keep_searches
    return make_plan(workspace, project.name, rule, keep_searches=searches, sweeps=sweeps)


def _writable(workspace: Workspace) -> Any:
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = str(workspace.metadata_path)
    config.sqlite.connection_mode = mlmd.SqliteMetadataSourceConfig.READWRITE
    return metadata_store.MetadataStore(config)
