"""A small server with both APIs that stands behind a gateway in tests, and notes whatever reaches it."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import grpc
import httpx

from kit.gateway.config import GatewaySettings
from kit.gateway.keys import KeyStore
from kit.gateway.plan import Address, GatewayFiles, Plan
from kit.gateway.process import Gateway

MODEL, VERSION = "shop", "3"
PREDICT = f"/v1/models/{MODEL}:predict"
GRPC_PREDICT = "/tensorflow.serving.PredictionService/Predict"
GRPC_RELOAD = "/tensorflow.serving.ModelService/HandleReloadConfigRequest"


@dataclass
class StandIn:
    """Answers all that comes with version 3; a JSON body {"seconds": 1, "status": 503} makes it slow or fail."""

    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self._grpc = grpc.server(ThreadPoolExecutor(4))
        self._grpc.add_generic_rpc_handlers((_Calls(self),))
        self.grpc = Address(self._grpc.add_insecure_port("127.0.0.1:0"))
        self._grpc.start()

    @property
    def rest(self) -> Address:
        return Address(self._http.server_port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._grpc.stop(0).wait()
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        standin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                standin.bodies.append(body)
                standin.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                wanted = json.loads(body) if body.startswith(b"{") else {}
                time.sleep(wanted.get("seconds", 0))
                self.send_response(wanted.get("status", 200))
                self.send_header("x-model-version", VERSION)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = do_POST  # noqa: N815  http.server's names

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class _Calls(grpc.GenericRpcHandler):
    """Answers every method of gRPC."""

    def __init__(self, standin: StandIn) -> None:
        self._standin = standin

    def service(self, handler_call_details: Any) -> Any:
        standin = self._standin

        def answer(request: bytes, context: Any) -> bytes:
            standin.seen.append((handler_call_details.method, dict(context.invocation_metadata())))
            time.sleep(1 if request == b"slow" else 0)
            context.set_trailing_metadata((("x-model-version", VERSION),))
            if request == b"broken":
                context.set_code(grpc.StatusCode.INTERNAL)
            return request

        return grpc.unary_unary_rpc_method_handler(answer)


@dataclass
class Lab:
    """A gateway in front of a stand-in, and who calls it."""

    standin: StandIn
    gateway: Gateway
    keys: KeyStore
    files: GatewayFiles

    def token(self, subject: str = "ann", **claims: Any) -> str:
        known = {"issuer": "kit", "audience": MODEL, **claims}
        return self.keys.issue(subject, **known)

    def ask(
        self, method: str = "POST", path: str = PREDICT, *, token: str | None = None, **options: Any
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.token() if token is None else token}"}
        headers |= options.pop("headers", {})
        scheme = "https" if self.gateway.plan.certificate else "http"
        return httpx.request(
            method, f"{scheme}://{self.gateway.address}{path}", headers=headers, timeout=20, **options
        )

    def call(
        self, path: str = GRPC_PREDICT, *, token: str | None = None, request: bytes = b"x"
    ) -> grpc.StatusCode:
        """Return how a call of gRPC ends."""
        metadata = [] if token == "" else [("authorization", f"Bearer {token or self.token()}")]
        with grpc.insecure_channel(str(self.gateway.address)) as channel:
            try:
                channel.unary_unary(path)(request, metadata=metadata, timeout=20)
            except grpc.RpcError as error:
                code: grpc.StatusCode = error.code()
                return code
        return grpc.StatusCode.OK

    def log(self, least: int = 1) -> list[dict[str, Any]]:
        """Return the access log, once it has so many lines: Envoy writes it every second, or when it is told to."""
        deadline = time.monotonic() + 20
        while True:
            lines = self.files.access_log.read_text().splitlines()
            if len(lines) >= least or time.monotonic() > deadline:
                return [json.loads(line) for line in lines]
            time.sleep(0.1)


def make_plan(
    folder: Path,
    standin: StandIn,
    settings: GatewaySettings | None = None,
    certificate: tuple[Path, Path] | None = None,
) -> Plan:
    files = GatewayFiles(folder)
    jwks = files.keys / "jwks.json"
    chosen = settings or GatewaySettings()
    return Plan((MODEL,), chosen, MODEL, jwks, certificate, files, standin.rest, standin.grpc, Address(0))


def open_lab(
    stack: ExitStack,
    folder: Path,
    settings: GatewaySettings | None = None,
    certificate: tuple[Path, Path] | None = None,
) -> Lab:
    """Start a stand-in with a gateway before it; the stack ends both."""
    standin = stack.enter_context(StandIn())
    plan = make_plan(folder, standin, settings, certificate)
    keys = KeyStore(plan.files.keys)
    keys.rotate()
    return Lab(standin, stack.enter_context(Gateway(plan)), keys, plan.files)
