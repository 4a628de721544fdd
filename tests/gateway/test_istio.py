"""The same policies for a mesh: what Envoy itself can check of them is checked by Envoy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.standin import MODEL, StandIn, make_plan
from kit.deploy.istio_files import let_envoy_check
from kit.gateway.config import GatewaySettings
from kit.gateway.errors import GatewayError
from kit.gateway.istio import MeshServer, istio_resources
from kit.gateway.keys import KeyStore, read_jwks
from kit.gateway.plan import Plan
from kit.gateway.routes import GRPC_PATHS
from kit.serving.headers import MODELS_HEADER

SETTINGS = GatewaySettings.model_validate(
    {"rate_limit": {"requests": 7}, "limits": {"request_bytes": 1234}, "breaker": {"failures": 3}}
)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    with StandIn() as standin:
        found = make_plan(tmp_path / "gw", standin, SETTINGS)
    KeyStore(found.files.keys).rotate()
    return found


@pytest.fixture
def resources(plan: Plan) -> dict[str, dict[str, Any]]:
    server = MeshServer("server", "models", {"app": "server"}, (MODEL,), MODEL, read_jwks(plan.jwks_file))
    found = istio_resources(server, SETTINGS)
    assert yaml.safe_load_all(yaml.safe_dump_all(found))
    assert {one["metadata"]["namespace"] for one in found} == {"models"}
    return {one["kind"]: one["spec"] for one in found}


def test_envoy_accepts_what_is_put_into_its_sidecar(resources: dict[str, dict[str, Any]], plan: Plan) -> None:
    patched = [one["patch"]["value"] for one in resources["EnvoyFilter"]["configPatches"]]
    text = let_envoy_check(plan, patched)
    assert text.count("local_ratelimit.v3") == 2
    assert "/dev/stdout" in text
    patched[0]["typed_config"]["stat_prefix"] = 1
    with pytest.raises(GatewayError, match="stat_prefix"):
        let_envoy_check(plan, patched)


def test_who_may_call_is_the_same(resources: dict[str, dict[str, Any]], plan: Plan) -> None:
    [rule] = resources["RequestAuthentication"]["jwtRules"]
    assert (rule["issuer"], rule["audiences"]) == ("kit", [MODEL])
    assert rule["forwardOriginalToken"] is False
    assert "keys" in rule["jwks"]
    assert '"d"' not in rule["jwks"]
    policy = resources["AuthorizationPolicy"]
    assert policy["action"] == "ALLOW"
    [allowed] = policy["rules"]
    assert allowed["from"] == [{"source": {"requestPrincipals": ["kit/*"]}}]
    assert plan.audience == MODEL


def test_what_may_be_called_is_the_same(resources: dict[str, dict[str, Any]]) -> None:
    [allowed] = resources["AuthorizationPolicy"]["rules"]
    paths = {one["operation"]["methods"][0]: set(one["operation"]["paths"]) for one in allowed["to"]}
    assert set(paths) == {"POST", "GET"}
    assert set(GRPC_PATHS) <= paths["POST"]
    assert f"/v1/models/{MODEL}:predict" in paths["POST"]
    assert f"/v1/models/{MODEL}" in paths["GET"]
    assert not [path for path in paths["POST"] | paths["GET"] if "Reload" in path or path in {"*", "/*"}]


def test_bounds_are_the_same(resources: dict[str, dict[str, Any]]) -> None:
    [limit, size, models, manager] = [
        one["patch"]["value"]["typed_config"] for one in resources["EnvoyFilter"]["configPatches"]
    ]
    assert limit["descriptors"][0]["token_bucket"]["max_tokens"] == 7
    assert size["max_request_bytes"] == 1234
    [mutation] = models["mutations"]["request_mutations"]
    assert mutation["append"]["header"] == {"key": MODELS_HEADER, "value": MODEL}
    assert manager["max_request_headers_kb"] == 16
    assert resources["DestinationRule"]["trafficPolicy"]["outlierDetection"]["consecutive5xxErrors"] == 3
    [http] = resources["VirtualService"]["http"]
    assert http["retries"] == {"attempts": 0}
    assert http["timeout"] == "5s"
