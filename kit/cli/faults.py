"""`kit faults`: put named faults into a copy of a span, and see which check catches each."""
# ruff: noqa: PLC0415

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from kit.cli.shared import ProjectOption, WorkspaceOption, chosen_workspace, exits, print_table
from kit.projects import SAMPLE

app = typer.Typer()
faults = typer.Typer(
    help="Put named faults into a copy of a span, and see which check catches each.", no_args_is_help=True
)
app.add_typer(faults, name="faults")

_SpanOption = Annotated[
    str, typer.Option(help="Span to copy: its number or date.", show_default="the last of eval_spans")
]
_ShareOption = Annotated[float, typer.Option(help="Share of the rows to break, above 0 and at most 1.")]
_SeedOption = Annotated[int, typer.Option(help="Seed that chooses the rows to break.")]


@faults.command("list")
@exits
def list_faults(project: ProjectOption = SAMPLE, workspace: WorkspaceOption = None) -> None:
    """List the faults, how each happens in practice, and the project's column that it goes into."""
    from kit.faults.catalogue import FAULTS
    from kit.project import Project

    loaded = Project.load(project, chosen_workspace(workspace))
    rows = []
    for fault in FAULTS.values():
        column = next(iter(fault.columns(loaded)), "none that it fits") if fault.kinds else "whole rows"
        rows.append((fault.name, column, fault.what))
    print_table(("fault", "column", "what happens"), rows)


@faults.command()
@exits
def inject(  # noqa: PLR0913, PLR0917  one for each option
    name: Annotated[str, typer.Argument(help="Name of a fault, as in `kit faults list`.")],
    out: Annotated[Path, typer.Option(help="Folder of the new project; the project gets its name.")],
    project: ProjectOption = SAMPLE,
    span: _SpanOption = "",
    column: Annotated[
        str, typer.Option(help="Column to put the fault into.", show_default="the one that shows it best")
    ] = "",
    share: _ShareOption = 0.05,
    seed: _SeedOption = 7,
    workspace: WorkspaceOption = None,
) -> None:
    """Write a copy of a project with a fault in one span, for the notebooks to run on."""
    from kit.faults.catalogue import fault_named
    from kit.faults.fault import Dose
    from kit.faults.inject import chosen_span, inject
    from kit.project import Project

    loaded, fault = Project.load(project, chosen_workspace(workspace)), fault_named(name)
    dose = Dose(fault.column(loaded, column), share, seed)
    done = inject(loaded, fault, chosen_span(loaded, span), dose, out)
    where = f" of {done.column}" if done.column else ""
    typer.echo(f"{done.rows:,} of {done.of:,} rows{where} were broken in {done.files[-1]}")
    typer.echo(f"See what the checks say: kit run 01_data -P {shlex.quote(str(done.folder))}")
    typer.echo("It ends with exit code 10 or 11 if a check blocks; warnings are in the executed notebook.")


@faults.command()
@exits
def trial(  # noqa: PLR0913, PLR0917  one for each option
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of faults; default: all.", show_default=False)
    ] = None,
    project: ProjectOption = SAMPLE,
    span: _SpanOption = "",
    share: _ShareOption = 0.05,
    seed: _SeedOption = 7,
    workspace: WorkspaceOption = None,
) -> None:
    """Try faults on a copy of a span: which check catches each, and from which share of the rows on."""
    from kit.cli.quiet import quiet
    from kit.faults.catalogue import FAULTS, fault_named
    from kit.faults.fault import Dose
    from kit.faults.inject import chosen_span
    from kit.project import Project
    from kit.workspace import Workspace

    chosen = [fault_named(name) for name in names or FAULTS]
    folder = chosen_workspace(workspace)
    loaded = Project.load(project, folder)
    number = chosen_span(loaded, span)
    Dose("", share, seed)  # refuses invalid shares
    with quiet():  # after the checks: TensorFlow takes seconds
        from kit.faults.lab import Lab
        from kit.faults.table import HEADER, lines

    saved = Workspace(folder) if folder.is_dir() else None  # nothing is written there, so it is not made
    tried = list(lines(Lab(loaded, number, saved), chosen, share, seed))
    print_table(HEADER, [line.cells() for line in tried])
