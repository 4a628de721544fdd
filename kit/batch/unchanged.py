"""Whether all of a notebook's inputs are the same as when it last ended well, so that it need not run again.

Each thing that its results depend on gets a digest: the notebook, its parameters, the code, the versions, the files of
the project, the data files, what it reads in the workspace, and what the steps of the notebooks before it and its own
have made, with what people decided about that. Code and project files count by content; data files by name, size and
time, as in TFX; what steps made by its id in ML Metadata, which stays while results come from the cache. What is not
known to be the same has changed.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from functools import cached_property
from pathlib import Path

from kit.batch.parameters import Value
from kit.batch.plan import PlannedNotebook, place_of
from kit.digests import of_files
from kit.project import Project
from kit.versions import installed_packages
from kit.workspace import CHECKOUT
from kit.workspace_folders import METADATA_FILE

_CODE = ("*.py", "*.js", "*.css", "*.yml")
_HIDDEN = re.compile(r"/(\.|__pycache__/)")
# ML Metadata's numbers: COMPLETE and CACHED of Execution.State, OUTPUT of Event.Type.
_ENDED_WELL, _OUTPUT = (3, 5), 4
_MADE = "what {} made"
_LATEST = """
    SELECT step.string_value, MAX(execution.id) FROM Execution AS execution
    JOIN ExecutionProperty AS step ON step.execution_id = execution.id AND step.name = 'component_id'
    JOIN Association AS member ON member.execution_id = execution.id
    JOIN Context AS context ON context.id = member.context_id AND context.name = :pipeline
    JOIN Type AS kind ON kind.id = context.type_id AND kind.name = 'pipeline'
    WHERE execution.last_known_state IN (:complete, :cached) GROUP BY step.string_value"""
_OUTPUTS = """
    SELECT artifact.id, artifact.uri, MAX(decision.id) FROM Event AS event
    JOIN Artifact AS artifact ON artifact.id = event.artifact_id
    LEFT JOIN Event AS about ON about.artifact_id = artifact.id AND about.type <> event.type
    LEFT JOIN Execution AS decision ON decision.id = about.execution_id AND decision.type_id IN
      (SELECT id FROM Type WHERE name = 'kit.Decision')
    WHERE event.execution_id = ? AND event.type = ? GROUP BY artifact.id ORDER BY artifact.id"""


class Surroundings:
    """What notebooks of one project find in one workspace.

    Code, notebooks and data are looked at once, before they are used: what changes meanwhile is new to the next run.
    What is in the workspace is looked at each time.

    Args:
        workspace: the folder.
        project: None when the notebooks have no `project_name`.
    """

    def __init__(self, workspace: Path, project: Project | None) -> None:
        self._workspace, self._project = workspace, project
        self._own: dict[str, dict[str, str]] = {}

    def look_at(self, notebook: PlannedNotebook) -> dict[str, str]:
        """Return the digests of what a notebook comes with."""
        if notebook.name not in self._own:
            self._own[notebook.name] = {
                "the notebook": notebook_digest(notebook.path),
                "parameters": _digest(self._parameters(notebook)),
                "the code beside it": code_beside(notebook.path),
                **self._fixed,
            }
        return self._own[notebook.name]

    def digests(self, notebook: PlannedNotebook, steps: Iterable[str]) -> dict[str, str]:
        """Return a digest for each thing that its results depend on.

        Args:
            notebook: the notebook that runs or has run.
            steps: the components that it and the notebooks before it have run.
        """
        made = latest_outputs(self._workspace / METADATA_FILE, self._name)
        reads = [pattern.format(project=self._name) for pattern in notebook.facts.reads or ()]
        return {
            **self.look_at(notebook),
            "what it reads": _digest([_stamps(self._workspace, reads)]),
            **{_MADE.format(step): made.get(step, "") for step in sorted(set(steps))},
        }

    def place(self, notebook: Path) -> str:
        """Return what a notebook is known by in the records of the workspace."""
        return place_of(notebook, self._workspace)

    def _parameters(self, notebook: PlannedNotebook) -> dict[str, Value]:
        """Return the parameters without this workspace: a workspace stays the same when it is moved."""
        here = str(self._workspace)
        return {name: value for name, value in notebook.parameters.items() if value != here}

    @property
    def _name(self) -> str:
        return self._project.name if self._project else ""

    @cached_property
    def _fixed(self) -> dict[str, str]:
        found = {
            "code": _digest(
                [of_files(_code(CHECKOUT / name), CHECKOUT / name) for name in ("kit", "widgets")]
            ),
            "versions": _digest([installed_packages(), platform.python_version()]),
        }
        if self._project:
            data = data_files(self._project)
            found["the project"] = project_digest(self._project, data)
            found["data files"] = _digest([[str(path), _stamp(path)] for path in data])
        return found


def latest_outputs(store: Path, pipeline: str) -> dict[str, str]:
    """Return the ids of each component's latest outputs, each with that of the last decision about it.

    Read straight from the tables, so that a run that skips everything imports neither TFX nor ML Metadata. What is no
    longer on disk has no id.
    """
    if not store.exists():
        return {}
    values = {"pipeline": pipeline, "complete": _ENDED_WELL[0], "cached": _ENDED_WELL[1]}
    try:
        with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            executions = connection.execute(_LATEST, values).fetchall()
            made = {
                step: connection.execute(_OUTPUTS, (number, _OUTPUT)).fetchall()
                for step, number in executions
            }
    except sqlite3.Error:  # no store, or a busy one: what is not known has changed
        return {}
    return {step: ", ".join(_identity(*row) for row in rows) for step, rows in made.items()}


def _identity(number: int, uri: str, decision: int | None) -> str:
    if not Path(uri).exists():
        return "gone"
    return f"{number} (decision {decision})" if decision else str(number)


def differences(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return what is no longer the same, in words."""
    return [name for name in {**then, **now} if then.get(name) != now.get(name)]


def steps_in(digests: Iterable[str]) -> list[str]:
    """Return the components whose results have one of the digests that `Surroundings` gives."""
    before, after = _MADE.split("{}")
    return [
        name.removeprefix(before).removesuffix(after)
        for name in digests
        if name.startswith(before) and name.endswith(after)
    ]


def notebook_digest(notebook: Path) -> str:
    """Return a digest of a notebook's cells; outputs do not count."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return _digest([[cell["cell_type"], "".join(cell["source"])] for cell in cells])


def code_beside(notebook: Path) -> str:
    """Return a digest of what a notebook can import from its working folder."""
    return of_files(_modules_in(notebook.parent), notebook.parent)


def project_digest(project: Project, data: Iterable[Path]) -> str:
    """Return a digest of a project's files: the schema and whatever else its code may read, but not its data."""
    return of_files(_files_beside(data, project.folder), project.folder)


def data_files(project: Project) -> list[Path]:
    """List all data files of a project.

    Raises:
        ProjectError: when there are none.
    """
    if project.spec.data.has_spans:
        return [path for span in project.spans() for path in project.span_files(span)]
    return [file.path for file in project.input_files()]


def _stamps(base: Path, patterns: Iterable[str]) -> list[object]:
    roots = [found for pattern in patterns for found in sorted(base.glob(pattern))]
    files = [file for root in roots for file in (sorted(root.rglob("*")) if root.is_dir() else [root])]
    return [[str(file.relative_to(base)), _stamp(file)] for file in files]


def _stamp(path: Path) -> object:
    if not path.is_file():
        return None
    facts = path.stat()
    return [facts.st_size, facts.st_mtime_ns]


def _code(folder: Path) -> list[Path]:
    return _readable((found for pattern in _CODE for found in folder.rglob(pattern)), folder)


def _modules_in(folder: Path) -> list[Path]:
    packages = (path.parent for path in folder.glob("*/__init__.py"))
    below = (path for package in packages for path in package.rglob("*.py"))
    return _readable((*folder.glob("*.py"), *below), folder)


def _files_beside(data: Iterable[Path], folder: Path) -> list[Path]:
    given = {path.resolve() for path in data}
    return [path for path in _readable(folder.rglob("*"), folder) if path.resolve() not in given]


def _readable(paths: Iterable[Path], folder: Path) -> list[Path]:
    """Leave out hidden files and what is not a file, such as an editor's lock, which is a link that leads nowhere."""
    return [path for path in paths if not _HIDDEN.search(f"/{path.relative_to(folder)}") and path.is_file()]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
