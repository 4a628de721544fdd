"""The variable that points the contract at another server, and the command that writes its model."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from kit.serving.server import ModelServer
from kit.serving.settings import Addresses
from serving.contract.target import VARIABLE, parse_target, target
from serving.models import NAME, settings_of
from serving.rest.asking import ask


def test_the_addresses_of_another_server_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "http://host:8501/, grpc://host:8500")
    with target(tmp_path) as addresses:
        assert addresses == Addresses("host:8500", "host:8501")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["host:8500", "grpc://host:8500", "http://host:8501"])
def test_both_addresses_must_be_given(text: str) -> None:
    with pytest.raises(ValueError, match="must be grpc://host:port,http://host:port"):
        parse_target(text)


def test_the_command_writes_the_model_and_says_how_to_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["serving.contract", str(tmp_path)])
    runpy.run_module("serving.contract", run_name="__main__")
    base = tmp_path / NAME
    assert f"--model_name={NAME} --model_base_path={base}" in capsys.readouterr().out
    with ModelServer(settings_of(base, rest_api_port=0)) as server:
        answer = ask(str(server.start().rest), f"/v1/models/{NAME}:predict", {"instances": [1]})
    assert answer.json == {"predictions": [2.0]}
