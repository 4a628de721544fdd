"""Envoy's configuration in a pod: the gateway of `kit.gateway` with a pod's paths and ports.

Four things differ from the gateway of one machine. Kubernetes replaces the files of a ConfigMap by swapping a link of
their folder, so the folder is watched and not the file. A second listener shows metrics and liveness without a token;
the NetworkPolicy lets only the monitoring's pods there. A third one, which it lets nobody reach, is for the end of a
pod (`stopping`). And a connection ends after some minutes: a gRPC client would otherwise stay with its first pod,
however many are added.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from kit.deploy.stopping import DRAIN, drain_filters
from kit.deploy.target import GATEWAY_PORT, GRPC_PORT, LIFECYCLE_PORT, METRICS_PORT, REST_PORT, Target
from kit.gateway.certificate import make_certificate
from kit.gateway.envoy import bootstrap, tls_resource
from kit.gateway.filters import jwt_resource, typed
from kit.gateway.plan import Address, GatewayFiles, Plan
from kit.gateway.process import validate
from kit.gateway.routes import REST
from kit.serving.settings import METRICS_PATH

FOLDER, RUN, TLS_FOLDER = Path("/etc/envoy"), Path("/run/envoy"), Path("/etc/envoy-tls")
ENVOY_FILE, JWT_FILE, TLS_FILE = "envoy.yaml", "jwt.yaml", "tls.yaml"
CERTIFICATE, KEY = "tls.crt", "tls.key"  # as a Secret of the type kubernetes.io/tls has them
LIVE, METRICS, GATEWAY_METRICS = "/live", "/metrics", "/gateway/metrics"
_EVERY_ADDRESS = "0.0.0.0"  # noqa: S104  of the pod; the NetworkPolicy says who reaches it
_ADMIN = "admin"
_CONNECTION_SECONDS = 600
_V3 = "type.googleapis.com/envoy.extensions.filters"
Value = dict[str, Any]


@dataclass(frozen=True)
class PodFiles(GatewayFiles):
    """Files of a gateway in a pod, whose log is the container's output."""

    @property
    def access_log(self) -> Path:
        return Path("/dev/stdout")


def pod_plan(target: Target) -> Plan:
    """Return the plan of the gateway beside the server."""
    rest, grpc = Address(REST_PORT), Address(GRPC_PORT)
    own = Plan.of(target.workspace, target.project, rest, grpc, Address(GATEWAY_PORT, _EVERY_ADDRESS))
    certificate = (TLS_FOLDER / CERTIFICATE, TLS_FOLDER / KEY) if target.settings.tls_secret else None
    return replace(own, files=PodFiles(FOLDER), certificate=certificate)


def envoy_files(target: Target) -> dict[str, str]:
    """Return the contents of Envoy's files by their names, accepted by Envoy itself.

    Raises:
        GatewayError: when the public keys cannot be used, or Envoy refuses the configuration.
    """
    plan = pod_plan(target)
    _let_envoy_check(plan)
    config = pod_config(plan)
    tls = {TLS_FILE: _yaml(tls_resource(plan))} if plan.certificate else {}
    return {ENVOY_FILE: _yaml(config), JWT_FILE: _yaml(jwt_resource(plan)), **tls}


def pod_config(plan: Plan, *, inline: bool = False) -> Value:
    """Return Envoy's configuration in a pod.

    Args:
        plan: the plan of the gateway there.
        inline: whether it holds keys and certificate itself, see `kit.gateway.envoy.bootstrap`.
    """
    config = bootstrap(plan, RUN / _ADMIN, inline=inline)
    _each(config, _watch_folder)
    _each(config, _end_connections)
    static = config["static_resources"]
    static["listeners"] += [_metrics_listener(), _lifecycle_listener(plan)]
    static["clusters"].append(_admin_cluster())
    return config


def _let_envoy_check(plan: Plan) -> None:
    """Check with a temporary certificate: the one in the Secret is only in the cluster."""
    with tempfile.TemporaryDirectory(prefix="kit-deploy-") as folder:
        made = make_certificate(Path(folder)) if plan.certificate else None
        validate(pod_config(replace(plan, certificate=made), inline=True))


def _each(value: Any, change: Callable[[Value], None]) -> None:
    """Call a function with every object within a configuration."""
    if isinstance(value, dict):
        change(value)
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            _each(one, change)


def _watch_folder(value: Value) -> None:
    if source := value.get("path_config_source"):
        source["watched_directory"] = {"path": str(Path(source["path"]).parent)}


def _end_connections(value: Value) -> None:
    if str(value.get("@type", "")).endswith(".HttpConnectionManager"):
        options = value.setdefault("common_http_protocol_options", {})
        options["max_connection_duration"] = f"{_CONNECTION_SECONDS}s"


def _metrics_listener() -> Value:
    """Answer a probe, and show the metrics of the server and of Envoy; nothing else, and nothing of the model."""
    routes = [
        {"match": {"path": LIVE}, "direct_response": {"status": 200}},
        _route(METRICS, REST, METRICS_PATH),
        _route(GATEWAY_METRICS, _ADMIN, "/stats/prometheus"),
    ]
    return _own_listener("metrics", METRICS_PORT, routes)


def _lifecycle_listener(plan: Plan) -> Value:
    """Drain this gateway when kubelet asks for it, and answer when that is done."""
    route = {"match": {"path": DRAIN}, "direct_response": {"status": 200}}
    return _own_listener("lifecycle", LIFECYCLE_PORT, [route], *drain_filters(plan.settings.limits, _ADMIN))


def _own_listener(name: str, port: int, routes: list[Value], *filters: Value) -> Value:
    """Return a listener for the cluster's own questions."""
    manager = typed(
        "envoy.filters.network.http_connection_manager",
        f"{_V3}.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=name,
        stream_idle_timeout="0s",  # kubelet waits for as long as it was told to
        route_config={"name": name, "virtual_hosts": [{"name": name, "domains": ["*"], "routes": routes}]},
        http_filters=[*filters, typed("envoy.filters.http.router", f"{_V3}.http.router.v3.Router")],
    )
    return {
        "name": name,
        "address": {"socket_address": {"address": _EVERY_ADDRESS, "port_value": port}},
        # With as many callers as are allowed, probes would fail, and kubelet would end a gateway that is only busy.
        "ignore_global_conn_limit": True,
        "filter_chains": [{"filters": [manager]}],
    }


def _route(path: str, cluster: str, rewritten: str) -> Value:
    method = {"name": ":method", "string_match": {"exact": "GET"}}
    # A regular expression, because rewriting the prefix would keep what follows it.
    rewrite = {"pattern": {"regex": "^.*$"}, "substitution": rewritten}
    return {
        "match": {"path": path, "headers": [method]},
        "route": {"cluster": cluster, "regex_rewrite": rewrite, "timeout": "5s"},
    }


def _admin_cluster() -> Value:
    endpoint = {"endpoint": {"address": {"pipe": {"path": str(RUN / _ADMIN)}}}}
    return {
        "name": _ADMIN,
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": _ADMIN, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _yaml(value: Value) -> str:
    return yaml.safe_dump(value, sort_keys=False, width=110)
