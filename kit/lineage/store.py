"""Query ML Metadata's SQLite file: nodes, their neighbours up- and downstream, and their properties.

This reads SQLite directly, not through ML Metadata's library, for two measured reasons. The library cannot search:
release 1.21 answers that `filter_query` was removed, so a version, a digest or a lineage subgraph can only be found by
fetching every artifact. And it takes a second or more to return the 50,000 artifacts of a store, of which one question
needs a hundred. The file is opened read-only, and its schema is checked before it is read.
"""
# ruff: noqa: S608  query texts hold only constants of this module; values are always bound

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any

from kit.errors import WorkspaceError
from kit.lineage.graph import BASELINE, Edge, Graph, Kind, Node, key_of
from kit.lineage.walk import INPUTS, OUTPUTS, Direction, walk_query
from kit.steps.origin import PREFIX, RUN
from kit.steps.properties import text_of, told_parameters
from kit.workspace import Workspace

# Numbers of ML Metadata's enumerations, which its file has instead of names (see `kit.lineage.walk`).
_ARTIFACT_STATES = ("unknown", "pending", "live", "marked_for_deletion", "deleted", "abandoned", "reference")
_EXECUTION_STATES = ("unknown", "new", "running", "complete", "failed", "cached", "canceled")
_SCHEMA_VERSION = 10  # of ML Metadata 1.0 and later
_WAIT_SECONDS = 30.0  # to wait for a step that is writing

_SAID_OTHERWISE = frozenset(
    {"name", "pipeline_name", "producer_component", "state", "type_name", "tfx_version"}
)
_VALUE = "coalesce(string_value, int_value, double_value, CASE bool_value WHEN 1 THEN 'True' WHEN 0 THEN 'False' END)"


@contextmanager
def opened(workspace: Workspace) -> Iterator[Store | None]:
    """Open the store of a workspace to read; None: nothing has run there.

    Raises:
        WorkspaceError: when the file is not one of ML Metadata's that can be read here.
    """
    path = workspace.metadata_path
    if not path.exists():
        yield None
        return
    address = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_WAIT_SECONDS)) as connection:
        try:
            version = connection.execute("SELECT schema_version FROM MLMDEnv").fetchone()
        except sqlite3.DatabaseError as error:
            version = (str(error),)
        if version != (_SCHEMA_VERSION,):
            raise WorkspaceError(
                f"{path} must be a store of ML Metadata with schema {_SCHEMA_VERSION}, but has "
                f"{version and version[0]}. Open it once with the kit that wrote it, or use another workspace."
            )
        yield Store(connection)


class Store:
    """Queries on ML Metadata's file; nodes are numbers here, negative for executions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def projects(self) -> list[str]:
        """Return the names of the projects that have run."""
        return self._column(
            "SELECT c.name FROM Context c JOIN Type ON Type.id = type_id WHERE Type.name = 'pipeline' ORDER BY 1"
        )

    def nodes_of(self, project: str | None) -> set[int]:
        """Return all executions of a project, or of all projects, and the artifacts of their events."""
        runs = self._column(
            "SELECT DISTINCT execution_id FROM Association JOIN Context ON Context.id = context_id "
            "JOIN Type ON Type.id = Context.type_id WHERE Type.name = 'pipeline' AND (? IS NULL OR Context.name = ?)",
            project,
            project,
        )
        artifacts = self._column(
            f"SELECT DISTINCT artifact_id FROM Event WHERE type != 0 AND execution_id IN {_LIST}",
            _listed(runs),
        )
        return {*artifacts, *(-run for run in runs)}

    def walk(self, starts: Collection[int], direction: Direction, *, baselines: bool = True) -> set[int]:
        """Return all that nodes come from, or all that comes from them, the nodes included.

        Args:
            starts: the nodes to begin at.
            direction: the direction of the walk.
            baselines: whether to go on from a model to its baseline, and so to all that this was made of.
        """
        query = walk_query(direction, baselines=baselines)
        return set(self._column(query, _listed(starts)))

    def baselines_of(self, nodes: Collection[int]) -> set[int]:
        """Return the models that executions compared with."""
        query = (
            "SELECT artifact_id FROM Event JOIN EventPath ON event_id = Event.id "
            f"WHERE step_key = '{BASELINE}' AND execution_id IN {_LIST}"
        )
        return set(self._column(query, _listed(-node for node in nodes)))

    def sources(self, nodes: Collection[int]) -> set[int]:
        """Return the nodes right before some nodes: executions that made them, artifacts that they took."""
        makers = self._column(
            f"SELECT -execution_id FROM Event WHERE type IN {OUTPUTS} AND artifact_id IN {_LIST}",
            _listed(nodes),
        )
        taken = self._column(
            f"SELECT artifact_id FROM Event WHERE type IN {INPUTS} AND execution_id IN {_LIST}",
            _listed(-node for node in nodes),
        )
        return {*makers, *taken}

    def made_by(self, runs: Collection[int]) -> set[int]:
        """Return the artifacts that executions made."""
        query = f"SELECT artifact_id FROM Event WHERE type IN {OUTPUTS} AND execution_id IN {_LIST}"
        return set(self._column(query, _listed(-run for run in runs)))

    def graph(self, nodes: Collection[int]) -> Graph:
        """Return nodes with their properties and the edges between them, the oldest first."""
        artifacts, runs = sorted(n for n in nodes if n > 0), sorted(-n for n in nodes if n < 0)
        edges, made_as = self._edges(artifacts, runs)
        projects = dict(
            self._rows(
                "SELECT execution_id, Context.name FROM Association JOIN Context ON Context.id = context_id "
                f"JOIN Type ON Type.id = Context.type_id WHERE Type.name = 'pipeline' AND execution_id IN {_LIST}",
                _listed(runs),
            )
        )
        found = [*self._runs(runs, projects), *self._artifacts(artifacts, made_as, projects)]
        return Graph(sorted(found, key=lambda node: node.began or 0), edges)

    def artifacts_with(self, name: str, value: str) -> list[int]:
        """Return the artifacts with a given value of a custom property, the oldest first."""
        return self._column(
            "SELECT artifact_id FROM ArtifactProperty WHERE name = ? AND string_value = ? ORDER BY artifact_id",
            name,
            value,
        )

    def executions_about(self, name: str, text: str) -> list[int]:
        """Return the executions with a property that contains a text, as nodes, the oldest first."""
        return self._column(
            "SELECT -execution_id FROM ExecutionProperty WHERE name = ? AND instr(string_value, ?) "
            "ORDER BY execution_id",
            name,
            text,
        )

    def executions_in_run(self, run: str) -> list[int]:
        """Return the executions that a batch started, as nodes, the oldest first."""
        return self._column(
            "SELECT -execution_id FROM ContextProperty JOIN Association USING (context_id) "
            "WHERE name = ? AND string_value = ? ORDER BY execution_id",
            PREFIX + RUN,
            run,
        )

    def executions_between(self, project: str, began_ms: int, ended_ms: int) -> list[int]:
        """Return the executions of a project that began in a period, in milliseconds since 1970, as nodes."""
        return self._column(
            "SELECT -Execution.id FROM Execution JOIN Association ON execution_id = Execution.id "
            "JOIN Context ON Context.id = context_id JOIN Type ON Type.id = Context.type_id "
            "WHERE Type.name = 'pipeline' AND Context.name = ? "
            "AND Execution.create_time_since_epoch BETWEEN ? AND ? ORDER BY Execution.id",
            project,
            began_ms,
            ended_ms,
        )

    def exists(self, kind: Kind, number: int) -> bool:
        """Return whether an artifact or execution with this number exists."""
        table = {"artifact": "Artifact", "execution": "Execution"}[kind]
        return bool(self._column(f"SELECT 1 FROM {table} WHERE id = ?", number))

    def _edges(
        self, artifacts: Sequence[int], runs: Sequence[int]
    ) -> tuple[list[Edge], Mapping[int, tuple[str, int]]]:
        """Return the edges, each once, and for each artifact the output and the execution that first made it."""
        wanted, edges, made_as = set(artifacts), dict[tuple[str, str], Edge](), dict[int, tuple[str, int]]()
        for artifact, run, made, name in self._rows(
            f"SELECT artifact_id, execution_id, type IN {OUTPUTS}, coalesce(step_key, '') FROM Event "
            "LEFT JOIN EventPath ON event_id = Event.id AND is_index_step = 0 "
            f"WHERE type != 0 AND execution_id IN {_LIST} ORDER BY execution_id",
            _listed(runs),
        ):
            if artifact in wanted:
                ends = (key_of(-run), key_of(artifact)) if made else (key_of(artifact), key_of(-run))
                edges[ends] = Edge(*ends, name)
                if made:
                    made_as.setdefault(artifact, (name, run))
        return list(edges.values()), made_as

    def _runs(self, runs: Sequence[int], projects: Mapping[int, str]) -> Iterator[Node]:
        told, origins = self._properties("Execution", runs), self._origins(runs)
        for number, type_name, state, began, ended in self._described("Execution", "last_known_state", runs):
            properties = told.get(number, {})
            yield Node(
                key=key_of(-number),
                kind="execution",
                name=properties.get("component_id", "") or _last_word(type_name),
                type=type_name,
                state=_EXECUTION_STATES[state or 0],
                project=projects.get(number, ""),
                properties=told_parameters(properties),
                began=began / 1000,
                ended=ended / 1000,
                origin=origins.get(number, {}),
            )

    def _artifacts(
        self, artifacts: Sequence[int], made_as: Mapping[int, tuple[str, int]], projects: Mapping[int, str]
    ) -> Iterator[Node]:
        told = self._properties("Artifact", artifacts)
        for number, type_name, state, began, ended, uri in self._described(
            "Artifact", "state", artifacts, ", uri"
        ):
            properties = told.get(number, {})
            name, maker = made_as.get(number, ("", 0))
            yield Node(
                key=key_of(number),
                kind="artifact",
                name=name or _last_word(type_name),
                type=type_name,
                state=_ARTIFACT_STATES[state or 0],
                project=properties.get("pipeline_name", "") or projects.get(maker, ""),
                uri=uri or "",
                properties={key: properties[key] for key in sorted(properties) if key not in _SAID_OTHERWISE},
                began=began / 1000,
                ended=ended / 1000,
            )

    def _described(
        self, table: str, state: str, numbers: Sequence[int], more: str = ""
    ) -> list[tuple[Any, ...]]:
        return self._rows(
            f"SELECT {table}.id, Type.name, {state}, create_time_since_epoch, last_update_time_since_epoch{more} "
            f"FROM {table} JOIN Type ON Type.id = type_id WHERE {table}.id IN {_LIST} ORDER BY {table}.id",
            _listed(numbers),
        )

    def _properties(self, table: str, numbers: Sequence[int]) -> Mapping[int, dict[str, str]]:
        """Return properties by node; custom ones come last, so that they override TFX's of the same name."""
        found: dict[int, dict[str, str]] = defaultdict(dict)
        for number, name, value in self._rows(
            f"SELECT {table}_id, name, {_VALUE} FROM {table}Property WHERE {table}_id IN {_LIST} "
            "ORDER BY is_custom_property",
            _listed(numbers),
        ):
            if value is not None:
                found[number][name] = text_of(value)
        return found

    def _origins(self, runs: Sequence[int]) -> Mapping[int, dict[str, str]]:
        found: dict[int, dict[str, str]] = defaultdict(dict)
        for run, name, value in self._rows(
            "SELECT execution_id, name, string_value FROM Association JOIN ContextProperty USING (context_id) "
            f"WHERE name GLOB '{PREFIX}*' AND execution_id IN {_LIST}",
            _listed(runs),
        ):
            found[run][name.removeprefix(PREFIX)] = value
        return found

    def _column(self, query: str, *values: Any) -> list[Any]:
        return [row[0] for row in self._rows(query, *values)]

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, values).fetchall()


_LIST = "(SELECT value FROM json_each(?))"  # any number of them in one value


def _listed(numbers: Iterable[int]) -> str:
    return f"[{','.join(map(str, numbers))}]"


def _last_word(name: str) -> str:
    return name.rpartition(".")[2]
