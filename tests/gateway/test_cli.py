"""`kit gateway` as its user gives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import jwt
import pytest
import yaml
from typer.testing import CliRunner, Result

from gateway.standin import StandIn
from kit.cli import app
from kit.workspace import CHECKOUT

RUNNER = CliRunner()


def kit(workspace: Path, *words: str, code: int = 0) -> Result:
    answer = RUNNER.invoke(app, ["gateway", *words, "-w", str(workspace)])
    assert answer.exit_code == code, answer.output
    return answer


def test_keys_are_made_listed_and_retired(tmp_path: Path) -> None:
    assert "kit gateway keys --rotate" in kit(tmp_path, "keys").output
    first = kit(tmp_path, "keys", "--rotate").output.split()[0]
    second = kit(tmp_path, "keys", "--rotate").output.split()[0]
    lines = [line.split("  ") for line in kit(tmp_path, "keys").output.splitlines()[1:]]
    assert lines == [[first, "checks"], [second, "signs and checks"]]
    assert f"{first} is retired." in kit(tmp_path, "keys", "--retire", first).output
    assert "must be named" in kit(tmp_path, "keys", "--retire", first, code=2).output


def test_a_token_names_who_it_is_for(tmp_path: Path) -> None:
    assert "kit gateway keys --rotate" in kit(tmp_path, "token", "ann", code=2).output
    kit(tmp_path, "keys", "--rotate")
    token = kit(tmp_path, "token", "ann", "--seconds", "60").output.strip()
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["iss"], claims["aud"]) == ("ann", "kit", "recommender")


def test_a_configuration_is_shown(tmp_path: Path) -> None:
    assert "kit gateway keys --rotate" in kit(tmp_path, "check", code=2).output
    assert not (tmp_path / "gateway").exists()
    kit(tmp_path, "keys", "--rotate")
    shown = yaml.safe_load(kit(tmp_path, "check").output)
    assert shown["static_resources"]["listeners"][0]["name"] == "gateway"


def test_a_certificate_is_made(tmp_path: Path) -> None:
    lines = dict(line.split(": ") for line in kit(tmp_path, "certificate").output.splitlines())
    assert "BEGIN CERTIFICATE" in Path(lines["certificate"]).read_text()
    assert Path(lines["key"]).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_told_to_end_and_the_log_is_read(tmp_path: Path, signum: int) -> None:
    kit(tmp_path, "keys", "--rotate")
    token = kit(tmp_path, "token", "ann").output.strip()
    words = ["gateway", "run", "-w", str(tmp_path), "--listen", "0"]
    command = [sys.executable, "-c", "from kit.cli import app; app()", *words]
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    with StandIn() as standin:
        command += ["--rest", str(standin.rest), "--grpc", str(standin.grpc)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as running:
            try:
                assert running.stdout is not None
                line = running.stdout.readline()
                address = line.split("on ")[1].split(",")[0]
                path = "/v1/models/recommender:predict"
                headers = {"authorization": f"Bearer {token}"}
                assert httpx.post(f"{address}{path}", headers=headers, timeout=60).status_code == 200
                running.send_signal(signum)
                assert running.wait(120) == 21
            finally:
                running.kill()
    [header, row] = kit(tmp_path, "audit", "--subject", "ann", "--since", "1h").output.splitlines()
    assert header.split() == "time (UTC) subject client asked version status ms verdict".split()  # noqa: SIM905
    assert row.split()[2:7] == ["ann", "127.0.0.1", "recommender:predict", "3", "200"]
    assert row.endswith("allowed")
    assert len(kit(tmp_path, "audit", "--verdict", "refused").output.splitlines()) == 1
    assert "A time is written as" in kit(tmp_path, "audit", "--since", "x", code=2).output
