"""`kit projects` and `new`: what is modelled."""
# ruff: noqa: PLC0415

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from kit.cli.shared import WorkspaceOption, chosen_workspace, exits, print_table
from kit.workspace_folders import PROJECTS

app = typer.Typer()


@app.command()
@exits
def projects(workspace: WorkspaceOption = None) -> None:
    """List the projects: built in, and written into the workspace by `kit new`."""
    from kit.project.folder import BUILT_IN

    folders = [BUILT_IN, chosen_workspace(workspace) / PROJECTS]
    found = [path.parent for folder in folders for path in sorted(folder.glob("*/project.yml"))]
    print_table(("project", "folder"), [(folder.name, str(folder)) for folder in found])


@app.command()
@exits
def new(  # noqa: PLR0913, PLR0917  one for each option
    name: Annotated[str, typer.Argument(help="Name of the project: lowercase letters, digits and _.")],
    data: Annotated[
        Path,
        typer.Option(help="CSV or Parquet file; {SPAN} in its name is a number, {YYYY}-{MM}-{DD} a day."),
    ],
    label: Annotated[str, typer.Option(help="Column to predict.")],
    workspace: WorkspaceOption = None,
    into: Annotated[
        Path | None,
        typer.Option(help="Folder of projects; default: the one in the workspace.", show_default=False),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="binary, multiclass or regression.", show_default="from the label's values"),
    ] = None,
) -> None:
    """Inspect your own data, and write a project for them."""
    from kit.new import create
    from kit.workspace import workspace_option

    place = chosen_workspace(workspace)
    created = create(name, data, label, into or place / PROJECTS, task=task)
    typer.echo(created.table())
    project = name if into is None else str(created.folder)
    typer.echo(f"Run the notebooks on it: kit run --project {shlex.quote(project)}{workspace_option(place)}")
