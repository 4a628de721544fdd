"""`kit versions`, `rollback` and `preflight`: what is pushed, the way back, and whether a server can load it."""
# ruff: noqa: PLC0415

from __future__ import annotations

import datetime as dt
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.quiet import quiet
from kit.cli.shared import ModelOption, WorkspaceOption, chosen_workspace, exits, print_table, workspace_of
from kit.projects import SAMPLE
from kit.units import BYTES_PER_MB
from kit.workspace_folders import SERVING, experiment_lock

if TYPE_CHECKING:
    from kit.release.versions import Version

app = typer.Typer()


@app.command()
@exits
def versions(
    project: ModelOption = SAMPLE,
    workspace: WorkspaceOption = None,
    server: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT",
            help="REST address of a running server: also show what it says about each version.",
            show_default="only the folder is looked at",
        ),
    ] = "",
) -> None:
    """List the pushed versions of a model, newest first: which one is served, and what was done to each."""
    from kit.release.on_server import states_on
    from kit.release.versions import list_versions

    base = _serving(project, workspace)
    found = list_versions(base)
    if not found:
        typer.echo(f"Nothing has been pushed to {base} yet. Run 05_release.")
        return
    header = ("version", "state", "pushed (UTC)", "MB", "TensorFlow", "commit", "labels", "remarks")
    if not server:
        print_table(header, [_row(one) for one in found])
        return
    states = states_on(server, base.name)
    print_table(
        (*header, "on the server"), [(*_row(one), states.get(one.number, "not there")) for one in found]
    )


def _row(version: Version) -> tuple[str, ...]:
    size = sum(path.stat().st_size for path in version.folder.rglob("*") if path.is_file())
    package = version.package.get("versions", {})
    remarks = []
    if not version.blessed:
        remarks.append("past its gates by a person's decision")
    if version.withdrawal:
        remarks.append("rolled back by {who}, {when}: {why}".format(**version.withdrawal))
    if version.promotion:
        remarks.append("promoted by {who}, {when}".format(**version.promotion))
    return (
        str(version.number),
        version.state,
        _pushed(version),
        f"{size / BYTES_PER_MB:.2f}",
        package.get("tensorflow", ""),
        package.get("git commit", "")[:9],
        ", ".join(version.labels),
        "; ".join(remarks),
    )


def _pushed(version: Version) -> str:
    """Return when it was pushed; the number of a version without a history may be its time."""
    for entry in version.history:
        if entry["what"] == "push":
            return str(entry["when"])[:16].replace("T", " ")
    try:
        when = dt.datetime.fromtimestamp(version.number, dt.UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return when.strftime("%Y-%m-%d %H:%M")


@app.command()
@exits
def rollback(
    project: ModelOption = SAMPLE,
    workspace: WorkspaceOption = None,
    to: Annotated[
        int | None, typer.Option(help="Version to serve.", show_default="the one before the served one")
    ] = None,
    why: Annotated[str, typer.Option(help="The reason, which is recorded.")] = "not given",
    who: Annotated[str, typer.Option(help="Your name.", show_default="the account's name")] = "",
) -> None:
    """Serve an earlier version again, or a withdrawn one; a running server switches without a failed request.

    Newer versions are moved aside, not deleted; --to NUMBER brings one back.
    """
    from kit.reasons import user_name
    from kit.release.models_config import CANARY, labels_of
    from kit.release.versions import rollback as roll_back

    base, place = _serving(project, workspace), workspace_of(workspace, looks=True)
    # An experiment that starts between the check and the end would compare versions that are gone.
    with place.lock(experiment_lock(base.name), "rolling back") if base.is_dir() else nullcontext():
        if CANARY in labels_of(base):  # only then is it worth the time of the imports
            from kit.canary.actions import check_none_runs

            check_none_runs(place, base.name)
        done = roll_back(base, to, who=who or user_name(), why=why)
    typer.echo(done.message)


@app.command()
@exits
def preflight(
    target: Annotated[
        list[str] | None,
        typer.Argument(
            help="Servers, such as 'tensorflow_serving 2.20'.", show_default="those in project.yml"
        ),
    ] = None,
    project: ModelOption = SAMPLE,
    workspace: WorkspaceOption = None,
    model: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder of the SavedModel.",
            show_default="the version that is served",
        ),
    ] = None,
) -> None:
    """Check that a server knows every operation of a model, before it says 'Op type not registered'.

    The exit code is 13 if the model has a custom operation, or a target lacks an operation.
    """
    from kit.project import Project
    from kit.release.errors import VersionError
    from kit.release.versions import served_version

    base = _serving(project, workspace)
    if model is None and (served := served_version(base)) is None:
        raise VersionError(
            f"A preflight needs a model, but nothing was pushed to {base}. Run 05_release, or give a model."
        )
    folder = model or base / str(served)
    targets = target or Project.load(project, chosen_workspace(workspace)).spec.release.targets
    with quiet():
        from kit.release.contract import read_meta_graph
        from kit.release.operations import parse_target, used_by
        from kit.release.operations import preflight as check

        used = used_by(read_meta_graph(folder))
    typer.echo(f"{folder}: {check(used, [parse_target(one) for one in targets])}")


def _serving(project: str, workspace: Path | None) -> Path:
    """Return the folder of a model's versions; the workspace is not made when it is missing."""
    return chosen_workspace(workspace) / SERVING / Path(project).name
