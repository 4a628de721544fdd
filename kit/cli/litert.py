"""`kit litert`: the size, speed and accuracy of a model's LiteRT files, and the one chosen for use."""
# ruff: noqa: PLC0415

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.quiet import quiet
from kit.cli.shared import ProjectOption, WorkspaceOption, exits, opened, print_table
from kit.projects import SAMPLE

if TYPE_CHECKING:
    from kit.release.litert.measure import Measured

app = typer.Typer()

_HEADER = ("file", "kB", "ms, 1", "ms, 64", "lost", "lost, worst slice", "best ten kept", "score differs")


@app.command()
@exits
def litert(
    project: ProjectOption = SAMPLE,
    workspace: WorkspaceOption = None,
    into: Annotated[
        Path | None,
        typer.Option(
            help="Copy the file chosen for use to this folder, with a description of its inputs.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show the LiteRT files that 05_release made of the last evaluated model.

    The exit code is 13 if the chosen file loses more accuracy than project.yml allows; then nothing is copied.
    """
    with quiet():
        from kit.release.litert import made
        from kit.release.litert.component import FEATURES_FILE
        from kit.session import Session

        session = Session(*opened(project, workspace, looks=True))
        files = [one for one in made.measured(session) if one.bytes]
    print_table(_HEADER, [_row(one) for one in files])
    typer.echo(made.check_litert(session))
    if into is not None:
        file = made.chosen_file(session)
        into.mkdir(parents=True, exist_ok=True)
        for path in (file, file.with_name(FEATURES_FILE)):
            shutil.copyfile(path, into / path.name)
        typer.echo(f"{file.name} and {FEATURES_FILE} are in {into.absolute()}.")


def _row(one: Measured) -> tuple[str, ...]:
    worst = f"{_decimals(one.worst_lost)} on {one.worst_slice}" if one.worst_slice else ""
    return (
        one.variant,
        f"{(one.bytes or 0) / 1e3:,.1f}",
        f"{one.ms_few:.3g}",
        f"{one.ms_many:.3g}",
        _decimals(one.lost),
        worst,
        f"{one.overlap:.0%}",
        f"{one.difference:.2g}",
    )


def _decimals(value: float | None) -> str:
    return "" if value is None else f"{value:z.4f}"
