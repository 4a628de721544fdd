"""Shared by all commands: the workspace option, errors as exit codes, tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ParamSpec, TypeVar

import typer

from kit.errors import ExitCode, KitError
from kit.os_errors import kit_error_of
from kit.signals import signals_as_interrupts
from kit.workspace import DEFAULT, Workspace, without_dots

if TYPE_CHECKING:
    from kit.project import Project

_P = ParamSpec("_P")
_R = TypeVar("_R")

ProjectOption = Annotated[str, typer.Option("--project", "-P", help="Name or folder of a project.")]
AnyProjectOption = Annotated[
    str | None, typer.Option("--project", "-P", help="Name or folder of a project.", show_default=False)
]
ModelOption = Annotated[str, typer.Option("--project", "-P", help="Name of the model's project.")]
WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        help="Folder of all results; default: `workspace` in the checkout.",
        show_default=False,
    ),
]


def exits(command: Callable[_P, _R]) -> Callable[_P, _R]:
    """Turn the kit's errors into a message and their exit code; a traceback would hide the message.

    All signals that end a command act like Ctrl-C, so that it ends its processes and removes its temporary files.
    """

    @wraps(command)
    def run(*args: _P.args, **options: _P.kwargs) -> _R:
        try:
            with signals_as_interrupts():
                return command(*args, **options)
        except KitError as error:
            typer.echo(error.in_words(), err=True)
            raise typer.Exit(int(error.exit_code)) from None
        except BrokenPipeError:  # `kit runs | head` has read enough: typer then ends silently
            raise
        except OSError as error:  # a full disk, a folder that cannot be read
            told = kit_error_of(error)
            typer.echo(told.in_words(), err=True)
            raise typer.Exit(int(told.exit_code)) from None
        except KeyboardInterrupt:
            typer.echo("Interrupted.", err=True)
            raise typer.Exit(int(ExitCode.INTERRUPTED)) from None

    return run


def chosen_workspace(chosen: object) -> Path:
    """Return the absolute path; what somebody typed is relative to where they are."""
    if chosen is None:
        return DEFAULT
    return without_dots(Path(str(chosen)).expanduser().absolute())


def workspace_of(chosen: object, *, looks: bool = False) -> Workspace:
    """Return the workspace of a command.

    Args:
        chosen: as for `chosen_workspace`.
        looks: whether the command only reads, see `Workspace.to_look_at`.
    """
    folder = chosen_workspace(chosen)
    return Workspace.to_look_at(folder) if looks else Workspace(folder)


def opened(project: str, chosen: object, *, looks: bool = False) -> tuple[Workspace, Project]:
    """Return the workspace and the project of a command.

    Args:
        project: its name or folder.
        chosen: as for `chosen_workspace`.
        looks: as for `workspace_of`.

    Raises:
        ProjectError: when there is no such project, or its project.yml is not valid.
    """
    from kit.project import Project  # noqa: PLC0415  takes a while to import, and some commands need none

    place = workspace_of(chosen, looks=looks)
    return place, Project.load(project, place.path)


def printable(text: str) -> str:
    """Return a text in one line without control characters, which values of data may hold."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def print_table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    rows = [tuple(printable(cell) for cell in row) for row in rows]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, *rows]:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
