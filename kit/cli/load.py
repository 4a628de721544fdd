"""`kit tune-batching`: the batching parameters that a rate and a latency need, measured."""
# ruff: noqa: PLC0415

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.quiet import quiet
from kit.cli.shared import ModelOption, WorkspaceOption, exits, print_table, workspace_of
from kit.projects import SAMPLE

if TYPE_CHECKING:
    from kit.load.sweep import Sweep
    from kit.load.tune_batching import Trials
    from kit.workspace import Workspace

_MOST_RATE = 100_000  # more than a process can send, and each request is held in memory
_Rate = Annotated[
    float, typer.Option(min=0.1, max=_MOST_RATE, help="Requests per second that the server must answer.")
]
app = typer.Typer()


@app.command()
@exits
def tune_batching(  # noqa: PLR0913, PLR0917  what is wanted, and where it is found
    rate: _Rate,
    p99: Annotated[
        float, typer.Option(min=0.1, help="Milliseconds within which 99 of 100 requests must be answered.")
    ],
    project: ModelOption = SAMPLE,
    workspace: WorkspaceOption = None,
    requests: Annotated[
        Path | None,
        typer.Option(
            help="TFRecord of PredictionLogs to send, such as a prediction log.",
            show_default="the model's warm-up file",
        ),
    ] = None,
    signature: Annotated[str, typer.Option(help="Signature to query.")] = "serving_default",
    seconds: Annotated[
        float, typer.Option(min=1, help="Seconds per setting and rate; low rates take longer.")
    ] = 4.0,
    write: Annotated[
        Path | None,
        typer.Option(
            help="Batching parameters file to write.", show_default="serving/<project>.batching.pbtxt"
        ),
    ] = None,
) -> None:
    """Try batching settings at rising rates, and write the cheapest one that meets the target.

    Earlier measurements are reused from the workspace, so an interrupted command resumes where it stopped.
    """
    with quiet():
        from kit.load.chosen import write_chosen
        from kit.load.recorded import recorded_requests
        from kit.load.sweep import Target, load_folder
        from kit.load.tune_batching import Trials, proposed, tune
        from kit.serving.assets import WARMUP_FILE
        from kit.workspace_server import batching_file

    version = _latest(workspace_of(workspace, looks=True), project)  # without one, nothing is made
    place = workspace_of(workspace)
    path = _file(write or batching_file(place, project))  # before minutes of measuring
    with quiet():  # TensorFlow's remarks when it reads its first file
        asked = recorded_requests(requests or version / WARMUP_FILE, project, signature)
    trials = Trials(
        name=project,
        version=version,
        requests=asked,
        target=Target(rate, p99),
        settings=proposed(),
        folder=load_folder(place.path, project),
        seconds=seconds,
    )
    # The files of a sweep are those of one command.
    with place.lock(f"load-{project}", "kit tune-batching", say=typer.echo):
        _say_what_is_left(trials)
        *_, sweep = (trials.sweep(), *tune(trials, typer.echo))  # the last one has all
    _print(sweep)
    write_chosen(sweep, path)
    _say_chosen(sweep, path, named=write is not None)


def _say_what_is_left(trials: Trials) -> None:
    if trials.knows:
        typer.echo(f"Known points were measured before; to measure them again, delete {trials.folder}.")
    if most := trials.most_seconds:
        typer.echo(f"This takes at most {most / 60:.1f} minutes, plus a few seconds per server.")


def _say_chosen(sweep: Sweep, path: Path, *, named: bool) -> None:
    cheapest = sweep.meeting[0]
    typer.echo(
        f"Chosen: {sweep.chosen}. It answers {sweep.target.rate:g} requests per second, 99 of 100 within "
        f"{cheapest.p99_ms:.1f} ms, for {cheapest.processor_ms:.2f} ms of processor time each, the least of the "
        "settings that batch."
    )
    taken = f"kit serve takes it from {path}, unless it serves other models too."
    typer.echo(f"Serve with it: kit serve --batching {path}" if named else taken)


def _file(path: Path) -> Path:
    from kit.errors import UsageError

    if path.is_dir():
        raise UsageError(f"--write must name a file, but {path} is a folder. Name a file in it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=path.parent):  # an OSError if no file can be written there
        return path


def _latest(workspace: Workspace, project: str) -> Path:
    from kit.errors import StepOrderError
    from kit.workspace_server import pushed_models

    versions = pushed_models(workspace).get(project)
    if not versions:
        raise StepOrderError(
            f"This needs a pushed model of {project}, but {workspace.path / 'serving'} has none. Run 05_release."
        )
    return workspace.serving(project) / str(versions[-1])


def _print(sweep: Sweep) -> None:
    front = sweep.front
    rows = [
        (point.setting, f"{point.offered:.0f}", f"{point.rate:.0f}", f"{point.p50_ms:.1f}", f"{point.p99_ms:.1f}",
         str(point.errors), f"{point.processor_ms:.2f}", "yes" if point.meets(sweep.target) else "",
         "yes" if point in front else "")
        for point in sweep.points
    ]  # fmt: skip
    header = (
        "setting",
        "asked/s",
        "answered/s",
        "p50 ms",
        "p99 ms",
        "errors",
        "processor ms",
        "as wanted",
        "none better",
    )
    print_table(header, rows)
