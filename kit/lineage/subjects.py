"""Resolve a name that somebody asks about: a prediction, a model version, a run, a data file, or a node."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kit.batch.record import RUN_FILE, RunRecord
from kit.data.data_file import FILES, DataFile, files_of, in_json
from kit.errors import UsageError
from kit.lineage.graph import Kind, Node, number_of
from kit.lineage.pushes import model_of
from kit.lineage.store import Store
from kit.release.pushed_model import VERSION
from kit.release.versions import served_version
from kit.workspace import Workspace

if TYPE_CHECKING:
    from kit.lineage.answers import Answer

SubjectKind = Literal["artifact", "execution", "version", "run", "file", "request"]

# SQLite has no numbers with more digits, and so no such node.
_NODE = re.compile(r"(artifact|execution)[ -]?([0-9]{1,18})")
_DIGEST = re.compile(r"[0-9a-f]{8,64}")


class SubjectError(UsageError):
    """A name means nothing in this workspace, or several things."""


@dataclass(frozen=True)
class Subject:
    """What somebody asks about.

    Attributes:
        kind: the kind of thing it is.
        name: its name.
        nodes: its nodes in ML Metadata, by their numbers in the store.
        answers: the answers to it, where it is a request.
    """

    kind: SubjectKind
    name: str
    nodes: tuple[int, ...]
    answers: tuple[Answer, ...] = ()


def find_subject(workspace: Workspace, store: Store, name: str) -> Subject:
    """Return what a name means.

    Args:
        workspace: the workspace with the runs and the logs.
        store: the store of its ML Metadata.
        name: `artifact 7`, `execution 12`, the number of a version (`recommender/1795828022` where several projects
            have it), a project for the version that is served, the id of a run, a data file (its path, the end of it,
            or the beginning of its SHA-256), or the id of a request. With a kind and a colon in front, such as `run:…`,
            only that kind is looked for.

    Raises:
        SubjectError: when it means nothing here, or several things.
    """
    kind, colon, rest = name.partition(":")
    named = bool(colon) and kind in _SEARCHES
    searches = {kind: _SEARCHES[kind]} if named else _SEARCHES
    found = list(_all_found(workspace, store, rest if named else name, searches))
    if not found and named:
        raise SubjectError(
            f"{workspace.path} must have the {kind} {rest!r}, but has none of that name. `kit runs` and `kit versions` "
            "list what there is."
        )
    if not found:
        raise SubjectError(
            f"Lineage is of something in {workspace.path}, but nothing there is called {name!r}: no version, "
            "project with one, run, data file, request, `artifact N` or `execution N`. `kit runs` and `kit versions` "
            "list what there is."
        )
    if len(found) > 1:
        choices = ", ".join(f"{one.kind}:{one.name}" for one in found)
        raise SubjectError(
            f"{name!r} must mean one thing, but means several: {choices}. Give one of these names."
        )
    return found[0]


def _all_found(
    workspace: Workspace, store: Store, name: str, searches: Mapping[str, _Search]
) -> Iterator[Subject]:
    for search in searches.values():
        try:
            found = list(search(workspace, store, name))
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            found = []  # too long for a file name
        yield from found
        if found:  # the later ones read whole logs
            return


def _node(kind: Kind) -> _Search:
    def search(_: Workspace, store: Store, name: str) -> Iterator[Subject]:
        match = _NODE.fullmatch(name)
        if match and match[1] == kind and store.exists(kind, int(match[2])):
            key = f"{kind} {match[2]}"
            yield Subject(kind, key, (number_of(key),))

    return search


def _version(workspace: Workspace, store: Store, name: str) -> Iterator[Subject]:
    project, _slash, number = name.rpartition("/")
    if not number.isdecimal():
        served = served_version(workspace.serving(name))
        if served is None:
            return
        project, number = name, str(served)
    by_project: dict[str, list[int]] = {}
    graph = store.graph(store.artifacts_with(VERSION, number))
    for node in graph.nodes.values():
        by_project.setdefault(model_of(node), []).append(number_of(node.key))
    for owner, nodes in by_project.items():
        if project in {"", owner}:
            yield Subject("version", f"{owner}/{number}", tuple(nodes))


def _run(workspace: Workspace, store: Store, name: str) -> Iterator[Subject]:
    folder = workspace.runs / name
    if "/" in name or not name or not (folder / RUN_FILE).is_file():
        return
    record = RunRecord.read(folder)
    nodes = store.executions_in_run(name)
    if record is not None:
        nodes += _skipped(workspace, store, record, nodes)
    # One older than the record of runs: take the executions that began during it.
    if record is not None and not nodes:
        began, ended = record.started.timestamp(), (record.ended or record.started).timestamp()
        nodes = store.executions_between(record.project, int(began * 1000), int(ended * 1000))
    yield Subject("run", name, tuple(nodes))


def _skipped(workspace: Workspace, store: Store, record: RunRecord, own: Sequence[int]) -> list[int]:
    """Return what the notebooks that a run skipped had made before, but for what its own steps come from anyway."""
    found = dict[int, None]()
    earlier: dict[str, tuple[RunRecord | None, list[Node]]] = {}  # a run is read once for all its notebooks
    for notebook in record.notebooks:
        if not (since := notebook.unchanged_since):
            continue
        if since not in earlier:
            nodes = store.graph(store.executions_in_run(since)).nodes.values()
            earlier[since] = RunRecord.read(workspace.runs / since), list(nodes)
        then, made = earlier[since]
        steps = {row.step for row in then.steps if row.notebook == notebook.name} if then else None
        for node in made:
            if steps is None or node.name in steps:  # None: that run is not there any more
                found[number_of(node.key)] = None
    before = store.walk(own, "upstream", baselines=False) if own and found else set[int]()
    return [node for node in found if node not in before]


def _file(_: Workspace, store: Store, name: str) -> Iterator[Subject]:
    """Find a data file in the list of files that each ExampleGen was given."""
    if not name:
        return
    path = str(Path(name).absolute()) if Path(name).is_file() else name
    by_path: dict[Path, list[int]] = {}
    nodes = store.executions_about(FILES, in_json(path))
    for node in store.graph(nodes).nodes.values():
        for file in files_of(node.properties):
            if _is_called(file, path):
                by_path.setdefault(file.path, []).append(number_of(node.key))
    for found, takers in by_path.items():
        yield Subject("file", str(found), tuple(dict.fromkeys(takers)))


def _is_called(file: DataFile, name: str) -> bool:
    by_digest = bool(_DIGEST.fullmatch(name)) and file.sha256.startswith(name)
    return by_digest or f"/{file.path}".endswith(f"/{name.lstrip('/')}")


def _request(workspace: Workspace, store: Store, name: str) -> Iterator[Subject]:
    from kit.lineage.answers import answers_to  # noqa: PLC0415  reads Parquet, whose library takes a while to import

    if answers := answers_to(workspace, name) if name else []:
        nodes = [
            node
            for project, version in dict.fromkeys(
                (one.project, one.version) for one in answers if one.version
            )
            for subject in _version(workspace, store, f"{project}/{version}")
            for node in subject.nodes
        ]
        yield Subject("request", name, tuple(nodes), tuple(answers))


_Search = Callable[[Workspace, Store, str], Iterator[Subject]]
# In this order: the cheap and certain ones first.
_SEARCHES: Mapping[str, _Search] = {
    "artifact": _node("artifact"),
    "execution": _node("execution"),
    "version": _version,
    "run": _run,
    "file": _file,
    "request": _request,
}
