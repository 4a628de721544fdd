"""`kit audit`: sign everything that accounts for a pushed model as one file, and verify such a file."""
# ruff: noqa: PLC0415

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from kit.cli.shared import WorkspaceOption, exits, workspace_of

app = typer.Typer()
group = typer.Typer(no_args_is_help=True)
app.add_typer(group, name="audit", help="Signed packs of all the evidence for a pushed model.")


@group.command()
@exits
def pack(
    version: Annotated[str, typer.Argument(help="Number of a pushed version, or project/number.")],
    out: Annotated[
        Path | None,
        typer.Option(help="File to write.", show_default="audit/<project>-<version>.zip in the workspace"),
    ] = None,
    key: Annotated[
        Path | None, typer.Option(help="PEM file with an ed25519 key.", show_default="the workspace's key")
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write the audit pack of a pushed version."""
    from kit.cli.quiet import quiet

    with quiet():
        from kit.audit.pack import pack as write_pack
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # TensorFlow's libraries warn about each other
    typer.echo(write_pack(workspace_of(workspace, looks=True), version, out, key).message)


@group.command()
@exits
def verify(
    file: Annotated[Path, typer.Argument(help="An audit pack.", exists=True, dir_okay=False)],
    public_key: Annotated[
        str | None, typer.Option(help="Public key of the expected signer: a PEM file, or hexadecimal.")
    ] = None,
) -> None:
    """Check every byte of an audit pack, offline; the exit code is 1 if one differs from what was signed."""
    from kit.audit.verify import read_pack, read_public_key
    from kit.audit.verify import verify as check
    from kit.errors import UsageError

    try:
        key = None if public_key is None else read_public_key(public_key)
    except ValueError as error:
        raise UsageError(
            f"The public key must be a PEM file or 64 hexadecimal digits, but {public_key!r} is neither: {error}. It "
            "is printed by `kit audit pack`."
        ) from None
    try:
        data = read_pack(file)
    except ValueError as error:
        raise UsageError(str(error)) from None
    verdict = check(data, key)
    typer.echo(verdict.message, err=bool(verdict.broken))
    if verdict.broken:
        raise typer.Exit(1)
    if key is None:
        typer.echo(
            "Anybody can sign with their own key: compare it with the one that you know, or give --public-key."
        )
