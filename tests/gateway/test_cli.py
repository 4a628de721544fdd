"""`kit gateway` as its user gives it."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import jwt
import pytest
import yaml
from commands import start_kit
from in_process import invoke

from gateway.standin import StandIn


def gateway(workspace: Path, *words: str, code: int = 0) -> str:
    return invoke("gateway", *words, "-w", workspace, code=code).output


def test_keys_are_made_listed_and_retired(tmp_path: Path) -> None:
    assert "kit gateway keys --rotate" in gateway(tmp_path, "keys")
    first = gateway(tmp_path, "keys", "--rotate").split()[0]
    second = gateway(tmp_path, "keys", "--rotate").split()[0]
    lines = [line.split("  ") for line in gateway(tmp_path, "keys").splitlines()[1:]]
    assert lines == [[first, "checks"], [second, "signs and checks"]]
    assert f"{first} is retired." in gateway(tmp_path, "keys", "--retire", first)
    assert "must be named" in gateway(tmp_path, "keys", "--retire", first, code=2)


def test_a_token_names_who_it_is_for(tmp_path: Path) -> None:
    assert "kit gateway keys --rotate" in gateway(tmp_path, "token", "ann", code=2)
    gateway(tmp_path, "keys", "--rotate")
    token = gateway(tmp_path, "token", "ann", "--seconds", "60").strip()
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["iss"], claims["aud"]) == ("ann", "kit", "recommender")


def test_a_configuration_is_shown(tmp_path: Path) -> None:
    assert "kit gateway keys --rotate" in gateway(tmp_path, "check", code=2)
    assert not (tmp_path / "gateway").exists()
    gateway(tmp_path, "keys", "--rotate")
    shown = yaml.safe_load(gateway(tmp_path, "check"))
    assert shown["static_resources"]["listeners"][0]["name"] == "gateway"


def test_a_certificate_is_made(tmp_path: Path) -> None:
    lines = dict(line.split(": ") for line in gateway(tmp_path, "certificate").splitlines())
    assert "BEGIN CERTIFICATE" in Path(lines["certificate"]).read_text()
    assert Path(lines["key"]).stat().st_mode & 0o777 == 0o600


def test_a_name_to_listen_on_is_refused_by_its_option(tmp_path: Path) -> None:
    said = gateway(tmp_path, "run", "--listen", "localhost:0", code=2)
    assert "--listen must have an address as a number" in said
    assert "project.yml" not in said


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_it_runs_until_it_is_told_to_end_and_the_log_is_read(tmp_path: Path, signum: int) -> None:
    gateway(tmp_path, "keys", "--rotate")
    token = gateway(tmp_path, "token", "ann").strip()
    words = ("gateway", "run", "-w", tmp_path, "--listen", "0")
    with StandIn() as standin, start_kit(*words, "--rest", standin.rest, "--grpc", standin.grpc) as running:
        try:
            assert running.stdout is not None
            line = running.stdout.readline()
            address = line.split("on ")[1].split(",")[0]
            path = "/v1/models/recommender:predict"
            headers = {"authorization": f"Bearer {token}"}
            assert httpx.post(f"{address}{path}", headers=headers, timeout=60).status_code == 200
            running.send_signal(signum)
            assert running.wait(120) == 0
            assert running.stdout.read().endswith("Stopped.\n")
        finally:
            running.kill()
    [header, row] = gateway(tmp_path, "audit", "--subject", "ann", "--since", "1h").splitlines()
    assert header.split() == "time (UTC) subject client asked version status ms verdict".split()  # noqa: SIM905
    assert row.split()[2:7] == ["ann", "127.0.0.1", "recommender:predict", "3", "200"]
    assert row.endswith("allowed")
    assert len(gateway(tmp_path, "audit", "--verdict", "refused").splitlines()) == 1
    assert "A time is written as" in gateway(tmp_path, "audit", "--since", "x", code=2)
