"""`kit deploy`: the files that Kubernetes, Istio, Docker and the real TensorFlow Serving are given."""
# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kit.cli.shared import ProjectOption, WorkspaceOption, exits, opened, print_table
from kit.errors import ExitCode
from kit.projects import SAMPLE
from kit.workspace_folders import SERVING

if TYPE_CHECKING:
    from kit.checks.check import Finding
    from kit.deploy.config import DeploySettings
    from kit.deploy.target import Target

app = typer.Typer()
_deploy = typer.Typer(
    help="Write files for Kubernetes, Istio, Docker and the real TensorFlow Serving; they are checked but not run.",
    no_args_is_help=True,
)
app.add_typer(_deploy, name="deploy")

_Out = Annotated[Path, typer.Option(help="Folder to write to.")]
_Name = Annotated[
    str | None, typer.Option(help="Name of all objects.", show_default="deploy.name in project.yml")
]
_Namespace = Annotated[
    str | None,
    typer.Option(help="Namespace of all objects.", show_default="deploy.namespace in project.yml"),
]
_Force = Annotated[bool, typer.Option("--force", help="Replace files whose content differs.")]
_Batching = Annotated[
    Path | None,
    typer.Option(help="Batching parameters file, instead of deploy.batching.", show_default=False),
]


@_deploy.command()
@exits
def k8s(  # noqa: PLR0913, PLR0917  what differs from one cluster to another
    out: _Out,
    project: ProjectOption = SAMPLE,
    workspace: WorkspaceOption = None,
    name: _Name = None,
    namespace: _Namespace = None,
    batching: _Batching = None,
    canary: Annotated[
        int | None, typer.Option(help="Version that some of the pods serve.", show_default=False)
    ] = None,
    stable: Annotated[
        int | None,
        typer.Option(
            help="With --canary: version that the other pods serve.",
            show_default="the newest below the canary",
        ),
    ] = None,
    canary_replicas: Annotated[
        int | None,
        typer.Option(min=1, max=1000, help="With --canary: number of pods that serve it.", show_default="1"),
    ] = None,
    force: _Force = False,
) -> None:
    """Write manifests for TensorFlow Serving with Envoy as a sidecar: scaling, probes, network policy, no root."""
    from kit.deploy.manifests import manifests
    from kit.deploy.schemas import versions
    from kit.deploy.write import write_files

    asked = {"name": name, "namespace": namespace, "batching_file": batching and str(batching.absolute())}
    target = _with_canary(_target(project, workspace, asked), canary, stable, canary_replicas)
    written = write_files(out.absolute(), manifests(target), force=force)
    typer.echo(written.message)
    typer.echo(
        f"Checked against the schemas of Kubernetes {' and '.join(versions())}, against each other, and by Envoy; no "
        "cluster has run them."
    )
    scaling = target.settings.scaling
    if target.canary:
        shares = [target.canary.share(count) for count in (scaling.max_replicas, scaling.min_replicas)]
        typer.echo(
            f"The canary, version {target.canary.version}, meets {shares[0]:.0%} to {shares[1]:.0%} of connections, "
            f"as {target.canary.stable} has pods."
        )
    if written.removed:
        words = (
            f"deployment,service,configmap --selector track=canary --namespace {target.settings.namespace}"
        )
        typer.echo(f"The files have no canary any more. To remove it from a cluster: kubectl delete {words}")
    typer.echo(
        f"The cluster must have the claim {target.settings.claim} with the workspace, which pods on several nodes can "
        "mount (ReadWriteMany or ReadOnlyMany). "
        f"Then: kubectl apply --filename {out}"
    )


@_deploy.command()
@exits
def istio(  # noqa: PLR0913, PLR0917  what differs from one cluster to another
    out: _Out,
    project: ProjectOption = SAMPLE,
    workspace: WorkspaceOption = None,
    name: _Name = None,
    namespace: _Namespace = None,
    selector: Annotated[
        str,
        typer.Option(
            help="Labels of the server's pods, such as app=shop,tier=models.",
            show_default="those that `kit deploy k8s` gives",
        ),
    ] = "",
    force: _Force = False,
) -> None:
    """Write the gateway's policies for a server in an Istio mesh, instead of the Envoy of `kit deploy k8s`."""
    from kit.deploy.istio_files import istio_files, labels_of
    from kit.deploy.write import write_files

    target = _target(project, workspace, {"name": name, "namespace": namespace})
    typer.echo(write_files(out.absolute(), istio_files(target, labels_of(selector)), force=force).message)
    typer.echo("Envoy has checked the configuration of its sidecars; nothing has run in a mesh.")
    typer.echo(f"The server's pods need an Istio sidecar. Then: kubectl apply --filename {out}")


@_deploy.command()
@exits
def serving(  # noqa: PLR0913, PLR0917  where the files go, and what is in them
    out: _Out,
    project: ProjectOption = SAMPLE,
    workspace: WorkspaceOption = None,
    batching: _Batching = None,
    models: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the models, as the server sees it.", show_default="the workspace's serving folder"
        ),
    ] = None,
    force: _Force = False,
) -> None:
    """Write configuration files for the real tensorflow_model_server, and print the command that starts it."""
    from kit.deploy.serving_files import flags, serving_files
    from kit.deploy.write import write_files
    from kit.errors import DeployError

    folder = out.absolute()
    target = _target(project, workspace, {"batching_file": batching and str(batching.absolute())})
    base = models or target.workspace.path / SERVING
    if not base.is_absolute():
        raise DeployError(
            f"--models must be an absolute path on the server's machine, such as /models, but is {base}. Correct it."
        )
    files = serving_files(target, base=base)
    typer.echo(write_files(folder, {**files}, force=force).message)
    typer.echo("tensorflow_model_server " + " \\\n    ".join(flags(target, folder)))


@_deploy.command()
@exits
def docker(
    out: _Out, project: ProjectOption = SAMPLE, workspace: WorkspaceOption = None, force: _Force = False
) -> None:
    """Write Dockerfiles for batches and for the kit's own server, with the locked package versions."""
    from kit.deploy.dockerfiles import BATCH, DEPLOY, SERVING, dockerfiles
    from kit.deploy.write import write_files
    from kit.workspace import CHECKOUT

    target = _target(project, workspace, {})
    typer.echo(write_files(out.absolute(), dockerfiles(target.settings), force=force).message)
    typer.echo(
        "Their syntax and their paths in the checkout were checked; no image was built. To build them:"
    )
    for name, image in ((BATCH, "kit-batch"), (SERVING, "kit-serving")):
        context = f" --build-context {DEPLOY}={out}" if name == SERVING else ""
        typer.echo(f"docker build --tag {image}{context} --file {out / name} {CHECKOUT}")


@_deploy.command()
@exits
def check(
    folder: Annotated[Path, typer.Argument(help="Folder of manifests, edited or not.")],
) -> None:
    """Check the manifests in a folder against the Kubernetes schemas, and against each other."""
    from kit.deploy.consistency import check_together
    from kit.deploy.read import read_objects
    from kit.deploy.schemas import check_schemas

    objects = read_objects(folder)
    findings = check_schemas(objects)
    if all(one.state == "ok" for one in findings):  # the other checks rely on fields that the schemas require
        findings += check_together(objects)
    _print(findings)
    if any(one.state == "fail" for one in findings):
        raise typer.Exit(int(ExitCode.USAGE))


def _print(findings: Sequence[Finding]) -> None:
    print_table(
        ("check", "state", "object", "found"),
        [(f.check, f.state, f.subject or "-", f.found) for f in findings],
    )


def _target(project: str, workspace: object, asked: dict[str, Any]) -> Target:
    from kit.deploy.target import Target

    place, found = opened(project, workspace)
    return Target.of(place, found, _with_changes(found.spec.deploy, asked))


def _with_canary(target: Target, version: int | None, stable: int | None, replicas: int | None) -> Target:
    from kit.deploy.target import canary_of
    from kit.errors import DeployError

    if version is not None:
        canary = canary_of(target.workspace, target.project, version, stable, replicas or 1)
        return replace(target, canary=canary)
    if (stable, replicas) != (None, None):
        raise DeployError(
            "--stable and --canary-replicas need a canary, but no version was given for it. Give it with --canary."
        )
    return target


def _with_changes(settings: DeploySettings, asked: dict[str, Any]) -> DeploySettings:
    """Return settings with the command line's values, checked like project.yml.

    Args:
        settings: those of project.yml.
        asked: fields of them; None: the option was not given.

    Raises:
        DeployError: when they are not valid.
    """
    from pydantic import ValidationError

    from kit.errors import DeployError
    from kit.project_section import said_of

    given = {name: value for name, value in asked.items() if value is not None}
    try:
        return type(settings).model_validate({**settings.model_dump(), **given})
    except ValidationError as error:
        [first, *_] = error.errors()
        option = str(first["loc"][0]).replace("_file", "")
        raise DeployError(
            f"--{option} must be what deploy.{first['loc'][0]} may be, but {said_of(first)}. Correct it."
        ) from None
