"""`kit run`, `replay`, `parameters` and `runs`: notebooks as a batch."""
# ruff: noqa: PLC0415

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.run_options import (
    DryRunOption,
    FileOption,
    FromOption,
    JobsOption,
    KernelOption,
    MemoryOption,
    NotebooksArgument,
    OnlyOption,
    PairCommand,
    ParameterOption,
    RetriesOption,
    SkipOption,
    TimeoutOption,
    UntilOption,
    WaitOption,
    pairs_of,
)
from kit.cli.shared import AnyProjectOption, WorkspaceOption, chosen_workspace, exits, print_table, printable
from kit.errors import UsageError
from kit.workspace_folders import RUNS

if TYPE_CHECKING:
    from kit.batch.decide import Prospect

app = typer.Typer()


@app.command(cls=PairCommand)
@exits
def run(  # noqa: PLR0913, PLR0917  one for each option
    notebooks: NotebooksArgument = None,
    project: AnyProjectOption = None,
    workspace: WorkspaceOption = None,
    parameter: ParameterOption = None,
    file: FileOption = None,
    first: FromOption = None,
    last: UntilOption = None,
    only: OnlyOption = None,
    dry_run: DryRunOption = False,
    skip: SkipOption = True,
    jobs: JobsOption = 0,
    memory: MemoryOption = 0,
    retries: RetriesOption = 2,
    timeout: TimeoutOption = None,
    wait: WaitOption = True,
    kernel: KernelOption = "kit",
) -> None:
    """Run notebooks as one batch, each after those it depends on; the exit code says how it ended."""
    from kit.batch.admission import Budget
    from kit.batch.ending import open_alerts
    from kit.batch.order import Part
    from kit.batch.parameters import SOURCES_VARIABLE
    from kit.batch.plan import choose_notebooks, read_parameter_file
    from kit.batch.run import RunOptions, explain, preview, run_chain
    from kit.project.folder import name_from_anywhere

    given = read_parameter_file(file) if file else {}
    sources = dict.fromkeys(given, f"-f {file}")
    given |= pairs_of(parameter)
    sources |= dict.fromkeys(pairs_of(parameter), "-p")
    named = given.pop("workspace", None)  # also the place of the run's own records
    place = chosen_workspace(workspace or named)
    if project:  # kernels have another working folder
        given["project_name"], sources["project_name"] = name_from_anywhere(project, place), "--project"
    os.environ[SOURCES_VARIABLE] = json.dumps(sources)  # for the kernels, which show it
    part = Part(first, last, tuple(only or ()))
    options = RunOptions(
        timeout_seconds=timeout,
        wait=wait,
        kernel_name=kernel,
        budget=Budget(jobs, memory),
        retries=retries,
        skip=skip,
        part=part,
    )
    chosen = choose_notebooks(notebooks or [])
    if dry_run:
        _print_prospects(preview(chosen, given, place, options))
        return
    record = run_chain(chosen, given, place, options, say=typer.echo)
    for line in open_alerts(record):
        typer.echo(printable(line))
    if record.exit_code:
        typer.echo(explain(record), err=True)
        raise typer.Exit(record.exit_code)


def _print_prospects(prospects: Sequence[Prospect]) -> None:
    rows = [
        (
            one.name,
            one.what,
            str(one.usual).removeprefix("usually "),
            "" if one.usual.memory_mb is None else f"{one.usual.memory_mb:.0f} MB",
            ", ".join(one.waits),
            one.why,
        )
        for one in prospects
    ]
    print_table(("notebook", "would", "usual time", "memory", "waits for", "why"), rows)


@app.command()
@exits
def replay(
    file: Annotated[
        Path, typer.Argument(help="Recording written by `copy as batch` in the parameters panel.")
    ],
    workspace: Annotated[
        Path, typer.Option("--workspace", "-w", help="Folder for the results; preferably a new one.")
    ],
    timeout: TimeoutOption = None,
    kernel: KernelOption = "kit",
) -> None:
    """Repeat, unattended, what was done with parameters and decisions in another workspace."""
    from kit.batch.play import play
    from kit.batch.recording import read_recording
    from kit.batch.run import RunOptions, explain

    options = RunOptions(timeout_seconds=timeout, kernel_name=kernel)
    record = play(read_recording(file), chosen_workspace(workspace), options, say=typer.echo)
    if record.exit_code:
        typer.echo(explain(record), err=True)
        raise typer.Exit(record.exit_code)


@app.command()
@exits
def parameters(notebook: Annotated[str, typer.Argument(help="Name (01_data) or path.")]) -> None:
    """Print every parameter of a notebook with its type, default and help."""
    from kit.batch.parameters import read_parameters
    from kit.batch.plan import choose_notebooks

    specs = read_parameters(choose_notebooks([notebook])[0]).values()
    rows = [(spec.name, spec.type, repr(spec.default), spec.help) for spec in specs]
    print_table(("parameter", "type", "default", "help"), rows)


@app.command()
@exits
def runs(
    workspace: WorkspaceOption = None,
    times: Annotated[
        str | None,
        typer.Option(
            "--times",
            metavar="RUN",
            help="Show where the time of this run went; `last` is the newest run.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """List the runs of a workspace, oldest first."""
    from kit.batch.record import list_runs, mark_killed_runs

    folder = chosen_workspace(workspace) / RUNS
    mark_killed_runs(folder)
    if times:
        _print_times(folder, times)
        return
    rows = [
        (
            record.run_id,
            record.state,
            "" if record.exit_code is None else str(record.exit_code),
            f"{record.seconds:.0f} s" if record.ended else "",
            record.failure.notebook if record.failure else "",
        )
        for record in list_runs(folder)
    ]
    print_table(("run", "state", "exit code", "time", "stopped in"), rows)


def _print_times(folder: Path, run: str) -> None:
    from kit.batch.record import list_runs
    from kit.batch.times import ALL_KINDS, times_of

    records = {record.run_id: record for record in list_runs(folder)}
    if not records:
        raise UsageError(f"Nothing has run in {folder.parent} yet. Run the notebooks first: kit run.")
    record = next(reversed(records.values()), None) if run == "last" else records.get(run)
    if record is None:
        raise UsageError(
            f"--times takes one of the runs of this workspace, but {run!r} is not one. `kit runs` lists them."
        )
    lines = times_of(record, folder / record.run_id)
    kinds = [kind for kind in ALL_KINDS if any(line.kinds.get(kind) for line in lines)]
    rows = [
        (
            line.notebook if not line.step else f"  {line.step}",
            f"{line.seconds:.1f}",
            *(f"{line.kinds[kind]:.1f}" if line.kinds.get(kind) else "" for kind in kinds),
        )
        for line in lines
    ]
    sums = [sum(line.kinds.get(kind, 0.0) for line in lines) for kind in kinds]
    rows.append(("all", f"{sum(line.seconds for line in lines):.1f}", *(f"{one:.1f}" for one in sums)))
    print_table(("seconds of", "all", *kinds), rows)
