"""`kit doctor`, `bench` and `version`: this machine and the installation."""
# ruff: noqa: PLC0415

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kit.cli.shared import WorkspaceOption, chosen_workspace, exits

app = typer.Typer()


@app.command()
@exits
def doctor(
    workspace: WorkspaceOption = None,
    deep: Annotated[bool, typer.Option(help="Also start a kernel and import TensorFlow and TFX.")] = False,
    workshop: Annotated[
        bool, typer.Option(help="Also check whether a workshop can be held here; takes at most a minute.")
    ] = False,
    class_folder: Annotated[
        Path | None,
        typer.Option(help="With --workshop: folder shared by the class.", show_default=False),
    ] = None,
) -> None:
    """Check the installation: what works, and how to fix the rest."""
    from kit import doctor as examination

    place = chosen_workspace(workspace)
    found = examination.check(deep, place)
    if workshop:
        from kit.workshop import readiness

        found += readiness.check_readiness(place, class_folder)
    raise typer.Exit(examination.render(found))


@app.command()
@exits
def bench(
    groups: Annotated[
        list[str] | None,
        typer.Argument(
            help="cells, parameter, generator, alerts, governance, faults, checks, kernel, cached, kills, taxi, "
            "data_steps, scale, quality, training, strategies, evaluator, blind_spots, litert, serving, gateway, "
            "drill, experiments, lineage, views, clone; default: all.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Measure the kit against its targets and plain TFX, and write bench.json into the workspace."""
    from kit.bench.run import main

    raise typer.Exit(main(chosen_workspace(workspace), groups or ()))


@app.command()
def version() -> None:
    """Print the versions of the kit and of the packages it is built on."""
    from importlib import metadata

    for name in ("notebook-mlops-kit", "tfx", "tensorflow", "papermill"):
        typer.echo(f"{name} {metadata.version(name)}")
