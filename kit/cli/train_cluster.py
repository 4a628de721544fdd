"""`kit train-cluster`: train in several processes, here or on other machines."""
# ruff: noqa: PLC0415

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.quiet import quiet
from kit.cli.shared import ProjectOption, WorkspaceOption, chosen_workspace, exits
from kit.errors import ClusterError
from kit.projects import SAMPLE

if TYPE_CHECKING:
    from kit.project import Project
    from kit.training.cluster.tf_config import Cluster
    from kit.training.config import Training
    from kit.workspace import Workspace

app = typer.Typer()

_Number = Annotated[int, typer.Option(min=0, help="0: as in project.yml.")]


_Strategy = Annotated[str, typer.Option(help="multi_worker_mirrored or parameter_server.")]
_Workers = Annotated[int, typer.Option(min=0, help="Processes that compute gradients; 0: as in project.yml.")]
_Servers = Annotated[int, typer.Option(min=0, help="Processes that hold variables; 0: as in project.yml.")]
_BatchSize = Annotated[
    int, typer.Option(min=0, help="Rows per step of all workers together; 0: as in project.yml.")
]
_PrintConfig = Annotated[
    bool, typer.Option("--print-config", help="Only print the TF_CONFIG of every member.")
]
_Host = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ROLE=HOST:PORT",
        help="For --print-config: address of a member, once for each; default: free ports of this machine.",
        show_default=False,
    ),
]
_Manifests = Annotated[
    Path | None,
    typer.Option(help="Only write Kubernetes manifests into this file.", show_default=False),
]
_Image = Annotated[str, typer.Option(help="For --manifests: image that contains the kit.")]
_Claim = Annotated[
    str, typer.Option(help="For --manifests: the workspace's PersistentVolumeClaim (ReadWriteMany).")
]
_Job = Annotated[
    Path | None,
    typer.Option(
        help="Run as the member that TF_CONFIG names, in the training described by this file; used by the manifests.",
        show_default=False,
    ),
]


@app.command()
@exits
def train_cluster(  # noqa: PLR0913, PLR0917  one for each option
    project: ProjectOption = SAMPLE,
    strategy: _Strategy = "multi_worker_mirrored",
    workers: _Workers = 0,
    parameter_servers: _Servers = 0,
    epochs: _Number = 0,
    batch_size: _BatchSize = 0,
    workspace: WorkspaceOption = None,
    print_config: _PrintConfig = False,
    host: _Host = None,
    manifests: _Manifests = None,
    image: _Image = "kit:latest",
    claim: _Claim = "kit-workspace",
    job: _Job = None,
) -> None:
    """Train in a cluster of real processes on this machine, after 02_features; or prepare a cluster elsewhere.

    A member that dies is restarted, and training goes on. The model becomes Trainer's newest; 04_evaluate judges it.
    """
    from kit.project import Project
    from kit.training.cluster.tf_config import ROLES, Cluster
    from kit.workspace import Workspace

    if job is not None:
        _be_member(job)
        return
    if strategy not in ROLES:
        raise ClusterError(
            f"A cluster's strategy must be {' or '.join(ROLES)}, found {strategy!r}. The others need one process: "
            "run 03_train with the parameter strategy."
        )
    place = chosen_workspace(workspace)
    loaded = Project.load(project, place)
    training = loaded.spec.training.override(
        strategy=strategy,
        workers=workers,
        parameter_servers=parameter_servers,
        epochs=epochs,
        batch_size=batch_size,
    )
    if host and not print_config:
        raise ClusterError(
            "--host is only for --print-config, which was not given. Add it, or leave --host out."
        )
    if print_config:
        _print_config(Cluster.on_hosts(strategy, host) if host else Cluster.local(training))
    elif manifests is not None:
        _write_manifests(Workspace(place), loaded, training, manifests, image, claim)
    else:
        _train(Workspace(place), loaded, training)


def _be_member(job: Path) -> None:
    from kit.training.job import Job

    read = Job.from_json(job.read_text())
    with quiet():
        from kit.training import strategies
    strategies.run(read)


def _print_config(cluster: Cluster) -> None:
    for member in cluster.members:
        typer.echo(f"# {member.name} at {member.address}")
        typer.echo(f"export TF_CONFIG={shlex.quote(cluster.tf_config(member))}")


def _write_manifests(  # noqa: PLR0913, PLR0917  one for each option
    workspace: Workspace, project: Project, training: Training, into: Path, image: str, claim: str
) -> None:
    with quiet():
        from kit.training.cluster.run import write_job
    from kit.training.cluster.manifests import Deployment, manifests
    from kit.workspace import write_atomically

    name = f"kit-{project.name.replace('_', '-')}"
    file, there = write_job(workspace, project, training)
    write_atomically(into, manifests(Deployment(name, image, claim, there), training))
    typer.echo(f"{into} holds the cluster, {file} what it trains.")
    typer.echo("These manifests were checked against Kubernetes's own types, but have not run in a cluster.")
    typer.echo(f"Start: kubectl apply -f {shlex.quote(str(into))}")
    typer.echo(
        f"The model will be in {file.parent / 'model'}; then: kubectl delete -f {shlex.quote(str(into))}"
    )


def _train(workspace: Workspace, project: Project, training: Training) -> None:
    with quiet():
        from kit.training.cluster.run import train
    counts = f"{training.workers} workers"
    if training.strategy == "parameter_server":
        counts += f", {training.parameter_servers} parameter servers and a chief"
    typer.echo(f"{training.strategy} of {project.name}: {counts}, {training.epochs} epochs")
    last = train(workspace, project, training, typer.echo)
    for name, value in last.items():
        typer.echo(f"{name}: {value:.4f}")
    typer.echo("The model is now Trainer's newest. To evaluate it: kit run 04_evaluate")
