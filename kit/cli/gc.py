"""`kit gc`: delete what no blessed or served model needs."""
# ruff: noqa: PLC0415

from __future__ import annotations

import math
from typing import Annotated

import typer

from kit.cli.shared import WorkspaceOption, exits, print_table, workspace_of

app = typer.Typer()


@app.command()
@exits
def gc(
    project: Annotated[
        str | None,
        typer.Option(help="Name or folder of the project.", show_default="all projects"),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete; without it, only show what could be deleted.")
    ] = False,
    keep_days: Annotated[
        float | None,
        typer.Option(
            min=0, help="Keep results younger than this many days.", show_default="as in project.yml"
        ),
    ] = None,
    keep_models: Annotated[
        int | None,
        typer.Option(min=0, help="Keep this many of the newest models.", show_default="as in project.yml"),
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Delete results that no blessed or served model needs; without --yes, only show them.

    Old sweeps lose the workspaces of their points; trials of old searches lose everything but their results.
    """
    from kit.errors import ProjectError, UsageError
    from kit.retention.collect import collect_garbage, plans_of
    from kit.retention.plan import Plan
    from kit.retention.render import HEADER, item_row, kept_lines, told
    from kit.sweep.errors import SweepError

    if keep_days is not None and not math.isfinite(keep_days):
        raise UsageError(f"--keep-days must be a finite number of days, but is {keep_days}. Correct it.")

    def show(plan: Plan) -> None:
        typer.echo(f"{plan.project}:")
        for line in kept_lines(plan):
            typer.echo(f"  {line}")
        if plan.items:
            print_table(HEADER, [item_row(item) for item in plan.items])

    unread: list[ProjectError | SweepError] = []

    def tell(error: ProjectError | SweepError) -> None:
        what = "sweep" if isinstance(error, SweepError) else "project"
        typer.echo(f"All results stay of a {what} that cannot be read: {error.in_words()}", err=True)
        unread.append(error)

    place = workspace_of(workspace, looks=not yes)
    rule = {"keep_days": keep_days, "keep_models": keep_models}
    if yes:
        plans = collect_garbage(place, project, rule, show, tell)
    else:
        plans = plans_of(place, project, rule, tell)
        for plan in plans:
            show(plan)
    if plans:
        typer.echo(told(plans, done=yes))
    if unread:
        raise typer.Exit(int(unread[0].exit_code))
