from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import grpc
import psutil
import pytest
from processes import is_alive
from tensorflow_serving.apis import prediction_service_pb2_grpc

from kit.serving import __main__ as command
from kit.serving.client import Client
from kit.serving.errors import ServerError, ServingError
from kit.serving.process import Server
from kit.serving.server import ModelServer
from kit.serving.settings import Addresses
from kit.serving.transport import Transport
from serving.models import NAME, break_model, predict_request, settings_of

pytestmark = pytest.mark.slow


@pytest.fixture
def server(base: Path) -> Iterator[Server]:
    server = Server(settings_of(base, file_system_poll_wait_seconds=0.1))
    yield server
    server.stop()


def _ask(address: str | None) -> list[float]:
    with grpc.insecure_channel(str(address)) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        return list(stub.Predict(predict_request(1.0), 20).outputs["y"].float_val)


@pytest.mark.parametrize("forked", [False, True], ids=["a new interpreter", "forked"])
def test_a_server_starts_answers_and_stops(server: Server, forked: bool) -> None:
    address = server.start(forked=forked).grpc
    assert _ask(address) == [2]
    process = psutil.Process(server.pid)
    server.stop()
    assert not process.is_running()
    assert (server.pid, server.alive) == (None, False)
    server.stop()  # nothing to stop any more
    with pytest.raises(grpc.RpcError):
        _ask(address)


def test_its_log_tells_what_it_did(base: Path, tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    with Server(settings_of(base), log_path=log) as server:
        assert server.alive
    assert "Version 1 of linear is loaded" in log.read_text()
    assert "Version 1 of linear is unloaded" in log.read_text()


def test_what_a_server_cannot_start_with_is_raised_here(base: Path, tmp_path: Path) -> None:
    break_model(tmp_path / "broken", 1)
    with pytest.raises(ServingError, match="did not become available"):
        Server(settings_of(tmp_path / "broken")).start()
    with pytest.raises(ServerError, match="can be read"):
        Server(settings_of(base, model_config_file=str(tmp_path / "missing"))).start()


@pytest.mark.parametrize("host", ["", "[::1]", "192.0.2.1", "nowhere.invalid"])
def test_a_host_that_is_no_address_of_this_machine_is_named(base: Path, host: str) -> None:
    with pytest.raises(ServerError, match=r"an address of this machine, but host is '.*Give for example"):
        ModelServer(settings_of(base, host=host)).start()


def test_addresses_of_ipv6_are_as_clients_take_them(base: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with ModelServer(settings_of(base, host="::1", rest_api_port=0)) as server:
        for way, address in server.start()._asdict().items():
            assert address.startswith("[::1]:")
            only = Addresses(**{"grpc": None, "rest": None, way: address})
            with Client(only, NAME) as client:
                assert client.predict({"x": [1.0]}, transport=Transport(way)).version == 1


def test_a_server_that_takes_too_long_is_ended(base: Path) -> None:
    server = Server(settings_of(base), start_seconds=0.01)
    with pytest.raises(ServerError, match=r"within 0\.01 s"):
        server.start(forked=False)
    assert not server.alive


def test_a_server_ends_with_the_process_that_started_it(base: Path) -> None:
    code = (
        "import sys, time\n"
        "from kit.serving.process import Server\n"
        "from kit.serving.settings import Settings\n"
        f"server = Server(Settings(port=0, model_name='linear', model_base_path={str(base)!r}))\n"
        "server.start()\n"
        "print(server.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        pid = int(owner.stdout.readline())
        owner.send_signal(signal.SIGKILL)
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(20)
    assert not is_alive(pid)


@contextmanager
def _python_m(*flags: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Run `python -m kit.serving` during a block, at most."""
    with subprocess.Popen(
        [sys.executable, "-m", "kit.serving", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | environment,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_python_m_takes_the_real_servers_flags(base: Path) -> None:
    flags = ["--port=0", "--model_name=linear", f"--model_base_path={base}"]
    with _python_m(*flags) as process:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("Running ModelServer at 127.0.0.1:")
        assert _ask(line.split()[3]) == [2]
        process.send_signal(signal.SIGINT)  # SIGTERM is what `Server.stop` sends
        assert process.wait(60) == 0


_HOLDS = """
import time


class Holds:
    def before(self, context):
        print("held", flush=True)
        time.sleep(300)

    def after(self, *_):
        pass


def make(_settings):
    return Holds()
"""


@pytest.mark.parametrize("transport", ["gRPC", "REST"])
def test_a_thread_that_stays_busy_does_not_keep_it_from_ending(
    base: Path, tmp_path: Path, transport: str
) -> None:
    (tmp_path / "holding.py").write_text(_HOLDS)
    flags = ["--port=0", "--rest_api_port=0", "--model_name=linear", f"--model_base_path={base}"]
    flags += ["--drain_seconds=0.2", "--interceptors=holding:make"]
    with ExitStack() as opened, _python_m(*flags, PYTHONPATH=str(tmp_path)) as process:
        assert process.stdout
        grpc_address, rest_address = (process.stdout.readline().split()[-2] for _ in range(2))
        if transport == "gRPC":
            channel = opened.enter_context(grpc.insecure_channel(grpc_address))
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            opened.callback(
                stub.Predict.future(predict_request(1.0)).cancel
            )  # a call that nobody has is cancelled
        else:
            host, _, port = rest_address.partition(":")
            client = opened.enter_context(socket.create_connection((host, int(port))))
            head = "POST /v1/models/linear:predict HTTP/1.1\r\nhost: x\r\ncontent-length: 18\r\n\r\n"
            client.sendall(head.encode() + b'{"instances": [1]}')
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_before_it_is_ready(base: Path, tmp_path: Path, signum: signal.Signals) -> None:
    (tmp_path / "slow.py").write_text(
        "import time\ndef make(_settings):\n    print('begun', flush=True)\n    time.sleep(300)\n"
    )
    flags = ["--port=0", "--model_name=linear", f"--model_base_path={base}", "--interceptors=slow:make"]
    with _python_m(*flags, PYTHONPATH=str(tmp_path)) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signum)
        assert process.wait(20) == 0


def test_the_command_says_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise ServerError("missing must be a file that can be read.")

    monkeypatch.setattr(command, "run_until_stopped", fails)
    monkeypatch.setattr(sys, "argv", ["kit.serving", "--model_config_file=missing"])
    assert command.main() == 2
    assert "Failed to start server. Error: missing must be" in capsys.readouterr().err
