"""The parameters of the notebook that runs in this kernel: declared, current, and to be saved or run as a batch."""

from __future__ import annotations

import json
import linecache
import os
import shlex
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kit.batch.background import Batch, BatchProgress
from kit.batch.parameters import SOURCES_VARIABLE, Parameter, Value, command_words, parse_parameters
from kit.batch.plan import read_parameter_file
from kit.errors import ProjectError, UsageError
from kit.project.folder import name_from_anywhere
from kit.translation.messages import in_language
from kit.workspace import resolve_folder, write_atomically

DEFAULT, HERE, BATCH = "default", "changed here", "the batch"
_INJECTED = "# Parameters\n"  # the first line of the cell that papermill puts behind the parameters cell


@dataclass(frozen=True)
class ToldParameter:
    """A parameter as a view shows it: `help` in the reader's language, `choices` as they are written."""

    name: str
    type: str
    help: str
    choices: tuple[str, ...]


class ParameterDesk:
    """The parameters of a notebook.

    The parameters cell is found among the cells that the kernel has run: this works in every front end and in a batch,
    none of which tells a kernel where its notebook is.

    Args:
        namespace: the notebook's own, `globals()`.

    Raises:
        UsageError: when no cell with parameters has been run, or a value does not fit its parameter.
    """

    def __init__(self, namespace: MutableMapping[str, Any]) -> None:
        self._namespace = namespace
        self._batch: Batch | None = None
        sources = _cells_run(namespace)
        found = [
            (number, specs) for number, source in enumerate(sources) if (specs := _parameters_of(source))
        ]
        if not found:
            raise UsageError(
                "The panel shows the parameters of the notebook, but no cell with lines such as "
                "`epochs: int = 5  # help` has run in this kernel. Run the parameters cell first."
            )
        number, specs = found[-1]
        self._specs = {spec.name: spec for spec in specs.values()}
        injected = _injected(sources[number + 1]) if number + 1 < len(sources) else {}
        # Cells, and papermill without `kit run`, give a variable anything; steps say much later what is wrong.
        namespace.update(self._checked())
        self._injected = {
            name: self._fitting(name, value) for name, value in injected.items() if name in self._specs
        }

    def specs(self) -> list[ToldParameter]:
        """Return the parameters in the order of their cell."""
        return [
            ToldParameter(spec.name, spec.type, in_language(spec.help), spec.choices)
            for spec in self._specs.values()
        ]

    def values(self) -> dict[str, object]:
        """Return what the variables of the notebook hold now."""
        return {name: self._namespace.get(name, spec.default) for name, spec in self._specs.items()}

    def sources(self) -> dict[str, str]:
        """Return where each value comes from: `default`, `-p`, a file, the batch, or `changed here`."""
        told: Mapping[str, str] = json.loads(os.environ.get(SOURCES_VARIABLE, "{}"))
        values = self.values()
        return {name: self._source(name, values[name], told) for name in self._specs}

    def set(self, name: str, text: object) -> Value:
        """Give a variable of the notebook a new value, from a text or a value.

        Raises:
            ValueError: when it does not fit the parameter; says what was expected and found.
        """
        value = self._specs[name].convert(text)
        self._namespace[name] = value
        return value

    def reset(self) -> None:
        """Give all variables the values of the parameters cell."""
        for spec in self._specs.values():
            self._namespace[spec.name] = spec.default

    def save(self) -> str:
        """Write the values into a file that `kit run -f` takes; return where, in a sentence.

        What other notebooks of the project have saved there stays.
        """
        path = self._file()
        values = self._from_anywhere(self._of_all_notebooks())
        content = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
        write_atomically(path, content)
        return in_language(f"Saved to {path}. Run a batch with them: kit run -f {shlex.quote(str(path))}")

    def start(self) -> str:
        """Start all numbered notebooks as a batch with these values; return how to follow it elsewhere.

        Raises:
            UsageError: when a value does not fit, or the batch that was started here still runs.
        """
        progress = self.batch()
        if progress is not None and not progress.has_ended:
            raise UsageError(
                "Only one batch at a time can be started here, but the last one is still running. Wait until it has "
                "ended."
            )
        words = ["run", *command_words(self._from_anywhere(self._checked()))]
        self._batch = Batch(words, self._workspace(), shlex.join(["kit", *words]))
        return in_language(
            "The batch has started, and goes on when this notebook is closed. `kit runs` lists it, too."
        )

    def batch(self) -> BatchProgress | None:
        """Return how far the batch started here is; None: none was started."""
        return self._batch.progress() if self._batch else None

    def command(self) -> str:
        """Record what was done in the workspace, and return the command that repeats it in another one.

        The record has the parameters as they are now, those that other notebooks have saved, and the decisions and the
        stop of a training that the results depend on.
        """
        from kit.replay import recorded  # noqa: PLC0415  with TFX, which takes seconds to import

        recording = recorded(self._session(self._checked()), self._of_all_notebooks())
        path = self._workspace() / "recordings" / f"{self._project() or 'recording'}.yml"
        recording.save(path)
        other = path.parents[1].with_name(f"{path.parents[1].name}-again")
        return f"kit replay {shlex.quote(str(path))} --workspace {shlex.quote(str(other))}"

    def _file(self) -> Path:
        return self._workspace() / "parameters" / f"{self._project() or 'parameters'}.yml"

    def _of_all_notebooks(self) -> dict[str, Value]:
        file = self._file()
        return {**(read_parameter_file(file) if file.exists() else {}), **self._checked()}  # type: ignore[dict-item]

    def _checked(self) -> dict[str, Value]:
        """Return the values in their types; a cell may have given a variable anything.

        Raises:
            UsageError: when one does not fit.
        """
        return {
            name: self._fitting(name, value)
            for name, value in self.values().items()
            if not self._specs[name].is_secret  # the batch takes it from the environment, like this kernel
        }

    def _fitting(self, name: str, value: object) -> Value:
        try:
            return self._specs[name].convert(value)
        except ValueError as error:
            raise UsageError(f"The parameter {name} {error}. Correct it.") from None

    def _from_anywhere(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return values that mean the same in every working folder: a kernel's is not that of a command."""
        anywhere = dict(values)
        if "workspace" in values:
            anywhere["workspace"] = str(self._workspace())
        if values.get("project_name"):
            anywhere["project_name"] = self._project_from_anywhere(str(values["project_name"]))
        return anywhere

    def _project_from_anywhere(self, name: str) -> str:
        try:
            return name_from_anywhere(name, self._workspace())
        except ProjectError:
            return name  # the batch will say so; parameters may be saved for a project that is made later

    def _source(self, name: str, value: object, told: Mapping[str, str]) -> str:
        if name in self._injected and value == self._injected[name]:
            return told.get(name, BATCH)
        return DEFAULT if value == self._specs[name].default else HERE

    def _workspace(self) -> Path:
        return resolve_folder(str(self.values().get("workspace", "workspace")))

    def _project(self) -> str:
        return Path(str(self.values().get("project_name", ""))).name

    def _session(self, values: Mapping[str, Value]) -> Any:
        """Return the notebook's own session while it fits; a new one would wait for a running step."""
        from kit.project import Project  # noqa: PLC0415  as above
        from kit.session import Session  # noqa: PLC0415
        from kit.workspace import Workspace  # noqa: PLC0415

        place = self._workspace()
        project = Project.load(str(values.get("project_name", "")), place)
        present = self._namespace.get("session")
        if isinstance(present, Session) and (present.workspace.path, present.project.folder) == (
            place,
            project.folder,
        ):
            return present
        return Session(Workspace(place), project)


def _cells_run(namespace: Mapping[str, Any]) -> list[str]:
    """Return the sources of the cells that the kernel has run, in their order.

    nbval tells a kernel to keep no history; the sources that tracebacks quote are kept all the same.
    """
    history = [str(source) for source in namespace.get("In", ())]
    if any(history):
        return history
    quoted = [entry for name, entry in list(linecache.cache.items()) if "ipykernel" in Path(name).parent.name]
    return ["".join(entry[2]).rstrip("\n") for entry in quoted if len(entry) > 1]


def _parameters_of(source: str) -> dict[str, Parameter]:
    """Return the parameters of a cell; none when it is another kind of cell, or papermill's."""
    if source.startswith(_INJECTED):
        return {}
    try:
        specs = parse_parameters(source, "this notebook")
    except UsageError:
        return {}
    return specs if ": " in source.partition("=")[0] else {}  # `a = 1` may be any cell


def _injected(source: str) -> dict[str, Value]:
    if not source.startswith(_INJECTED):
        return {}
    return {name: spec.default for name, spec in parse_parameters(source, "this notebook").items()}
