"""Envoy as a child: it starts, says why it does not, and leaves nothing behind however its parent ends."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from waiting import wait_until

from gateway.standin import Lab, StandIn, make_plan
from kit.gateway import certificate
from kit.gateway.certificate import make_certificate
from kit.gateway.config import GatewaySettings
from kit.gateway.errors import GatewayError
from kit.gateway.keys import KeyStore
from kit.gateway.plan import Address, Plan
from kit.gateway.process import Gateway, check
from kit.workspace import CHECKOUT

PARENT = """
import sys, time
from pathlib import Path
from kit.gateway.config import GatewaySettings
from kit.gateway.plan import Address, GatewayFiles, Plan
from kit.gateway.process import Gateway
files = GatewayFiles(Path(sys.argv[1]))
nowhere = Address(1)
gateway = Gateway(Plan(("m",), GatewaySettings(), "m", files.keys / "jwks.json", None, files, nowhere, nowhere,
                       Address(0)))
print(gateway.start().port, gateway.admin_socket, flush=True)
time.sleep(600)
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    with StandIn() as standin:
        found = make_plan(tmp_path / "gw", standin)
    KeyStore(found.files.keys).rotate()
    return found


def processes(word: str) -> list[int]:
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True
    ).stdout
    return [int(line.split()[0]) for line in listed.splitlines()[1:] if word in line]


@pytest.fixture
def parent(plan: Plan) -> Iterator[subprocess.Popen[str]]:
    """Start a process that has started a gateway."""
    started = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(plan.files.folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )
    with started:
        try:
            yield started
        finally:
            started.kill()


@pytest.mark.parametrize("victim", ["parent", "guard"])
def test_nothing_is_left_after_a_kill(plan: Plan, parent: subprocess.Popen[str], victim: str) -> None:
    assert parent.stdout is not None
    port, admin = parent.stdout.readline().split()
    config = str(plan.files.config)
    assert len(processes(config)) == 2
    [guard] = [pid for pid in processes(config) if "kit.gateway.guard" in command(pid)]
    os.kill(parent.pid if victim == "parent" else guard, signal.SIGKILL)
    if victim == "parent":
        parent.wait()  # else it stays in the table of processes
    wait_until(lambda: not processes(config), 20)
    wait_until(lambda: not _listens(int(port)), 20)  # a process that ends loses its name before its sockets
    if victim == "parent":
        assert not Path(admin).parent.exists()
    else:
        shutil.rmtree(Path(admin).parent)  # the guard would have


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def command(pid: int) -> str:
    listed = subprocess.run(
        ["ps", "-ww", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listed.stdout


def test_it_stops_and_starts_again(plan: Plan) -> None:
    gateway = Gateway(plan)
    with pytest.raises(GatewayError, match="must be started"):
        _ = gateway.address
    for _ in range(2):
        address = gateway.start()
        assert gateway.is_running()
        socket.create_connection(("127.0.0.1", address.port)).close()
        folder = gateway.admin_socket.parent
        gateway.stop()
        assert not gateway.is_running()
        assert not folder.exists()
    gateway.stop()
    assert not processes(str(plan.files.config))


def test_a_port_that_is_taken_is_told(plan: Plan) -> None:
    with Gateway(plan) as one, pytest.raises(GatewayError, match="must be able to listen on"):
        Gateway(replace(plan, listen=one.address)).start()


def test_only_its_owner_may_steer_it(lab: Callable[..., Lab]) -> None:
    running = lab()
    assert running.gateway.admin_socket.stat().st_mode & 0o777 == 0o600
    assert running.gateway.admin_socket.parent.stat().st_mode & 0o777 == 0o700


def test_a_configuration_is_checked_with_its_keys(plan: Plan) -> None:
    assert "inline_string" in check(plan)
    assert not plan.files.config.exists()
    plan.jwks_file.write_text('{"keys": []}')
    with pytest.raises(GatewayError, match="must hold an RSA key"):
        check(plan)
    plan.jwks_file.unlink()
    with pytest.raises(GatewayError, match="kit gateway keys --rotate"):
        check(plan)


def test_envoy_itself_says_what_is_wrong(plan: Plan) -> None:
    with pytest.raises(GatewayError, match=r"but says: .*malformed IP address: nowhere"):
        check(replace(plan, listen=Address(0, "nowhere")))


def test_a_certificate_is_checked(plan: Plan, tmp_path: Path) -> None:
    chain, key = make_certificate(tmp_path / "one")
    check(replace(plan, certificate=(chain, key)))
    with pytest.raises(GatewayError, match=r"gateway.tls must be there, but .*missing.pem"):
        check(replace(plan, certificate=(chain, tmp_path / "missing.pem")))
    other = make_certificate(tmp_path / "other")[1]
    with pytest.raises(GatewayError, match="Envoy must accept the configuration"):
        check(replace(plan, certificate=(chain, other)))


def test_a_certificate_that_every_caller_refuses_is_refused(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate, "_BEFORE", dt.timedelta(days=2))
    monkeypatch.setattr(certificate, "_DAYS", -1)
    expired = make_certificate(tmp_path / "old")
    with pytest.raises(GatewayError, match=r"certificate\.pem is valid from .* to .* UTC: every caller"):
        check(replace(plan, certificate=expired))


@pytest.mark.parametrize(
    ("text", "address"),
    [("8501", Address(8501)), ("0.0.0.0:0", Address(0, "0.0.0.0")), ("[::1]:80", Address(80, "::1"))],  # noqa: S104
)
def test_addresses_are_read(text: str, address: Address) -> None:
    assert Address.parse(text) == address
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize("text", ["", "host", "host:", "host:-1", "host:65536", "host:٣"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(GatewayError, match="An address is written as"):
        Address.parse(text)


def test_long_names_of_models_are_accepted(plan: Plan) -> None:
    check(replace(plan, models=("a" * 200, "b.c"), settings=GatewaySettings()))
