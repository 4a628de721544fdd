"""`kit sweep` and `kit sweeps`: one chain of notebooks at many points of its parameters."""
# ruff: noqa: PLC0415

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.shared import AnyProjectOption, WorkspaceOption, chosen_workspace, exits, print_table
from kit.errors import ExitCode, UsageError
from kit.texts import shorten

if TYPE_CHECKING:
    from kit.sweep.begin import PlannedSweep
    from kit.sweep.records import SweepFolder
    from kit.sweep.run import SweepEnded
    from kit.sweep.workers import OpenWorkers

app = typer.Typer()
_SHOWN = 20  # points shown in the terminal; the files have all
_OF_A_NEW_SWEEP = ("project", "name", "attempts", "timeout", "kernel", "dry_run")
_OF_THIS_MACHINE = ("jobs", "memory")
_REASON = 60  # characters of a reason there

_HELP = """Run notebooks at many points of their parameters, on this machine or on a Dask cluster.

The file describes the sweep:

\b
    way: random                    # grid, random or list
    notebooks: [01_data, 02_features, 03_train, 04_evaluate]
    fixed: {project_name: recommender}
    parameters:
      learning_rate: {min: 0.001, max: 0.1, log: true}
      epochs: {min: 2, max: 8}
      batch_size: [128, 256]
    count: 20                      # of random points
    seed: 7
    metrics:
      - auc, maximise
      - {name: auc, slice: {device: tablet}}
      - seconds

Notebooks before the first one with a swept parameter run only once. Each point has its own workspace in
WORKSPACE/sweeps/NAME. A point that is stopped by a gate is a result; one that fails is retried, and then left out.
Exit codes: 0: all points have a result, 20: some were left out, 21: interrupted; if the notebooks that run only once
fail, the exit code is that of `kit run`.
"""


_Jobs = Annotated[int, typer.Option(min=0, help="Points at a time on this machine; 0: one per two cores.")]
_Memory = Annotated[
    float,
    typer.Option(
        min=0,
        help="Estimated GB per point, until it has been measured; another point starts only if so much is free.",
    ),
]
_Dask = Annotated[
    str,
    typer.Option(
        metavar="ADDRESS|local:N",
        help="Address of a Dask scheduler whose workers share the workspace, or N workers to start here.",
        show_default=False,
    ),
]


@app.command(help=_HELP)
@exits
def sweep(  # noqa: PLR0913, PLR0917  one for each option
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Argument(help="YAML file that says what to sweep.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
    project: AnyProjectOption = None,
    name: Annotated[
        str, typer.Option(help="Name of the sweep; default: the name of the file.", show_default=False)
    ] = "",
    resume: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Resume this sweep; finished points are not repeated.", show_default=False
        ),
    ] = "",
    jobs: _Jobs = 0,
    memory: _Memory = 3.0,
    dask: _Dask = "",
    attempts: Annotated[int, typer.Option(min=1, help="Most attempts per point.")] = 2,
    timeout: Annotated[
        float | None, typer.Option(min=1, help="Time limit per notebook, in seconds.", show_default=False)
    ] = None,
    kernel: Annotated[str, typer.Option(help="Kernelspec to run the notebooks with.")] = "kit",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the points.")] = False,
) -> None:
    """Run the points of a sweep; the help text is above."""
    if (file is None) == (not resume):
        raise UsageError("kit sweep takes the file of a new sweep, or --resume NAME. Give one of them.")
    _refuse(context, "--resume, which goes on as the sweep began,", _OF_A_NEW_SWEEP if resume else ())
    _refuse(context, "--dask", _OF_THIS_MACHINE if dask else ())
    from kit.project.folder import name_from_anywhere
    from kit.sweep.begin import SweepOptions, begin_sweep, check_secrets, plan_sweep
    from kit.sweep.records import SweepFolder
    from kit.sweep.run import run_sweep

    place = chosen_workspace(workspace)
    if resume:
        folder = SweepFolder.of(place, resume)
        workers = _workers(jobs, memory, dask)
        if _run_here(dask) and not all(point.is_done for point in folder.points()):
            check_secrets(folder.read())
    else:
        fixed: dict[str, str | int | float | bool] = {}
        if project:
            fixed["project_name"] = name_from_anywhere(project, place)
        options = SweepOptions(fixed, attempts, timeout, kernel)
        planned = plan_sweep(Path(str(file)), place, name, options)
        typer.echo(planned.said)
        if dry_run:
            _print_points(planned)
            return
        workers = _workers(jobs, memory, dask)
        if _run_here(dask):
            check_secrets(planned.record)
        folder = begin_sweep(planned)
    ended = run_sweep(folder, workers, say=typer.echo)
    _print(folder, ended)
    if ended.exit_code:
        raise typer.Exit(int(ended.exit_code))


@app.command()
@exits
def sweeps(workspace: WorkspaceOption = None) -> None:
    """List the sweeps of a workspace, and how far along each one is."""
    from kit.sweep.errors import SweepError
    from kit.sweep.records import SweepFolder, list_sweeps
    from kit.sweep.report import summary

    place = chosen_workspace(workspace)
    rows, unread = [], list[SweepError]()
    for name in list_sweeps(place):
        try:
            folder = SweepFolder.of(place, name)
            record, points = folder.read(), folder.points()
        except SweepError as error:
            unread.append(error)
        else:
            rows.append((name, f"{record.started:%Y-%m-%d %H:%M}", summary(record, points)))
    print_table(("sweep", "begun (UTC)", ""), rows)
    for problem in unread:
        typer.echo(problem.in_words(), err=True)
    if unread:
        raise typer.Exit(int(unread[0].exit_code))


def _refuse(context: typer.Context, why: str, options: tuple[str, ...]) -> None:
    """Refuse what would have no effect."""
    for option in options:
        source = context.get_parameter_source(option)
        if source is not None and source.name == "COMMANDLINE":
            name = option.replace("_", "-")
            raise UsageError(f"--{name} has no effect with {why}, but was given. Leave it out.")


def _workers(jobs: int, memory: float, dask: str) -> OpenWorkers:
    if dask:
        from kit.sweep.dask_workers import check_dask, open_dask

        check_dask(dask)
        return lambda folder: open_dask(folder, dask)
    from kit.sweep.workers import LocalWorkers

    return lambda folder: LocalWorkers(folder, jobs, memory)


def _run_here(dask: str) -> bool:
    """Return whether points run in the environment of this command; workers of a cluster have their own."""
    return "://" not in dask


def _print_points(planned: PlannedSweep) -> None:
    names = planned.record.swept
    rows = [(str(p.number), *(str(p.values.get(name, "")) for name in names)) for p in planned.points]
    print_table(("point", *names), rows)


def _print(folder: SweepFolder, ended: SweepEnded) -> None:
    from kit.sweep.charts import short
    from kit.sweep.records import ordered
    from kit.sweep.report import run_command, summary

    record = ended.record
    columns = [metric.column for metric in record.metrics]
    rows = [
        (
            str(point.number),
            *(short(point.values[name]) if name in point.values else "" for name in record.swept),
            *(f"{point.metrics[name]:.6g}" if name in point.metrics else "-" for name in columns),
            point.shown_state,
            "" if point.seconds is None else f"{point.seconds:.1f}",
            shorten(point.reason, _REASON),
        )
        for point in ordered(record, ended.points)
    ]
    print_table(("point", *record.swept, *columns, "state", "took, s", "why"), rows[:_SHOWN])
    if len(rows) > _SHOWN:
        typer.echo(f"… and {len(rows) - _SHOWN} more in results.csv")
    typer.echo(summary(record, ended.points))
    if ended.best:
        typer.echo(f"The chain with the best values:\n  {run_command(record, ended.best)}")
    if ended.exit_code == ExitCode.STEP_FAILED:
        typer.echo(f"To retry what was left out: {folder.resume_command}", err=True)
