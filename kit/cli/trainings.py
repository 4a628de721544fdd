"""`kit trainings`: the trainings that TensorBoard shows, and removing old ones."""
# ruff: noqa: PLC0415

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.quiet import quiet
from kit.cli.shared import ProjectOption, WorkspaceOption, exits, opened, print_table
from kit.projects import SAMPLE

if TYPE_CHECKING:
    from kit.session import Session

app = typer.Typer()
_trainings = typer.Typer(
    help="Trainings of a project: list them, and prune their event files.", no_args_is_help=True
)
app.add_typer(_trainings, name="trainings")


@_trainings.command("list")
@exits
def show_list(project: ProjectOption = SAMPLE, workspace: WorkspaceOption = None) -> None:
    """List the trainings, newest first, and whether their models were blessed or pushed; times are in UTC."""
    with quiet():
        from kit.tensorboard.runs import all_runs
    found = all_runs(_session(project, workspace, looks=True))
    rows = [(run.name, " and ".join(run.passed) or "-", str(run.folder)) for run in found]
    print_table(("training", "model", "folder"), rows)


@_trainings.command()
@exits
def prune(
    project: ProjectOption = SAMPLE,
    workspace: WorkspaceOption = None,
    keep: Annotated[
        int,
        typer.Option(help="Number of newest trainings to keep.", min=0, show_default="tensorboard.keep_runs"),
    ] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
) -> None:
    """Remove the event files of old trials, and of old trainings whose models were neither blessed nor pushed."""
    with quiet():
        from kit.tensorboard import retention
        from kit.tuning.retention import prune_trials
    session = _session(project, workspace, looks=dry_run)
    judged = retention.prune(session, keep, dry_run=dry_run)
    rows = [(one.run.name, "stays", one.why) for one in judged.kept]
    rows += [(one.run.name, "goes" if one.size_bytes else "is gone", one.why) for one in judged.pruned]
    print_table(("training", "", "why"), rows)
    typer.echo(judged.message)
    typer.echo(prune_trials(session.workspace, session.project, dry_run=dry_run).message)


def _session(project: str, workspace: object, *, looks: bool) -> Session:
    with quiet():
        from kit.session import Session

        return Session(*opened(project, workspace, looks=looks))
