"""`kit lineage`: where something comes from, what came of it, and why two runs differ."""
# ruff: noqa: PLC0415, PLR0913, PLR0917  imports inside commands; a command has as many options as it has

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from kit.cli.shared import WorkspaceOption, exits, workspace_of

app = typer.Typer()


class _NamesFirst(TyperGroup):
    """`kit lineage NAME` is short for `kit lineage of NAME`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in {"--help", "-h"}:
            args = ["of", *args]
        return super().parse_args(ctx, args)


group = typer.Typer(cls=_NamesFirst, no_args_is_help=True)
app.add_typer(
    group,
    name="lineage",
    help="Everything upstream and downstream of a prediction, version, run or data file; why two runs differ.",
)


@group.command()
@exits
def of(
    name: Annotated[
        str,
        typer.Argument(
            help="Version, project (its served version), run, data file (path, end of the path, or SHA-256), "
            "request ID, `artifact N`, `execution N`."
        ),
    ],
    upstream: Annotated[bool, typer.Option("--upstream", help="Only what it comes from.")] = False,
    downstream: Annotated[bool, typer.Option("--downstream", help="Only what comes from it.")] = False,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="Also show metrics; takes a few seconds more.")
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Also show what is linked only because models were compared.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object, with every parameter.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Show where something comes from, and what was made from it. `of` may be left out."""
    from kit.cli.quiet import quiet
    from kit.lineage.query import Directions, trace
    from kit.lineage.render import as_json as json_of
    from kit.lineage.render import as_text, with_metrics

    directions: Directions = "both" if upstream == downstream else "upstream" if upstream else "downstream"
    place = workspace_of(workspace, looks=True)
    with quiet():  # TensorFlow reads metrics, and answers that only a server's log has
        lineage = trace(place, name, directions, baselines=everything)
        if metrics:
            lineage = with_metrics(lineage)
    typer.echo(json_of(lineage) if as_json else as_text(lineage))


@group.command()
@exits
def why(
    first: Annotated[str, typer.Argument(help="A run, version, project, `artifact N` or `execution N`.")],
    second: Annotated[str, typer.Argument(help="Another one.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Say why two runs differ, in this order: data, schema, parameters, code, packages, seed."""
    import json
    from dataclasses import asdict

    from kit.lineage.why import why as differences

    found = differences(workspace_of(workspace, looks=True), first, second)
    typer.echo(json.dumps(asdict(found), indent=1, ensure_ascii=False) if as_json else found.in_words())
