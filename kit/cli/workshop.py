"""`kit workshop`: the class board, and what only a teacher should see."""
# ruff: noqa: PLC0415

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kit.cli.quiet import quiet
from kit.cli.shared import exits, print_table

app = typer.Typer()
workshop = typer.Typer(
    help="Teach with the kit: the class board, and solutions of the exercises.", no_args_is_help=True
)
app.add_typer(workshop, name="workshop")


@workshop.command()
@exits
def exercises() -> None:
    """List the exercises in order."""
    with quiet():
        from kit.workshop.texts import texts
    print_table(("exercise", "about"), [(name, text["title"]) for name, text in texts().items()])


@workshop.command()
@exits
def board(
    folder: Annotated[
        Path, typer.Argument(help="Folder shared by the class: the participants' class_folder.")
    ],
    page: Annotated[
        Path | None,
        typer.Option(help="File for the summary; default: board.html in that folder.", show_default=False),
    ] = None,
) -> None:
    """Show the progress of a class, and write a page about it."""
    with quiet():
        from kit.workshop import board as class_board
        from kit.workshop.texts import texts
        from kit.workspace import write_atomically
    people = class_board.read_class(folder)
    titles = {name: text["title"] for name, text in texts().items()}
    print_table(("participant", *titles, "points"), class_board.table(people, list(titles)))
    target = page or folder / "board.html"
    write_atomically(target, class_board.page(people, titles))
    typer.echo(f"Participants: {len(people)}. The page is {target}.")


@workshop.command()
@exits
def solutions(
    name: Annotated[
        str | None, typer.Argument(help="Name of an exercise; default: all.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write them to, instead of printing.", show_default=False),
    ] = None,
) -> None:
    """Print the reference solution of each exercise and three plausible wrong ones."""
    with quiet():
        from kit.workshop.solutions import solutions_of
        from kit.workshop.texts import check_name, names
        from kit.workspace import write_atomically
    if name:
        check_name(name)
    for one in [name] if name else names():
        text = solutions_of(one).text
        if out:
            write_atomically(out / f"{one}.yml", text)
        else:
            typer.echo(f"# {one}\n{text}")
    if out:
        typer.echo(f"Written to {out}.")
