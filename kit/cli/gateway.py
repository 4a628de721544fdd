"""`kit gateway`: Envoy in front of a server of models, its keys, its tokens and its log."""
# ruff: noqa: PLC0415

from __future__ import annotations

import ipaddress
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from kit.cli.shared import ProjectOption, WorkspaceOption, exits, opened, print_table
from kit.projects import SAMPLE
from kit.signals import signals_call

if TYPE_CHECKING:
    from kit.gateway.plan import GatewayFiles, Plan
    from kit.project import Project

app = typer.Typer()
_gateway = typer.Typer(
    help="Envoy in front of the server: who may call the model, how often and how.", no_args_is_help=True
)
app.add_typer(_gateway, name="gateway")

_Server = Annotated[str, typer.Option(help="Host and port of this API of the server.")]
_REST, _GRPC, _LISTEN = "127.0.0.1:8501", "127.0.0.1:8500", "127.0.0.1:8443"
_LOOK_SECONDS = 0.5


@_gateway.command()
@exits
def keys(
    project: ProjectOption = SAMPLE,
    workspace: WorkspaceOption = None,
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Make a new key, which signs from now on.")
    ] = False,
    retire: Annotated[
        str | None,
        typer.Option(metavar="KID", help="Remove this key, and refuse its tokens.", show_default=False),
    ] = None,
) -> None:
    """List the workspace's own keys, which are for learning; a running gateway picks up changes at once."""
    from kit.gateway.keys import KeyStore

    _, files = _with_files(project, workspace, looks=not rotate and retire is None)
    store = KeyStore(files.keys)
    if rotate:
        typer.echo(f"{store.rotate()} signs from now on.")
    if retire is not None:
        store.retire(retire)
        typer.echo(f"{retire} is retired.")
    kids = store.kids()
    if not kids:
        typer.echo("No key yet. Make one: kit gateway keys --rotate")
    else:
        rows = [(kid, "signs and checks" if kid == kids[-1] else "checks") for kid in kids]
        print_table(("key", "use"), rows)


@_gateway.command()
@exits
def token(
    subject: Annotated[str, typer.Argument(help="Who the token is for.")],
    project: ProjectOption = SAMPLE,
    workspace: WorkspaceOption = None,
    seconds: Annotated[int, typer.Option(help="Seconds until it expires.")] = 3600,
) -> None:
    """Sign a token with the workspace's newest key, for learning; in production an identity provider does this."""
    from kit.gateway.keys import KeyStore

    found, files = _with_files(project, workspace, looks=True)
    settings = found.spec.gateway.tokens
    typer.echo(
        KeyStore(files.keys).issue(subject, settings.issuer, settings.audience or found.spec.name, seconds)
    )


@_gateway.command()
@exits
def check(project: ProjectOption = SAMPLE, workspace: WorkspaceOption = None) -> None:
    """Show Envoy's configuration, and have Envoy check it."""
    from kit.gateway.process import check

    typer.echo(check(_plan(project, workspace, _REST, _GRPC, _LISTEN)), nl=False)


@_gateway.command()
@exits
def run(
    project: ProjectOption = SAMPLE,
    workspace: WorkspaceOption = None,
    rest: _Server = _REST,
    grpc: _Server = _GRPC,
    listen: Annotated[str, typer.Option(help="Host and port of the gateway, for both APIs.")] = _LISTEN,
) -> None:
    """Run Envoy in front of a server until Ctrl-C."""
    from kit.gateway.errors import GatewayStartError
    from kit.gateway.process import Gateway

    plan, stopped = _plan(project, workspace, rest, grpc, listen), threading.Event()
    with (
        Gateway(plan) as gateway,
        signals_call(stopped.set),
    ):  # until here, Ctrl-C ends it like any other command
        scheme = "https" if plan.certificate else "http"
        typer.echo(f"The gateway listens on {scheme}://{gateway.address}, REST and gRPC; Ctrl-C ends it.")
        typer.echo(f"To see who asked what: kit gateway audit -P {project}")
        while gateway.is_running() and not stopped.wait(_LOOK_SECONDS):
            pass
    if not stopped.is_set():
        raise GatewayStartError(
            f"Envoy must run until it is stopped, but it ended by itself. Read {plan.files.envoy_log}."
        )
    typer.echo("Stopped.")


@_gateway.command()
@exits
def certificate(project: ProjectOption = SAMPLE, workspace: WorkspaceOption = None) -> None:
    """Make a self-signed certificate for localhost; name it in gateway.tls of project.yml."""
    from kit.gateway.certificate import make_certificate

    _, files = _with_files(project, workspace)
    made = make_certificate(files.folder / "tls")
    for name, path in zip(("certificate", "key"), made, strict=True):
        typer.echo(f"{name}: {path}")


@_gateway.command()
@exits
def audit(
    project: ProjectOption = SAMPLE,
    workspace: WorkspaceOption = None,
    subject: Annotated[
        str | None, typer.Option(help="Only requests from this subject.", show_default=False)
    ] = None,
    since: Annotated[
        str, typer.Option(help="Start: 15m, 6h or 7d ago, or a time in UTC such as 2026-01-31T12:00.")
    ] = "1d",
    verdict: Annotated[
        str | None,
        typer.Option(
            help="Only verdicts that begin with this: allowed, refused, failed.", show_default=False
        ),
    ] = None,
) -> None:
    """Show who asked what, when, which version answered, how long it took, and what the gateway decided."""
    import datetime as dt

    from kit.gateway.audit import parse_since, read_log

    _, files = _with_files(project, workspace, looks=True)
    start = parse_since(since, dt.datetime.now(dt.UTC))
    rows = [
        (
            f"{one.time:%Y-%m-%d %H:%M:%S}",
            one.subject or "-",
            one.client,
            one.route,
            one.version or "-",
            one.status,
            f"{one.milliseconds:g}",
            one.verdict,
        )
        for one in read_log(
            files.access_log,
            subject=subject,
            since=start,
            verdict=verdict,
            say=lambda text: typer.echo(text, err=True),
        )
    ]
    print_table(("time (UTC)", "subject", "client", "asked", "version", "status", "ms", "verdict"), rows)


def _with_files(project: str, workspace: object, *, looks: bool = False) -> tuple[Project, GatewayFiles]:
    """Return a project with the files of its gateway; `looks`: the command only reads."""
    from kit.gateway.plan import GatewayFiles

    place, found = opened(project, workspace, looks=looks)
    return found, GatewayFiles.of(place, found.spec.name)


def _plan(project: str, workspace: object, rest: str, grpc: str, listen: str) -> Plan:
    from kit.gateway.plan import Address, Plan

    addresses = [Address.parse(text) for text in (rest, grpc, listen)]
    _check_number(addresses[-1].host, listen)
    return Plan.of(*opened(project, workspace), *addresses)


def _check_number(host: str, listen: str) -> None:
    from kit.gateway.errors import GatewayError

    try:
        ipaddress.ip_address(host)
    except ValueError:  # Envoy would call it malformed, and project.yml be blamed
        raise GatewayError(
            f"--listen must have an address as a number, since Envoy looks up no names here, but is {listen!r}. Give "
            "for example 127.0.0.1:8443, or 0.0.0.0:8443 for all addresses."
        ) from None
