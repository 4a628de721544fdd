"""Envoy's bootstrap configuration: one listener for both APIs, two clusters, and bounds on all input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kit.gateway.access_log import access_log
from kit.gateway.filters import http_filters, typed
from kit.gateway.plan import Address, Plan
from kit.gateway.routes import GRPC, REST, route_table

_V3 = "type.googleapis.com/envoy.extensions"
_PROTOCOL = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_BUFFER_BYTES = 1 << 15  # of a connection, besides the request that the buffer filter holds
_WINDOW_BYTES = 1 << 16  # of HTTP/2, the least that Envoy allows
_REGEX_SIZE = 1000  # allows paths with long model names; Envoy's bound of 100 is for untrusted paths
_RUNTIME = {"re2.max_program_size.error_level": _REGEX_SIZE, "re2.max_program_size.warn_level": _REGEX_SIZE}
TLS = "tls"


def bootstrap(plan: Plan, admin_socket: Path, *, inline: bool = False) -> dict[str, Any]:
    """Return the whole configuration.

    Args:
        plan: the plan of the gateway.
        admin_socket: Unix socket of Envoy's admin interface; whoever may open it may end Envoy.
        inline: whether keys and certificate are in it, not in files that Envoy watches, so that `envoy --mode validate`
            checks them too.

    Raises:
        GatewayError: when the public keys cannot be used.
    """
    return {
        "node": {"id": "gateway", "cluster": "kit"},
        "admin": {"address": {"pipe": {"path": str(admin_socket), "mode": 0o600}}},
        "layered_runtime": {"layers": [{"name": "kit", "static_layer": _RUNTIME}]},
        "static_resources": {
            "listeners": [_listener(plan, inline=inline)],
            "clusters": [_cluster(plan, REST, plan.rest), _cluster(plan, GRPC, plan.grpc)],
        },
        "overload_manager": {
            "resource_monitors": [
                typed(
                    "envoy.resource_monitors.global_downstream_max_connections",
                    f"{_V3}.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                    max_active_downstream_connections=plan.settings.limits.connections,
                )
            ]
        },
    }


def tls_resource(plan: Plan) -> dict[str, Any]:
    """Return the file that tells Envoy where the certificate is; Envoy watches the files' folder."""
    if plan.certificate is None:
        return {"resources": []}
    secret = _secret(*plan.certificate)
    secret["watched_directory"] = {"path": str(plan.certificate[0].parent)}
    kind = f"{_V3}.transport_sockets.tls.v3.Secret"
    return {"resources": [{"@type": kind, "name": TLS, "tls_certificate": secret}]}


def _secret(chain: Path, key: Path) -> dict[str, Any]:
    return {"certificate_chain": {"filename": str(chain)}, "private_key": {"filename": str(key)}}


def _listener(plan: Plan, *, inline: bool) -> dict[str, Any]:
    chain: dict[str, Any] = {"filters": [_connection_manager(plan, inline=inline)]}
    if plan.certificate is not None:
        chain["transport_socket"] = _tls(plan, plan.certificate, inline=inline)
        chain["transport_socket_connect_timeout"] = f"{plan.settings.limits.receive_seconds}s"
    return {
        "name": "gateway",
        "address": _socket(plan.listen),
        "per_connection_buffer_limit_bytes": _BUFFER_BYTES,
        "filter_chains": [chain],
    }


def _connection_manager(plan: Plan, *, inline: bool) -> dict[str, Any]:
    limits = plan.settings.limits
    return typed(
        "envoy.filters.network.http_connection_manager",
        f"{_V3}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="gateway",
        codec_type="AUTO",
        access_log=[access_log(str(plan.files.access_log))],
        # An edge proxy: what callers claim in x-forwarded-for, x-request-id and x-envoy-… is ignored. No address is
        # internal, which Envoy would trust.
        use_remote_address=True,
        server_header_transformation="PASS_THROUGH",
        normalize_path=True,
        merge_slashes=True,
        path_with_escaped_slashes_action="REJECT_REQUEST",
        max_request_headers_kb=limits.header_kilobytes,
        request_headers_timeout=f"{limits.receive_seconds}s",
        request_timeout=f"{limits.receive_seconds}s",
        stream_idle_timeout=f"{limits.receive_seconds + limits.timeout_seconds}s",
        common_http_protocol_options={
            "idle_timeout": f"{limits.idle_seconds}s",
            "max_headers_count": limits.headers,
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        http2_protocol_options={
            "max_concurrent_streams": limits.streams,
            "initial_stream_window_size": _WINDOW_BYTES,
            "initial_connection_window_size": _WINDOW_BYTES * 16,
        },
        route_config={
            "name": "gateway",
            "virtual_hosts": [
                {
                    "name": "gateway",
                    "domains": ["*"],
                    "routes": route_table(plan.models, limits.timeout_seconds),
                }
            ],
        },
        http_filters=http_filters(plan, inline=inline),
    )


def _tls(plan: Plan, files: tuple[Path, Path], *, inline: bool) -> dict[str, Any]:
    source = {"path_config_source": {"path": str(plan.files.tls)}, "resource_api_version": "V3"}
    followed = {"tls_certificate_sds_secret_configs": [{"name": TLS, "sds_config": source}]}
    return typed(
        "envoy.transport_sockets.tls",
        f"{_V3}.transport_sockets.tls.v3.DownstreamTlsContext",
        common_tls_context={
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "alpn_protocols": ["h2", "http/1.1"],
            **({"tls_certificates": [_secret(*files)]} if inline else followed),
        },
    )


def _cluster(plan: Plan, name: str, server: Address) -> dict[str, Any]:
    breaker = plan.settings.breaker
    endpoint = {"endpoint": {"address": _socket(server)}}
    version = "http2_protocol_options" if name == GRPC else "http_protocol_options"
    protocol = {"@type": f"type.googleapis.com/{_PROTOCOL}", "explicit_http_config": {version: {}}}
    return {
        "name": name,
        "type": "STRICT_DNS",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {_PROTOCOL: protocol},
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": breaker.connections,
                    "max_pending_requests": breaker.pending,
                    "max_requests": breaker.requests,
                }
            ]
        },
        "outlier_detection": {
            "consecutive_5xx": breaker.failures,
            "interval": "1s",
            "base_ejection_time": f"{breaker.pause_seconds}s",
            "max_ejection_time": f"{breaker.pause_seconds}s",
            "max_ejection_percent": 100,  # the only server
        },
        # Without this, Envoy asks ejected servers all the same when all are ejected.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
    }


def _socket(address: Address) -> dict[str, Any]:
    return {"socket_address": {"address": address.host, "port_value": address.port}}
