"""`kit drift`: thresholds of drift from history."""
# ruff: noqa: PLC0415

from __future__ import annotations

from typing import Annotated

import typer

from kit.cli.quiet import quiet
from kit.cli.shared import ProjectOption, WorkspaceOption, exits, opened, print_table
from kit.projects import SAMPLE

app = typer.Typer()
drift = typer.Typer(no_args_is_help=True, help="How far the features of a project drift from day to day.")
app.add_typer(drift, name="drift")


@drift.callback()
def _of_drift() -> None:
    """Keep `kit drift propose` a subcommand: typer collapses a group with a single command into that command."""


@drift.command()
@exits
def propose(
    project: ProjectOption = SAMPLE,
    workspace: WorkspaceOption = None,
    spans: Annotated[
        str,
        typer.Option(
            help="Spans on which nothing was wrong, for example 1-7.", show_default="all delivered spans"
        ),
    ] = "",
    write: Annotated[
        bool, typer.Option("--write", help="Write the thresholds into project.yml; comments are kept.")
    ] = False,
) -> None:
    """Propose a drift threshold for each feature, from how far it drifted in past spans.

    A threshold does not include what chance explains at the size of a span; checks allow that on top of it.
    """
    with quiet():
        from kit.checks import propose as history
        from kit.data.schema_spans import per_span
    place, chosen = opened(project, workspace)
    delivered = len(chosen.spans())
    read = per_span(place, chosen, spans or (f"last {delivered}" if delivered else ""), _say)
    proposals = history.propose(chosen, [statistics for _, statistics in read])
    header = ("feature", "measure", "usual", "farthest", "beyond chance", "now", "proposed")
    print_table(
        header,
        [
            (one.feature, one.measure, *(f"{value:.4f}" for value in (one.usual, one.farthest, one.beyond_chance)),
             f"{one.now:g}", f"{one.threshold:g}")
            for one in proposals
        ],
    )  # fmt: skip
    if write:
        typer.echo(f"Written into {history.write(chosen, proposals)}.")


def _say(line: str) -> None:
    typer.echo(line, err=True)
