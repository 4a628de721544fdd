"""`kit schedule`: chains that run by themselves."""
# ruff: noqa: PLC0415

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from kit.cli.run_options import PairCommand, pairs_of
from kit.cli.shared import AnyProjectOption, WorkspaceOption, chosen_workspace, exits, print_table

app = typer.Typer()
schedule = typer.Typer(
    help="Run chains on a schedule: make one, and write it for cron, systemd, Kubernetes or Airflow.",
    no_args_is_help=True,
)
app.add_typer(schedule, name="schedule")

_Name = Annotated[str, typer.Argument(help="Name of the schedule, as in `kit schedule list`.")]
_Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File to write; default: print it.", show_default=False),
]


@schedule.command(cls=PairCommand)
@exits
def new(  # noqa: PLR0913, PLR0917  one for each option
    name: Annotated[str, typer.Argument(help="Name: lowercase letters, digits and -.")],
    cron: Annotated[str, typer.Option(help="When to run: minute, hour, day, month, day of the week.")],
    notebooks: Annotated[
        list[str] | None,
        typer.Argument(help="Names or paths; default: all numbered notebooks.", show_default=False),
    ] = None,
    time_zone: Annotated[str, typer.Option(help="Time zone, such as Europe/Berlin.")] = "UTC",
    project: AnyProjectOption = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            "-p",
            metavar="NAME VALUE",
            help="Set a notebook parameter; {date} stands for the day of the run.",
            show_default=False,
        ),
    ] = None,
    catch_up: Annotated[str, typer.Option(help="Which missed times to run: none, latest or all.")] = "latest",
    overlap: Annotated[
        str,
        typer.Option(
            help="What to do if the previous run is not over: skip this run, queue it, or replace the previous one."
        ),
    ] = "skip",
    late_minutes: Annotated[
        int, typer.Option(help="Minutes that a run may be late before it counts as missed.")
    ] = 10,
    workspace: WorkspaceOption = None,
) -> None:
    """Make or change a schedule in the workspace; nothing runs until you give it to a scheduler."""
    from kit.batch.plan import choose_notebooks, notebook_from_anywhere
    from kit.project.folder import name_from_anywhere
    from kit.schedule.chain import planned
    from kit.schedule.schedule import make, save
    from kit.schedule.tick import now
    from kit.workspace import workspace_option

    place = chosen_workspace(workspace)
    # A scheduler calls from another folder.
    named = [notebook_from_anywhere(path) for path in choose_notebooks(notebooks)] if notebooks else []
    given = pairs_of(parameter)
    as_parameter = given.pop("project_name", None)
    project = project or as_parameter
    made = make(
        name=name, cron=cron, time_zone=time_zone, notebooks=named,
        project=name_from_anywhere(project, place) if project else None,
        parameters=given, catch_up=catch_up, overlap=overlap, late_minutes=late_minutes,
        created=now(),
    )  # fmt: skip
    # A wrong parameter is reported now, not at night.
    planned(made, place)
    # The checks took a while, in which a tick may still have decided by an older schedule of this name.
    made = made.model_copy(update={"created": now()})
    typer.echo(f"{save(place, made)}. Next runs:")
    _print_next(place, name, 5)
    here = workspace_option(place)
    typer.echo(f"Give it to a scheduler: kit schedule cron {name}{here}, or systemd, kubernetes, airflow.")


@schedule.command("list")
@exits
def list_(workspace: WorkspaceOption = None) -> None:
    """List the schedules of a workspace: when each runs next, and how its last run ended."""
    from kit.schedule.journal import read
    from kit.schedule.schedule import load, names
    from kit.schedule.tick import now

    place = chosen_workspace(workspace)
    rows = []
    for name in names(place):
        one = load(place, name)
        last = next(reversed(read(place, name, one.created).entries), None)
        told = f"{last.state}, due {last.due.astimezone(one.zone):%Y-%m-%d %H:%M %Z}" if last else "not yet"
        [following] = one.next_times(now(), 1)
        rows.append((name, f"{one.cron} {one.time_zone}", f"{following:%Y-%m-%d %H:%M %Z}", told))
    print_table(("schedule", "when", "next", "last"), rows)


@schedule.command("next")
@exits
def next_(
    name: _Name,
    count: Annotated[int, typer.Option(min=1, max=1000, help="How many runs to show.")] = 5,
    workspace: WorkspaceOption = None,
) -> None:
    """Preview the next runs, in the schedule's time zone and in UTC."""
    _print_next(chosen_workspace(workspace), name, count)


@schedule.command()
@exits
def runs(name: _Name, workspace: WorkspaceOption = None) -> None:
    """List what happened at each scheduled time, oldest first: run, skipped, missed, replaced, and why."""
    from kit.schedule.journal import read
    from kit.schedule.schedule import load

    one = load(chosen_workspace(workspace), name)
    rows = [
        (
            f"{entry.due.astimezone(one.zone):%Y-%m-%d %H:%M %Z}",
            entry.state,
            "" if entry.exit_code is None else str(entry.exit_code),
            entry.run_id,
            entry.why,
        )
        for entry in read(chosen_workspace(workspace), name, one.created).entries
    ]
    print_table(("due", "state", "exit code", "run", "why"), rows)


@schedule.command()
@exits
def remove(name: _Name, workspace: WorkspaceOption = None) -> None:
    """Remove a schedule and its history; its runs stay, and so do files written for schedulers."""
    from kit.schedule import remove

    remove.remove(chosen_workspace(workspace), name)
    typer.echo(f"The schedule {name} is removed; its runs stay. Remove it from your scheduler, too.")


@schedule.command()
@exits
def tick(name: _Name, workspace: WorkspaceOption = None) -> None:
    """Run what is due now, according to catch-up and overlap; schedulers call this, as often as they like.

    The exit code is that of the first run that failed; 0 if nothing was due.
    """
    from kit.schedule import tick

    ended = tick.tick(chosen_workspace(workspace), name, tick.TickEnvironment(say=typer.echo))
    for entry in ended:
        if entry.why:
            typer.echo(f"{name}, {entry.state}: {entry.why}", err=True)
    if code := next((entry.exit_code for entry in ended if entry.exit_code), 0):
        raise typer.Exit(code)


@schedule.command()
@exits
def cron(name: _Name, output: _Output = None, workspace: WorkspaceOption = None) -> None:
    """Write a crontab line."""
    from kit.schedule.cron_file import cron_file
    from kit.schedule.schedule import load

    place = chosen_workspace(workspace)
    _give(cron_file(load(place, name), place), output, "Add the line with: crontab -e")


@schedule.command()
@exits
def systemd(
    name: _Name,
    into: Annotated[
        Path | None,
        typer.Option(help="Folder for the units, such as ~/.config/systemd/user.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write a timer and a service for the user's systemd."""
    from kit.schedule.schedule import load
    from kit.schedule.systemd_files import systemd_files
    from kit.workspace import write_atomically

    place = chosen_workspace(workspace)
    files = systemd_files(load(place, name), place)
    for file, content in files.items():
        if into:
            write_atomically(into / file, content)
        typer.echo(str(into / file) if into else f"# {file}\n{content}")
    timer = next(iter(files))
    typer.echo(f"# Start it: systemctl --user daemon-reload && systemctl --user enable --now {timer}")


@schedule.command()
@exits
def kubernetes(  # noqa: PLR0913, PLR0917  one for each option
    name: _Name,
    image: Annotated[
        str, typer.Option(help="Image, built from the batch.Dockerfile that `kit deploy docker` writes.")
    ],
    cpu: Annotated[str, typer.Option(help="CPU cores.")] = "2",
    memory: Annotated[str, typer.Option(help="Memory, in Kubernetes notation.")] = "6Gi",
    output: _Output = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write a CronJob; it is checked against the Kubernetes schemas, but was never run on a cluster."""
    from kit.batch.plan import secret_variables
    from kit.deploy.notebook_secrets import how_to_make
    from kit.schedule.chain import planned, project_of
    from kit.schedule.kubernetes_file import check_places, kubernetes_file
    from kit.schedule.schedule import load

    place = chosen_workspace(workspace)
    one = load(place, name)
    check_places(place, name)
    spec = project_of(one, place).spec
    settings, variables = spec.deploy, secret_variables(planned(one, place), spec.alerts.variables)
    content = kubernetes_file(one, settings, image, cpu, memory, variables)
    said = (
        f"The claim {settings.claim} must hold the workspace with this schedule. Apply with: kubectl apply -f"
    )
    _give(
        content,
        output,
        f"{said} {shlex.quote(str(output or 'FILE'))}\n{how_to_make(variables, settings)}".rstrip(),
    )


@schedule.command()
@exits
def airflow(name: _Name, output: _Output = None, workspace: WorkspaceOption = None) -> None:
    """Write a DAG for Airflow 3, one task per notebook."""
    from kit.schedule.airflow_file import airflow_file
    from kit.schedule.schedule import load

    place = chosen_workspace(workspace)
    _give(airflow_file(load(place, name), place), output, "Put the file into Airflow's folder of DAGs.")


def _give(content: str, output: Path | None, then: str) -> None:
    from kit.workspace import write_atomically

    if output:
        write_atomically(output, content)
        typer.echo(f"{output}. {then}")
    else:
        typer.echo(content, nl=False)


def _print_next(place: Path, name: str, count: int) -> None:
    import datetime as dt

    from kit.schedule.schedule import load
    from kit.schedule.tick import now

    one = load(place, name)
    times = one.next_times(now(), count)
    rows = [(f"{at:%a %Y-%m-%d %H:%M %Z}", f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M}") for at in times]
    columns = 1 if one.time_zone == "UTC" else 2
    print_table((one.time_zone, "UTC")[:columns], [row[:columns] for row in rows])
