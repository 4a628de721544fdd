"""The command line: one thin function a command; the work is done in the rooms behind it.

Imports stand inside the commands, so that `kit --help` and a wrong parameter answer at once.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import typer
from typer.core import TyperCommand

from kit.errors import ExitCode, KitError, UsageError
from kit.workspace import CHECKOUT

app = typer.Typer(
    help="MLOps on TensorFlow Extended in notebooks: run them as a batch, make projects of your data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_P = ParamSpec("_P")
_R = TypeVar("_R")

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        help="Folder of all results; `workspace` in the checkout unless given.",
        show_default=False,
    ),
]


class _PairCommand(TyperCommand):
    """Takes `-p NAME VALUE` as papermill does; typer's options that can be repeated take one word each."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        joined, words = [], iter(args)
        for word in words:
            joined.append(word)
            if word in {"-p", "--parameter"} and (name := next(words, None)) is not None:
                value = None if "=" in name else next(words, None)
                joined.append(name if value is None else f"{name}={value}")
        return super().parse_args(ctx, joined)


def _exits(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """Turn the kit's errors into a message and their exit code; a traceback would hide the message."""

    @wraps(command)
    def run(*args: _P.args, **options: _P.kwargs) -> _R:
        try:
            return command(*args, **options)
        except KitError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(int(error.exit_code)) from None
        except OSError as error:  # a full disk, a folder that cannot be read
            typer.echo(f"{error}. Correct that and give the same command again.", err=True)
            raise typer.Exit(int(ExitCode.STEP_FAILED)) from None
        except KeyboardInterrupt:
            typer.echo("Interrupted.", err=True)
            raise typer.Exit(int(ExitCode.INTERRUPTED)) from None

    return run


@app.command(cls=_PairCommand)
@_exits
def run(  # noqa: PLR0913, PLR0917  one for each option
    notebooks: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names (01_data) or paths; all numbered notebooks unless given.", show_default=False
        ),
    ] = None,
    project: Annotated[
        str | None, typer.Option("--project", "-P", help="A project's name or folder.", show_default=False)
    ] = None,
    workspace: WorkspaceOption = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter", "-p", metavar="NAME VALUE", help="A notebook's parameter.", show_default=False
        ),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="YAML file of parameters; those of -p win.", show_default=False),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=1, help="Seconds that each notebook may take.", show_default=False)
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait for another run on this workspace, or fail.")] = True,
    kernel: Annotated[str, typer.Option(help="Kernelspec that runs the notebooks.")] = "kit",
) -> None:
    """Run notebooks in order as one batch; the exit code says how it ended."""
    from kit.batch.desk import SOURCES_VARIABLE
    from kit.batch.plan import choose_notebooks, read_parameter_file
    from kit.batch.run import RunOptions, explain, run_chain

    given = read_parameter_file(file) if file else {}
    sources = dict.fromkeys(given, f"-f {file}")
    given |= _pairs(parameter or [])
    sources |= dict.fromkeys(_pairs(parameter or []), "-p")
    if project:
        given["project_name"], sources["project_name"] = project, "--project"
    os.environ[SOURCES_VARIABLE] = json.dumps(sources)  # for the kernels, which show it
    named = given.pop("workspace", None)  # also the place of the run's own records
    place = _workspace(workspace or named)
    record = run_chain(
        choose_notebooks(notebooks or []), given, place, RunOptions(timeout, wait, kernel), say=typer.echo
    )
    if record.exit_code:
        typer.echo(explain(record), err=True)
        raise typer.Exit(record.exit_code)


@app.command()
@_exits
def replay(
    file: Annotated[Path, typer.Argument(help="What `copy as batch` of the parameters panel has recorded.")],
    workspace: Annotated[
        Path, typer.Option("--workspace", "-w", help="Folder of the results; best a new one.")
    ],
    timeout: Annotated[
        float | None, typer.Option(min=1, help="Seconds that each notebook may take.", show_default=False)
    ] = None,
    kernel: Annotated[str, typer.Option(help="Kernelspec that runs the notebooks.")] = "kit",
) -> None:
    """Do again, without anybody, what was done with parameters and decisions in another workspace."""
    from kit.batch.recording import play, read_recording
    from kit.batch.run import RunOptions, explain

    options = RunOptions(timeout_seconds=timeout, kernel_name=kernel)
    record = play(read_recording(file), _workspace(workspace), options, say=typer.echo)
    if record.exit_code:
        typer.echo(explain(record), err=True)
        raise typer.Exit(record.exit_code)


@app.command()
@_exits
def parameters(notebook: Annotated[str, typer.Argument(help="A name (01_data) or path.")]) -> None:
    """Print every parameter of a notebook with its type, default and help."""
    from kit.batch.parameters import read_parameters
    from kit.batch.plan import choose_notebooks

    specs = read_parameters(choose_notebooks([notebook])[0]).values()
    rows = [(spec.name, spec.type, repr(spec.default), spec.help) for spec in specs]
    _print_table(("parameter", "type", "default", "help"), rows)


@app.command()
@_exits
def runs(workspace: WorkspaceOption = None) -> None:
    """List the runs of a workspace, oldest first."""
    from kit.batch.record import list_runs

    rows = [
        (
            record.run_id,
            record.state,
            "" if record.exit_code is None else str(record.exit_code),
            f"{record.seconds:.0f} s" if record.ended else "",
            record.failure.notebook if record.failure else "",
        )
        for record in list_runs(_workspace(workspace) / "runs")
    ]
    _print_table(("run", "state", "exit code", "time", "stopped in"), rows)


@app.command()
@_exits
def projects(workspace: WorkspaceOption = None) -> None:
    """List the projects that can be named: built in, and written by `kit new` into the workspace."""
    from kit.project import BUILT_IN

    folders = [BUILT_IN, _workspace(workspace) / "projects"]
    found = [path.parent for folder in folders for path in sorted(folder.glob("*/project.yml"))]
    _print_table(("project", "folder"), [(folder.name, str(folder)) for folder in found])


@app.command()
@_exits
def new(
    name: Annotated[str, typer.Argument(help="Name of the project: small letters, digits and _.")],
    data: Annotated[Path, typer.Option(help="CSV or Parquet file; {SPAN} in its name stands for a number.")],
    label: Annotated[str, typer.Option(help="Column to predict.")],
    into: Annotated[
        Path | None,
        typer.Option(help="Folder of projects; the workspace's unless given.", show_default=False),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="binary, multiclass or regression.", show_default="by the label's values"),
    ] = None,
) -> None:
    """Write a project for your own data, by looking at them."""
    from kit.new import create

    created = create(name, data, label, into or _workspace(None) / "projects", task=task)
    typer.echo(created.table())
    project = name if into is None else str(created.folder)
    typer.echo(f"Run the notebooks on it: kit run --project {project}")


@app.command()
@_exits
def doctor(
    workspace: WorkspaceOption = None,
    deep: Annotated[bool, typer.Option(help="Also start a kernel and import TensorFlow and TFX.")] = False,
) -> None:
    """Check the installation: what works, and what to do about the rest."""
    from kit import doctor as examination

    raise typer.Exit(examination.render(examination.check(deep, _workspace(workspace))))


@app.command()
@_exits
def bench(
    groups: Annotated[
        list[str] | None,
        typer.Argument(
            help="cells, parameter, generator, governance, taxi, recommender, views, clone; all unless given.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Measure the kit against its goals and plain TFX, and write bench.json into the workspace."""
    from kit.bench import main

    raise typer.Exit(main(_workspace(workspace), groups or ()))


@app.command()
def version() -> None:
    """Print the versions of the kit and of what it is built on."""
    from importlib import metadata

    for name in ("notebook-mlops-kit", "tfx", "tensorflow", "papermill"):
        typer.echo(f"{name} {metadata.version(name)}")


def _pairs(words: list[str]) -> dict[str, object]:
    pairs: dict[str, object] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator:
            raise UsageError(
                f"-p takes a name and a value, but {word!r} stands alone. Write -p {word} VALUE."
            )
        pairs[name] = value
    return pairs


def _workspace(chosen: object) -> Path:
    """Return the absolute path; what somebody typed is relative to where they are."""
    return CHECKOUT / "workspace" if chosen is None else Path(str(chosen)).expanduser().absolute()


def _print_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
