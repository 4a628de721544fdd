"""`kit alerts`: what was found wrong, who is told, and what is being done about it."""
# ruff: noqa: PLC0415

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.shared import (
    ProjectOption,
    WorkspaceOption,
    chosen_workspace,
    exits,
    print_table,
    printable,
    workspace_of,
)
from kit.projects import SAMPLE

if TYPE_CHECKING:
    from kit.alerts.incident import Incident

app = typer.Typer()
_alerts = typer.Typer(
    help="Incidents that the checks found: list, acknowledge, mute, send.", no_args_is_help=True
)
app.add_typer(_alerts, name="alerts")

_Id = Annotated[str, typer.Argument(metavar="ID", help="ID of the incident, or its first characters.")]
_Who = Annotated[str, typer.Option(help="Your name.", show_default="the account's name")]
_Why = Annotated[str, typer.Option(help="The reason, for later readers.")]


@_alerts.command("list")
@exits
def show_list(
    project: Annotated[
        str | None, typer.Option("--project", "-P", help="Only this project's incidents.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
    every: Annotated[bool, typer.Option("--all", help="Also list closed incidents.")] = False,
) -> None:
    """List the incidents, the most recently found first; times are in UTC."""
    from kit.alerts.desk import AlertDesk

    incidents = AlertDesk(workspace_of(workspace, looks=True), project).incidents(also_resolved=every)
    rows = [(one.id, _state(one), one.title, str(one.times), _time(one.last_seen)) for one in incidents]
    print_table(("id", "state", "incident", "times", "last seen"), rows)


@_alerts.command()
@exits
def show(id_: _Id, workspace: WorkspaceOption = None) -> None:
    """Show one incident with its evidence."""
    from kit.alerts.store import Store

    one = Store(workspace_of(workspace, looks=True)).incident(id_)
    typer.echo(f"{printable(one.title)}\n{printable(one.evidence.found)}.")
    facts = {
        "state": _state(one),
        "decided": one.decided,
        "expected": one.evidence.expected,
        "what to do": one.evidence.what_to_do,
        "seen": f"{one.times} time{'' if one.times == 1 else 's'}, {_time(one.first_seen)} to {_time(one.last_seen)}",
        "notebook": one.evidence.notebook,
    }
    for name, value in facts.items():
        if value:
            typer.echo(f"{name:>10}  {printable(value)}")
    if one.evidence.rows:
        names = tuple(dict.fromkeys(name for row in one.evidence.rows for name in row))
        print_table(names, [tuple(row.get(name, "") for name in names) for row in one.evidence.rows])


@_alerts.command()
@exits
def ack(id_: _Id, why: _Why, who: _Who = "", workspace: WorkspaceOption = None) -> None:
    """Acknowledge an incident: somebody is working on it, and it is not sent again."""
    from kit.alerts.desk import ACKNOWLEDGE

    _decide(workspace, ACKNOWLEDGE, id_, who=who, why=why)


@_alerts.command()
@exits
def mute(
    id_: _Id,
    until: Annotated[str, typer.Option(help="The last day (UTC) of the mute, such as 2026-01-31.")],
    why: _Why,
    who: _Who = "",
    workspace: WorkspaceOption = None,
) -> None:
    """Mute a known incident: it is not sent again until a given day."""
    from kit.alerts.desk import MUTE

    _decide(workspace, MUTE, id_, who=who, why=why, until=until)


@_alerts.command("open")
@exits
def reopen(id_: _Id, why: _Why, who: _Who = "", workspace: WorkspaceOption = None) -> None:
    """Reopen an incident that was acknowledged or muted."""
    from kit.alerts.desk import OPEN

    _decide(workspace, OPEN, id_, who=who, why=why)


@_alerts.command()
@exits
def send(
    project: Annotated[
        str | None,
        typer.Option(
            "--project", "-P", help="Only this project's alerts, by name or folder.", show_default=False
        ),
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Deliver messages that wait because their receiver was down; the exit code is 1 if some still wait."""
    from kit.alerts.notify import AlertNotifier
    from kit.alerts.store import Store
    from kit.errors import ProjectError
    from kit.project import Project

    place = workspace_of(workspace)
    store = Store(place)
    for name in [project] if project else store.waiting_projects():
        try:
            alerts = AlertNotifier(place, Project.load(name, place.path))
        except ProjectError as error:
            if project:
                raise
            # a missing one does not hold up the others
            typer.echo(
                f"{name}: {error} Give a project outside of the workspace as --project FOLDER.", err=True
            )
            continue
        for one in alerts.send():
            problem = getattr(one.outcome, "problem", "")
            outcome = type(one.outcome).__name__.lower()
            typer.echo(f"{name}, {one.channel}: {outcome}{f': {problem}' if problem else ''}")
    left = [one for name in store.waiting_projects() for one in store.waiting(name)]
    typer.echo(f"{len(left) or 'No'} message{'' if len(left) == 1 else 's'} waiting.")
    raise typer.Exit(1 if left else 0)


@_alerts.command("test")
@exits
def try_channels(
    project: ProjectOption = SAMPLE,
    workspace: WorkspaceOption = None,
) -> None:
    """Send a test message through each channel of a project; the exit code is 1 if one fails."""
    from kit.alerts.notify import try_channels
    from kit.project import Project

    found = try_channels(Project.load(project, chosen_workspace(workspace)))
    if not found:
        typer.echo(
            f"{project} has no channel in project.yml: alerts go to the workspace's log and file only."
        )
    else:
        print_table(("channel", "outcome"), found)
    raise typer.Exit(0 if all(outcome == "delivered" for _, outcome in found) else 1)


def _decide(  # noqa: PLR0913  a decision has that many sides
    workspace: object, what: str, id_: str, *, who: str, why: str, until: str = ""
) -> None:
    """Take a decision; `until`: the last day on which a mute holds."""
    from kit.alerts.desk import AlertDesk
    from kit.reasons import user_name

    desk = AlertDesk(workspace_of(workspace))
    typer.echo(desk.decide(id_, what, who or user_name(), why, until))


def _state(one: Incident) -> str:
    return f"{one.state}, muted until {_time(one.muted_until)}" if one.is_muted(time.time()) else one.state


def _time(seconds: float) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M}"
