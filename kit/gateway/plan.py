"""The plan of one gateway: a project's settings, and this machine's files and addresses."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from kit.gateway.config import GatewaySettings
from kit.gateway.errors import GatewayError
from kit.project import Project
from kit.workspace import Workspace

_LOCALHOST = "127.0.0.1"
HIGHEST_PORT = 65_535


@dataclass(frozen=True)
class Address:
    """A host by name or number, and a TCP port; port 0: any free one."""

    port: int
    host: str = _LOCALHOST

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read an address such as 127.0.0.1:8501, [::1]:8501 or, for this machine, 8501.

        Raises:
            GatewayError: when it is not an address.
        """
        host, _, port = text.rpartition(":")
        if not port.isascii() or not port.isdigit() or int(port) > HIGHEST_PORT:
            raise GatewayError(
                f"An address is written as 127.0.0.1:8501, its port 0 to {HIGHEST_PORT}, but {text!r} is not. "
                "Correct it."
            )
        return cls(int(port), host.removeprefix("[").removesuffix("]") or _LOCALHOST)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


_FOLDER = "gateway"  # of a workspace


def log_files(path: Path) -> list[Path]:
    """Return an access log and what was rotated out of it, the oldest first; empty: there is none."""
    rotated = [one for one in path.parent.glob(f"{path.name}[.-]*") if one.is_file()]
    rotated.sort(key=lambda one: one.stat().st_mtime_ns)
    return [*rotated, *([path] if path.is_file() else [])]


@dataclass(frozen=True)
class GatewayFiles:
    """The files of a gateway in its workspace.

    gateway/<project>/
        envoy.yaml           Envoy's configuration, as it was last run
        jwt.yaml             its filter of tokens with the public keys; Envoy reads it anew when it is replaced
        tls.yaml             where the certificate is; Envoy reads that anew too
        keys/<kid>.pem       private keys of the workspace, for learning; readable by their owner only
        access.log           one JSON line per request; access.log.1, access.log.2.gz and so on: what was rotated out
                             of it, as by logrotate's `copytruncate`
        envoy.log            what Envoy says of itself
    """

    folder: Path

    @classmethod
    def of(cls, workspace: Workspace, project: str) -> GatewayFiles:
        return cls(workspace.path / _FOLDER / project)

    @classmethod
    def every(cls, workspace: Workspace) -> list[GatewayFiles]:
        """Return the files of all gateways of a workspace, in the order of their projects."""
        return [cls(folder) for folder in sorted((workspace.path / _FOLDER).glob("*/"))]

    @property
    def config(self) -> Path:
        return self.folder / "envoy.yaml"

    @property
    def jwt(self) -> Path:
        return self.folder / "jwt.yaml"

    @property
    def tls(self) -> Path:
        return self.folder / "tls.yaml"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def access_log(self) -> Path:
        return self.folder / "access.log"

    @property
    def envoy_log(self) -> Path:
        return self.folder / "envoy.log"


@dataclass(frozen=True)
class Plan:
    """Everything that determines Envoy's configuration.

    Attributes:
        models: names of models that may be asked. With gRPC only the kit's own server refuses others, by a header that
            the gateway sets: the model's name is in the message, which Envoy does not read.
        settings: the settings of the project.
        audience: the audience that a token must be for.
        jwks_file: public keys that tokens are checked with.
        certificate: PEM files of the certificate and its key; None: plain text.
        files: the files that are written.
        rest: the address of the server's REST API.
        grpc: the address of the server's gRPC API.
        listen: the gateway's own address; both APIs have the same port.
    """

    models: tuple[str, ...]
    settings: GatewaySettings
    audience: str
    jwks_file: Path
    certificate: tuple[Path, Path] | None
    files: GatewayFiles
    rest: Address
    grpc: Address
    listen: Address = field(default_factory=lambda: Address(8443))

    @classmethod
    def of(
        cls, workspace: Workspace, project: Project, rest: Address, grpc: Address, listen: Address
    ) -> Plan:
        """Return the plan of a project's own model."""
        settings, files = project.spec.gateway, GatewayFiles.of(workspace, project.spec.name)
        own, tls = settings.tokens.jwks_file, settings.tls
        return cls(
            models=(project.spec.name,),
            settings=settings,
            audience=settings.tokens.audience or project.spec.name,
            jwks_file=project.folder / own if own else files.keys / "jwks.json",
            certificate=(project.folder / tls.certificate, project.folder / tls.key) if tls else None,
            files=files,
            rest=rest,
            grpc=grpc,
            listen=listen,
        )
