"""The plan of a batch: the chosen notebooks and each one's parameters, checked before anything runs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kit.batch.notebook_metadata import NotebookFacts, read_facts
from kit.batch.parameters import Parameter, Value, read_parameters, validate
from kit.errors import UsageError
from kit.secret import known_secrets, missing, variable_of
from kit.strict_yaml import read_yaml
from kit.texts import did_you_mean
from kit.workspace import CHECKOUT

NOTEBOOKS = CHECKOUT / "notebooks"
_NUMBERED = "[0-9][0-9]_*.ipynb"


@dataclass(frozen=True)
class PlannedNotebook:
    """One notebook of a chain; `given` holds the given values that it declares."""

    path: Path
    specs: Mapping[str, Parameter]
    given: Mapping[str, Value]
    facts: NotebookFacts = field(default_factory=NotebookFacts)

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def parameters(self) -> dict[str, Value]:
        """All values it will run with, defaults included."""
        return {name: self.given.get(name, spec.default) for name, spec in self.specs.items()}


def choose_notebooks(names: Sequence[str] = (), folder: Path = NOTEBOOKS) -> list[Path]:
    """Return the notebooks to run: the named ones in the order given, or all numbered ones of the folder.

    Args:
        names: each a path, or the name of a notebook with or without its ending: one in the folder, or the only one of
            that name in a folder in it, such as `workshop`.
        folder: the folder where names are looked up.

    Raises:
        UsageError: when one does not exist, two have the same name, or there are none.
    """
    paths = [_find(name, folder) for name in names] or sorted(folder.glob(_NUMBERED))
    if not paths:
        raise UsageError(f"{folder} must hold numbered notebooks, but has none. Name the ones to run.")
    stems = [path.stem for path in paths]
    if twice := sorted({stem for stem in stems if stems.count(stem) > 1}):
        raise UsageError(f"Notebooks of a run need different names, but {', '.join(twice)} is there twice.")
    return paths


def notebook_from_anywhere(path: Path) -> str:
    """Return what `choose_notebooks` finds a notebook by in every working folder: for the kit's own, the name."""
    if path.is_relative_to(NOTEBOOKS):
        return str(path.relative_to(NOTEBOOKS).with_suffix(""))
    return str(path)


def place_of(notebook: Path, workspace: Path) -> str:
    """Return what tells a notebook from others of its name, and stays when checkout or workspace are moved."""
    roots = {"checkout": CHECKOUT.resolve(), "workspace": workspace.resolve()}
    for name, root in sorted(roots.items(), key=lambda item: -len(item[1].parts)):  # one may lie in the other
        if notebook.is_relative_to(root):
            return f"{name}: {notebook.relative_to(root).as_posix()}"
    return str(notebook)


def _find(name: str, folder: Path) -> Path:
    for candidate in (Path(name), folder / name, folder / f"{name}.ipynb"):
        if candidate.suffix == ".ipynb" and candidate.is_file():
            return _with_own_name(candidate)
    below = [path for path in sorted(folder.glob("*/*.ipynb")) if not path.parent.name.startswith(".")]
    meant = [path for path in below if name in {path.stem, path.name}]
    if len(meant) == 1:
        return _with_own_name(meant[0])
    known = [path.stem for path in sorted(folder.glob("*.ipynb"))]
    with_folder = [f"{path.parent.name}/{path.stem}" for path in below]
    raise UsageError(
        f"There is no notebook {name!r}.{did_you_mean(Path(name).stem, [*known, *with_folder])} Notebooks are "
        f"{', '.join(known) or 'none'}; others are named by the path of their .ipynb file."
    )


def _with_own_name(notebook: Path) -> Path:
    """Return the path of a notebook in its real folder; a link has its own name, and several may lead to one file."""
    return notebook.parent.resolve() / notebook.name


def read_parameter_file(path: Path) -> dict[str, object]:
    """Return the values of a YAML file, typed as YAML has them.

    Raises:
        UsageError: when it is not a mapping of names to values, or has a name twice.
    """
    content = read_yaml(path, UsageError).content
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UsageError(f"{path} must hold lines such as `epochs: 5`, but is a {type(content).__name__}.")
    return {str(name): value for name, value in content.items()}


def plan_chain(
    notebooks: Sequence[Path], given: Mapping[str, object], offered: Mapping[str, object] | None = None
) -> list[PlannedNotebook]:
    """Give each notebook the values that it declares.

    Args:
        notebooks: the notebooks, in the order in which they run.
        given: values that somebody set; each name must be declared by at least one notebook.
        offered: values for the notebooks that declare them, ignored where none does.

    Raises:
        UsageError: when a value or a notebook is not valid.
    """
    declared = {path: read_parameters(path) for path in notebooks}
    specs = [spec for parameters in declared.values() for spec in parameters.values()]
    known = {spec.name for spec in specs}
    wanted = {name: value for name, value in (offered or {}).items() if name in known} | dict(given)
    values = validate(wanted, specs)
    return [
        PlannedNotebook(path, parameters, {n: values[n] for n in parameters if n in values}, read_facts(path))
        for path, parameters in declared.items()
    ]


def named_project(plan: Iterable[PlannedNotebook]) -> Value | None:
    """Return the `project_name` of the first notebook that has one; None: none has."""
    return next((one.parameters["project_name"] for one in plan if "project_name" in one.parameters), None)


def secret_variables(plan: Iterable[PlannedNotebook], alerts: Iterable[str]) -> dict[str, bool]:
    """Return the environment variables that hold a chain's secrets.

    Args:
        plan: the notebooks, which declare secrets.
        alerts: the variables that alerts of their project are sent with.

    Returns:
        Whether each must be set: an alert that cannot be sent waits, a notebook without its secret does not begin.
    """
    found = dict.fromkeys(alerts, False)
    for spec in (spec for notebook in plan for spec in notebook.specs.values() if spec.is_secret):
        variable = variable_of(spec.name)
        found[variable] = found.get(variable, False) or spec.is_required
    return dict(sorted(found.items()))


def require_secrets(specs: Iterable[Parameter]) -> None:
    """Refuse a run for which a secret is not set.

    Raises:
        UsageError: names each one that is missing.
    """
    values = known_secrets(os.environ)
    required = sorted({spec.name for spec in specs if spec.is_required})
    if lacking := [missing(name) for name in required if variable_of(name) not in values]:
        raise UsageError("\n".join(lacking))


def common_parameters(plan: Sequence[PlannedNotebook]) -> dict[str, Value]:
    """Return all values of a chain, except names whose defaults differ between notebooks."""
    every: dict[str, list[Value]] = {}
    for notebook in plan:
        for name, value in notebook.parameters.items():
            every.setdefault(name, []).append(value)
    return {name: values[0] for name, values in every.items() if all(v == values[0] for v in values)}
