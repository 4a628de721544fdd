"""`kit translate`: the notebooks in another language."""
# ruff: noqa: PLC0415

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kit.cli.shared import WorkspaceOption, chosen_workspace, exits
from kit.errors import ExitCode, UsageError

app = typer.Typer()


@app.command()
@exits
def translate(  # noqa: PLR0913, PLR0917  one for each option
    notebooks: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names (01_data, workshop/01_negative_ages) or paths; default: all notebooks.",
            show_default=False,
        ),
    ] = None,
    language: Annotated[
        str, typer.Option("--language", "-l", help="Language code; zh is Simplified Chinese.")
    ] = "zh",
    workspace: WorkspaceOption = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write to; default: WORKSPACE/notebooks/LANGUAGE.", show_default=False),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Only list what is missing or outdated, in the kit's messages as well."),
    ] = False,
    confirm: Annotated[
        bool,
        typer.Option("--confirm", help="Confirm that translations still fit although their English changed."),
    ] = False,
) -> None:
    """Write the notebooks in another language, with the same code cells."""
    from kit.batch.plan import choose_notebooks
    from kit.translation.build import build, check_all
    from kit.translation.build import confirm as confirm_one
    from kit.translation.catalogue import every_notebook
    from kit.translation.check_messages import check_labels, check_messages

    chosen = choose_notebooks(notebooks) if notebooks else every_notebook()
    if confirm and not notebooks:
        raise UsageError(
            "--confirm needs the names of the notebooks whose translations you have read. Name them."
        )
    if confirm:
        for path in chosen:
            typer.echo(f"{path.stem}: {', '.join(confirm_one(path, language)) or 'nothing had changed'}")
        return
    if check:
        problems = list(map(str, check_all(chosen, language)))
        if not notebooks:
            problems += [*check_messages(language), *check_labels(language)]
        for problem in problems:
            typer.echo(problem)
        typer.echo(
            f"Texts to translate: {len(problems)}." if problems else "All translations are up to date."
        )
        raise typer.Exit(int(ExitCode.USAGE if problems else ExitCode.DONE))
    for built in build(chosen, language, out or chosen_workspace(workspace) / "notebooks" / language):
        note = f"  English: {', '.join(built.english)}" if built.english else ""
        typer.echo(f"{built.path}{note}")
