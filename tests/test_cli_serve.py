"""`kit serve`: starts, serves what was pushed, takes a push while it runs, and ends by Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import grpc
import pytest
from commands import KIT, kit_command
from processes import descendants
from serving.models import NAME, break_model, predict_request, save_linear
from tensorflow_serving.apis import prediction_service_pb2_grpc
from waiting import wait_until


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    save_linear(tmp_path / "ws" / "serving" / NAME, 1, 2.0)
    return tmp_path / "ws"


@contextmanager
def _serving(workspace: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Give the process of `kit serve` and its address, once it is ready."""
    line = [KIT, "serve", "-w", str(workspace), "--port", "0", "--rest-port", "0", *words]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == f"Loading {NAME} …\n"
            ready = process.stdout.readline()
            assert ready.startswith("gRPC at "), process.stderr and process.stderr.read()
            yield process, ready.split()[-1]
        finally:
            process.kill()


def _ask(stub: Any) -> float:
    return float(stub.Predict(predict_request(1.0), 20).outputs["y"].float_val[0])


@pytest.mark.slow
def test_it_serves_takes_a_push_and_ends_by_ctrl_c(workspace: Path) -> None:
    with _serving(workspace, "--", "--file_system_poll_wait_seconds=0.1") as (process, address):
        assert process.stdout
        rest, metrics = (process.stdout.readline().split()[-1] for _ in range(2))
        for url, text in ((rest, "AVAILABLE"), (metrics, ":tensorflow:serving:request_count")):
            with urlopen(url, timeout=20) as answer:  # noqa: S310  the address that it has printed
                assert text in answer.read().decode()
        with grpc.insecure_channel(address) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            assert _ask(stub) == 2
            save_linear(workspace / "serving" / NAME, 2, 3.0)
            wait_until(lambda: _ask(stub) == 3)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stdout.read().endswith("Stopped.\n")


@pytest.mark.slow
def test_a_server_that_dies_is_said(workspace: Path) -> None:

    with _serving(workspace, "--no-forked") as (process, _):
        for child in descendants("kit.warm.child", process.pid):
            child.kill()
        assert process.wait(20) == 20
        assert process.stderr
        assert "should run until Ctrl-C, but it ended" in process.stderr.read()


def test_without_a_push_it_says_what_to_run(tmp_path: Path) -> None:
    ended = kit_command("serve", "-w", tmp_path / "ws", cwd=tmp_path)
    assert ended.code == 2
    assert "05_release" in ended.errors
    assert not (tmp_path / "ws").exists()


@pytest.mark.parametrize("option", ["--port", "--rest-port"])
@pytest.mark.parametrize("port", ["-1", "70000"])
def test_a_port_that_cannot_be_is_wrong_usage(workspace: Path, option: str, port: str) -> None:
    ended = kit_command("serve", "-w", workspace, option, port, cwd=workspace)
    assert ended.code == 2
    assert f"Invalid value for '{option}'" in ended.errors


def test_to_batch_and_not_to_batch_is_wrong_usage(workspace: Path) -> None:
    ended = kit_command("serve", "-w", workspace, "--single", "--batching", "b.pbtxt", cwd=workspace)
    assert (ended.code, "Choose one." in ended.errors) == (2, True)


def test_a_flag_that_is_not_known_is_wrong_usage(workspace: Path) -> None:
    ended = kit_command("serve", "-w", workspace, "--", "--prot=8500", cwd=workspace)
    assert ended.code == 2
    assert "--prot" in ended.errors


@pytest.mark.parametrize(
    ("flag", "option"), [("--model_config_file=other.config", "--config"), ("--port", "--port")]
)
def test_a_flag_that_an_option_chooses_is_wrong_usage(workspace: Path, flag: str, option: str) -> None:
    ended = kit_command("serve", "-w", workspace, "--", flag, cwd=workspace)
    assert ended.code == 2
    assert f"Give {option}, before the --." in ended.errors


@pytest.mark.slow
def test_a_model_that_cannot_be_served_ends_it_with_the_reason(tmp_path: Path) -> None:
    break_model(tmp_path / "ws" / "serving" / "broken", 1)
    ended = kit_command("serve", "-w", tmp_path / "ws", "--port", "0", cwd=tmp_path)
    assert ended.code == 20
    assert "did not become available" in ended.errors
