"""`kit schema`: the curated schema of a project compared, checked and updated."""
# ruff: noqa: PLC0415

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.quiet import quiet
from kit.cli.shared import ProjectOption, WorkspaceOption, exits, opened, print_table
from kit.errors import ExitCode
from kit.projects import SAMPLE

if TYPE_CHECKING:
    from kit.data.schema_diff import SchemaChange

app = typer.Typer()
schema = typer.Typer(
    no_args_is_help=True,
    help="The curated schema of a project: compare it, check the data against it, and widen it.",
)
app.add_typer(schema, name="schema")

SpansOption = Annotated[
    str, typer.Option(help="Spans to read, for example 1-7.", show_default="the project's train spans")
]


@schema.command()
@exits
def diff(
    project: ProjectOption = SAMPLE,
    workspace: WorkspaceOption = None,
    against: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="`inferred` from the data, `saved` by the last run in the workspace, `git:REVISION`, or a file.",
        ),
    ] = "inferred",
    spans: Annotated[
        str,
        typer.Option(help="Spans to infer from.", show_default="the last statistics, or the train spans"),
    ] = "",
) -> None:
    """Show, rule by rule, how the curated schema differs from another one.

    The exit code is 0 if both have the same rules, 1 if they differ, 2 if one of them cannot be read.
    """
    with quiet():
        from kit.data.schema_diff import differences
        from kit.data.schema_review import versions
    older, newer = versions(*opened(project, workspace), against, spans, say=_say)
    changes = differences(older.schema, newer.schema)
    if not changes:
        typer.echo(f"{older.name} and {newer.name} have the same rules.")
        return
    _print(changes, older.name, newer.name)
    raise typer.Exit(1)


@schema.command()
@exits
def check(
    project: ProjectOption = SAMPLE, workspace: WorkspaceOption = None, spans: SpansOption = ""
) -> None:
    """Check that the curated schema matches project.yml and is consistent, and that the data follow it.

    The exit code is 0 if all is well, 10 if anything is wrong, 2 if the schema cannot be read.
    """
    with quiet():
        from kit.checks.curated_schema import any_fault, check_project
    file, features, findings = check_project(*opened(project, workspace), spans, say=_say)
    if findings:
        print_table(("state", "feature", "found"), [(one.state, one.subject, one.found) for one in findings])
    for what_to_do in dict.fromkeys(one.what_to_do for one in findings):
        typer.echo(what_to_do, err=True)
    if any_fault(findings):
        raise typer.Exit(int(ExitCode.DATA_ANOMALY))
    typer.echo(f"{file}: {features} features, all as project.yml has them, and the data follow them.")


@schema.command()
@exits
def update(  # noqa: PLR0913, PLR0917  one for each option
    project: ProjectOption = SAMPLE,
    workspace: WorkspaceOption = None,
    spans: SpansOption = "",
    feature: Annotated[
        list[str] | None,
        typer.Option(help="Widen only this feature; may be repeated.", show_default="all features"),
    ] = None,
    who: Annotated[str, typer.Option(help="Your name.", show_default="the account's name")] = "",
    why: Annotated[str, typer.Option(help="The reason; needed to write.", show_default=False)] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
) -> None:
    """Widen the curated schema as far as the data of some spans require it, or make a first one from them.

    The changes are shown first; without --yes they are written only if you confirm them on a terminal. The comment
    at the head of the file stays, and so does every rule that the data keep. The record that counts is the commit of
    the file; once SchemaGen has run, the workspace also records who made the change and why.

    The exit code is 0 if the schema was written or needs no change, 1 if the changes were only shown.
    """
    with quiet():
        from kit.data.schema_proposal import propose, write
        from kit.decisions import require_reasons, user_name

    who = who or user_name()
    if yes:
        require_reasons("update a schema", who, why)
    place = opened(project, workspace)
    proposal = propose(*place, spans, feature or (), say=_say)
    for name in proposal.without:
        typer.echo(f"{name}: no row of these spans has this feature, so its rule stays.", err=True)
    if not proposal.changes:
        typer.echo(f"{proposal.file}: no change is needed, the data follow it.")
        return
    _print(proposal.changes, "now", "then")
    if proposal.lost_comments:
        lines = "1 line" if proposal.lost_comments == 1 else f"{proposal.lost_comments} lines"
        typer.echo(
            f"{lines} of comments below the head of the file will be lost. Move them to the head to keep them.",
            err=True,
        )
    if not (yes or (sys.stdin.isatty() and typer.confirm(f"Write this to {proposal.file}?"))):
        typer.echo("Nothing was written. To write it, repeat the command with --yes and --why.", err=True)
        raise typer.Exit(1)
    why = why or ("" if yes else typer.prompt("Why"))
    typer.echo(write(*place, proposal, who=who, why=why))


def _print(changes: list[SchemaChange], before: str, after: str) -> None:
    rows = [(change.feature, change.rule, *change.brief) for change in changes]
    print_table(("feature", "rule", before, after), rows)


def _say(line: str) -> None:
    typer.echo(line, err=True)
