"""`kit serve`: the pushed models, through TensorFlow Serving's protocol."""
# ruff: noqa: PLC0415

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.shared import WorkspaceOption, chosen_workspace, exits, workspace_of
from kit.errors import ExitCode
from kit.signals import signals_call

if TYPE_CHECKING:
    from kit.serving.process import Server
    from kit.serving.settings import Addresses

_LAST_PORT = 65_535  # gRPC silently takes a larger one modulo 65,536
app = typer.Typer()
_LOOK_SECONDS = 0.5
_OPTIONS = {
    "port": "--port",
    "rest_api_port": "--rest-port",
    "host": "--host",
    "model_config_file": "--config",
    "enable_batching": "--batching",
    "batching_parameters_file": "--batching",
}
"""Flags of the server that an option chooses, and other choices depend on."""


@app.command()
@exits
def serve(  # noqa: PLR0913, PLR0917  the flags of a server
    flags: Annotated[
        list[str] | None,
        typer.Argument(help="Flags of tensorflow_model_server, after `--`.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = None,
    port: Annotated[int, typer.Option(min=0, max=_LAST_PORT, help="gRPC port; 0: any free port.")] = 8500,
    rest_port: Annotated[
        int, typer.Option(min=0, max=_LAST_PORT, help="REST port; 0: any free port.")
    ] = 8501,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0: all addresses.")] = "127.0.0.1",
    config: Annotated[
        Path | None,
        typer.Option(
            help="A models.config file; default: the one for the workspace's pushed models.",
            show_default=False,
        ),
    ] = None,
    batching: Annotated[
        Path | None,
        typer.Option(
            help="Batch requests as this batching parameters file says.",
            show_default="what kit tune-batching has found, if only that model is served",
        ),
    ] = None,
    single: Annotated[bool, typer.Option("--single", help="Do not batch requests.")] = False,
    log_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the requests to log for 07_monitor and canaries.")
    ] = 0,
    metrics: Annotated[bool, typer.Option(help="Serve Prometheus metrics on the REST port.")] = True,
    forked: Annotated[
        bool | None,
        typer.Option(
            help="Fork the server from the warm process (started if needed), or start a new interpreter.",
            show_default="forked if the warm process runs",
        ),
    ] = None,
) -> None:
    """Serve the pushed models until Ctrl-C; new versions are loaded when they are pushed."""
    from kit.errors import UsageError
    from kit.serving.process import Server
    from kit.serving.settings import Settings
    from kit.workspace_server import monitoring_config, server_log, settings_for, tuned_batching

    if single and batching:
        raise UsageError("--single turns batching off, and --batching turns it on. Choose one.")
    _check_flags(flags or ())
    # Without a folder there is nothing to serve, and a misspelt one is not made.
    place = workspace_of(workspace, looks=config is None and not chosen_workspace(workspace).is_dir())
    following = settings_for(place, log_share, config.absolute() if config else None)
    chosen = [*following.to_flags(), f"--port={port}", f"--rest_api_port={rest_port}", f"--host={host}"]
    chosen += _batching(None if single else batching or tuned_batching(place, following, typer.echo))
    if metrics:
        chosen.append(f"--monitoring_config_file={monitoring_config(place)}")
    settings = Settings.from_flags([*chosen, *(flags or ())])
    _until_ctrl_c(Server(settings, log_path=server_log(place)), forked)


def _check_flags(flags: Sequence[str]) -> None:
    from kit.errors import UsageError

    for flag in flags:
        name = flag.partition("=")[0].removeprefix("--")
        if option := _OPTIONS.get(name):
            raise UsageError(f"--{name} has its own option here. Give {option}, before the --.")


def _batching(path: Path | None) -> list[str]:
    if path is None:
        return []
    typer.echo(f"Requests are batched by {path}.")
    return ["--enable_batching", f"--batching_parameters_file={path.absolute()}"]


def _until_ctrl_c(server: Server, forked: bool | None) -> None:
    stopped = threading.Event()
    names = [model.name for model in server.settings.models().model_config_list.config]
    typer.echo(f"Loading {', '.join(names)} …")
    try:
        addresses = server.start(forked=forked)  # until here, Ctrl-C ends the command like any other
        with signals_call(stopped.set):
            _say_where(server, addresses, names[0])
            while server.alive and not stopped.wait(_LOOK_SECONDS):
                pass
    finally:
        server.stop()
    if not stopped.is_set():
        typer.echo(
            f"The server should run until Ctrl-C, but it ended by itself. Read {server.log_path}.", err=True
        )
        raise typer.Exit(int(ExitCode.STEP_FAILED))
    typer.echo("Stopped.")


def _say_where(server: Server, addresses: Addresses, model: str) -> None:
    if addresses.grpc:
        typer.echo(f"gRPC at {addresses.grpc}")
    if addresses.rest:
        typer.echo(f"REST at http://{addresses.rest}/v1/models/{model}")
        if page := server.settings.metrics_path():
            typer.echo(f"Metrics at http://{addresses.rest}{page}")
    typer.echo(
        f"Ctrl-C ends it. Its models: {server.settings.model_config_file}. Its log: {server.log_path}."
    )
