"""A pod that ends under load: two real gateways behind one address, and what kubelet does, done by hand."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from subprocess import Popen

import grpc
import httpx
import pytest
import yaml
from gateway.standin import GRPC_PREDICT, StandIn

from deploy.places import MODEL, target_in
from deploy.test_envoy_files import running, wait_for
from kit.deploy import envoy_files, stopping
from kit.deploy.envoy_files import ENVOY_FILE, JWT_FILE, LIVE, pod_config, pod_plan
from kit.deploy.stopping import DRAIN, drain_seconds, grace_seconds, server_seconds
from kit.deploy.target import Target
from kit.gateway.config import Limits
from kit.gateway.filters import jwt_resource
from kit.gateway.keys import KeyStore
from kit.gateway.plan import Address, GatewayFiles
from kit.training.cluster.tf_config import free_ports
from kit.workspace import Workspace

SLOW = b'{"seconds": 0.1}'
WAIT_SECONDS = 20


@dataclass
class Pod:
    """A running gateway."""

    port: int
    metrics: int
    lifecycle: int
    process: Popen[bytes]


@contextmanager
def pod(target: Target, standin: StandIn, folder: Path) -> Iterator[Pod]:
    """Run Envoy as in a pod, with limits that make its drain short."""
    folder.mkdir()
    gateway, metrics, lifecycle = free_ports(3)
    limits = Limits(receive_seconds=0.5, timeout_seconds=1, connections=20)
    plan = pod_plan(target)
    plan = replace(
        plan,
        settings=plan.settings.model_copy(update={"limits": limits}),
        rest=standin.rest,
        grpc=standin.grpc,
        listen=Address(gateway),
        files=GatewayFiles(folder),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(envoy_files, "METRICS_PORT", metrics)
        patch.setattr(envoy_files, "LIFECYCLE_PORT", lifecycle)
        patch.setattr(envoy_files, "RUN", folder)
        patch.setattr(stopping, "_SPREAD_SECONDS", 0)
        (folder / ENVOY_FILE).write_text(yaml.safe_dump(pod_config(plan)))
    (folder / JWT_FILE).write_text(yaml.safe_dump(jwt_resource(plan)))
    with running(folder / ENVOY_FILE) as process:
        wait_for(f"http://127.0.0.1:{gateway}/v1/models/{MODEL}", 401)
        yield Pod(gateway, metrics, lifecycle, process)


class Service:
    """Stands in for kube-proxy: each new connection goes to the pod of the moment, and stays with it."""

    def __init__(self, port: int) -> None:
        self.to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._run(self._accept)

    def close(self) -> None:
        """Take no more connections, and wait for the end of those that there are."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()

    def _run(self, work: Callable[..., None], *arguments: socket.socket) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._run(self._join, self._listener.accept()[0])

    def _join(self, ours: socket.socket) -> None:
        with ours, socket.create_connection(("127.0.0.1", self.to)) as theirs:
            back = self._run(_pass, theirs, ours)
            _pass(ours, theirs)
            back.join()


def _pass(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


@dataclass
class Callers:
    """Callers who ask without a pause over connections that they keep; an answer without success is a lost request."""

    service: Service
    token: str
    counts: Counter[str] = field(default_factory=Counter)
    stopped: threading.Event = field(default_factory=threading.Event)

    def http(self) -> None:
        connection = HTTPConnection("127.0.0.1", self.service.port, timeout=WAIT_SECONDS)
        while not self.stopped.is_set():
            try:  # a connection that the gateway has closed is made anew by the next request
                headers = {"authorization": f"Bearer {self.token}"}
                connection.request("POST", f"/v1/models/{MODEL}:predict", SLOW, headers)
                answer = connection.getresponse()
                answer.read()
                self.counts[f"http {answer.status}"] += 1
            except (OSError, HTTPException):
                self.counts["http lost"] += 1
                connection.close()
        connection.close()

    def grpc(self) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{self.service.port}") as channel:
            ask = channel.unary_unary(GRPC_PREDICT, None, None)
            while not self.stopped.is_set():
                try:
                    ask(b"x", metadata=[("authorization", f"Bearer {self.token}")], timeout=WAIT_SECONDS)
                    self.counts["grpc 200"] += 1
                except grpc.RpcError:
                    self.counts["grpc lost"] += 1
                time.sleep(0.01)

    def made(self, more: int) -> None:
        """Wait until both kinds have had so many more answers."""
        wanted = {name: self.counts[name] + more for name in ("http 200", "grpc 200")}
        deadline = time.monotonic() + WAIT_SECONDS
        while any(self.counts[name] < count for name, count in wanted.items()):
            assert time.monotonic() < deadline, self.counts
            time.sleep(0.02)


def _drained(ending: Pod) -> None:
    assert httpx.get(f"http://127.0.0.1:{ending.lifecycle}{DRAIN}", timeout=WAIT_SECONDS).status_code == 200


def _at_once(_: Pod) -> None:
    """Do nothing before SIGTERM."""


@pytest.mark.parametrize(("hook", "loses"), [(_drained, False), (_at_once, True)])
def test_a_pod_that_ends_loses_no_request(
    target: Target, tmp_path: Path, hook: Callable[[Pod], None], *, loses: bool
) -> None:
    token = KeyStore(GatewayFiles.of(target.workspace, MODEL).keys).issue("ann", "kit", MODEL)
    with ExitStack() as stack:
        standin = stack.enter_context(StandIn())
        ending = stack.enter_context(pod(target, standin, tmp_path / "a"))
        staying = stack.enter_context(pod(target, standin, tmp_path / "b"))
        service = Service(ending.port)
        stack.callback(service.close)
        callers = Callers(service, token)
        threads = [threading.Thread(target=ask) for ask in (*[callers.http] * 4, callers.grpc)]
        for thread in threads:
            thread.start()
            stack.callback(thread.join)
        stack.callback(callers.stopped.set)
        callers.made(5)
        service.to = staying.port
        callers.made(5)  # still over the connections to the first one
        hook(ending)
        ending.process.terminate()
        assert ending.process.wait(WAIT_SECONDS) == 0
        callers.made(5)
    lost = {name: count for name, count in callers.counts.items() if not name.endswith("200")}
    assert bool(lost) is loses, callers.counts


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/v1/models/{MODEL}", timeout=WAIT_SECONDS).is_client_error
    except httpx.TransportError:
        return False


def test_a_gateway_with_all_the_callers_that_it_may_have_is_alive(target: Target, tmp_path: Path) -> None:
    with ExitStack() as stack:
        standin = stack.enter_context(StandIn())
        busy = stack.enter_context(pod(target, standin, tmp_path / "a"))
        while _answers(busy.port):
            stack.enter_context(socket.create_connection(("127.0.0.1", busy.port)))
        for asked in (f"{busy.metrics}{LIVE}", f"{busy.lifecycle}{DRAIN}"):
            assert httpx.get(f"http://127.0.0.1:{asked}", timeout=WAIT_SECONDS).status_code == 200, asked


def test_the_times_of_a_pods_end_follow_its_limits(workspace: Workspace) -> None:
    limits = Limits(receive_seconds=20, timeout_seconds=30.5)
    assert limits.receive_seconds + limits.timeout_seconds < drain_seconds(limits)
    assert drain_seconds(limits) < server_seconds(limits) < grace_seconds(limits)
    own = target_in(workspace).project.spec.gateway.limits
    config = pod_config(pod_plan(target_in(workspace)))
    assert f"'fixed_delay': '{drain_seconds(own)}s'" in str(config["static_resources"]["listeners"][-1])
