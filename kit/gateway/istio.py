"""The gateway's policies as Istio resources, for a server in a mesh whose sidecar is an Envoy too.

Differences from the gateway of this machine: Istio matches paths by their beginning, so that `…/versions/x:predict`
gets through to the server, which refuses it; its sidecar handles TLS between machines (mTLS), and an ingress that of
callers; and routes have Istio's names in the access log, which goes to the standard output. The buckets of the rate
limit are those of one pod: with n pods a subject may ask up to n times as much. Needs Istio 1.26, whose Envoy is 1.34.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kit.gateway.access_log import access_log
from kit.gateway.config import GatewaySettings
from kit.gateway.filters import SUBJECT, rate_limit, size_limit, typed
from kit.gateway.routes import GRPC_PATHS, VERBS
from kit.serving.headers import MODELS_HEADER, SUBJECT_HEADER

_MANAGER = "envoy.filters.network.http_connection_manager"
_MANAGER_TYPE = (
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)


@dataclass(frozen=True)
class MeshServer:
    """A server in a cluster.

    Attributes:
        name: the name of its Service, and of the resources.
        namespace: the namespace that all of them are in.
        labels: the labels of its pods.
        models: names of models that may be asked.
        audience: the audience that a token must be for.
        jwks: public keys, as `kit.gateway.keys.read_jwks` gives them.
        rest_port: the port of the REST API in the pod.
        grpc_port: the port of the gRPC API in the pod.
    """

    name: str
    namespace: str
    labels: Mapping[str, str]
    models: Sequence[str]
    audience: str
    jwks: Mapping[str, Any]
    rest_port: int = 8501
    grpc_port: int = 8500


def istio_resources(server: MeshServer, settings: GatewaySettings) -> list[dict[str, Any]]:
    """Return the resources that protect a server in a mesh, in the order in which to apply them."""
    return [
        _resource(server, "security.istio.io/v1", "PeerAuthentication", _mtls(server)),
        _resource(server, "security.istio.io/v1", "RequestAuthentication", _tokens(server, settings)),
        _resource(server, "security.istio.io/v1", "AuthorizationPolicy", _allowed(server, settings)),
        _resource(server, "networking.istio.io/v1", "DestinationRule", _breaker(server, settings)),
        _resource(server, "networking.istio.io/v1", "VirtualService", _once(server, settings)),
        _resource(server, "networking.istio.io/v1alpha3", "EnvoyFilter", _filters(server, settings)),
    ]


def _resource(server: MeshServer, version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": server.name, "namespace": server.namespace, "labels": dict(server.labels)}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _selector(server: MeshServer) -> dict[str, Any]:
    return {"matchLabels": dict(server.labels)}


def _mtls(server: MeshServer) -> dict[str, Any]:
    return {"selector": _selector(server), "mtls": {"mode": "STRICT"}}


def _tokens(server: MeshServer, settings: GatewaySettings) -> dict[str, Any]:
    rule = {
        "issuer": settings.tokens.issuer,
        "audiences": [server.audience],
        "jwks": json.dumps(server.jwks, sort_keys=True),
        "fromHeaders": [{"name": "Authorization", "prefix": "Bearer "}],
        "outputClaimToHeaders": [{"header": SUBJECT_HEADER, "claim": "sub"}],
        "forwardOriginalToken": False,
    }
    return {"selector": _selector(server), "jwtRules": [rule]}


def _allowed(server: MeshServer, settings: GatewaySettings) -> dict[str, Any]:
    """Allow the named routes; with one such policy Istio refuses everything else, and callers without a valid token."""
    posts, reads = list(GRPC_PATHS), []
    for model in server.models:
        base = f"/v1/models/{model}"
        posts += [f"{base}:{verb}" for verb in VERBS]
        reads += [base, f"{base}/metadata"]
    versions = [f"/v1/models/{model}/{kind}/*" for model in server.models for kind in ("versions", "labels")]
    operations = [
        {"methods": ["POST"], "paths": [*posts, *versions]},
        {"methods": ["GET"], "paths": [*reads, *versions]},
    ]
    anyone = {"source": {"requestPrincipals": [f"{settings.tokens.issuer}/*"]}}
    ports = [str(server.rest_port), str(server.grpc_port)]
    allowed = [{"operation": {**operation, "ports": ports}} for operation in operations]
    return {
        "selector": _selector(server),
        "action": "ALLOW",
        "rules": [{"from": [anyone], "to": allowed}],
    }


def _breaker(server: MeshServer, settings: GatewaySettings) -> dict[str, Any]:
    breaker = settings.breaker
    return {
        "host": _host(server),
        "trafficPolicy": {
            "connectionPool": {
                "tcp": {"maxConnections": breaker.connections, "connectTimeout": "1s"},
                "http": {
                    "http1MaxPendingRequests": breaker.pending,
                    "http2MaxRequests": breaker.requests,
                    "maxRetries": 1,
                    "idleTimeout": _duration(settings.limits.idle_seconds),
                },
            },
            "outlierDetection": {
                "consecutive5xxErrors": breaker.failures,
                "interval": "1s",
                "baseEjectionTime": _duration(breaker.pause_seconds),
                "maxEjectionPercent": 50,  # of several pods; half of them stay
            },
        },
    }


def _once(server: MeshServer, settings: GatewaySettings) -> dict[str, Any]:
    """Bound the time of an answer, and switch off Istio's two default retries: POST is not idempotent."""
    route = {"destination": {"host": _host(server)}}
    timeout = _duration(settings.limits.timeout_seconds)
    http = {"route": [route], "timeout": timeout, "retries": {"attempts": 0}}
    return {"hosts": [_host(server)], "http": [http]}


def _filters(server: MeshServer, settings: GatewaySettings) -> dict[str, Any]:
    """Add what Istio has no resource for: a bucket per subject, the request size limit, the log without features.

    The models that may be asked are set here, too: a VirtualService does it in the caller's sidecar, which a caller
    that addresses a pod directly does not go through.
    """
    # By the header that RequestAuthentication sets from the token; it drops a caller's own header of that name.
    by_header = {"request_headers": {"header_name": SUBJECT_HEADER, "descriptor_key": SUBJECT}}
    header = {"key": MODELS_HEADER, "value": ",".join(server.models)}
    allowed = typed(
        "envoy.filters.http.header_mutation",
        "type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
        mutations={
            "request_mutations": [
                {"append": {"header": header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}
            ]
        },
    )
    added = [rate_limit(settings.rate_limit, by_header), size_limit(settings.limits), allowed]
    manager = {
        "@type": _MANAGER_TYPE,
        "access_log": [access_log("/dev/stdout")],
        "normalize_path": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "max_request_headers_kb": settings.limits.header_kilobytes,
        "request_timeout": _duration(settings.limits.receive_seconds),
        "common_http_protocol_options": {
            "max_headers_count": settings.limits.headers,
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
    }
    chain = {"filterChain": {"filter": {"name": _MANAGER}}}
    router = {
        "filterChain": {"filter": {"name": _MANAGER, "subFilter": {"name": "envoy.filters.http.router"}}}
    }
    patches = [_patch("HTTP_FILTER", router, "INSERT_BEFORE", value) for value in added]
    merged = {"typed_config": manager}
    return {
        "workloadSelector": {"labels": dict(server.labels)},
        "configPatches": [*patches, _patch("NETWORK_FILTER", chain, "MERGE", merged)],
    }


def _patch(apply_to: str, listener: dict[str, Any], operation: str, value: dict[str, Any]) -> dict[str, Any]:
    match = {"context": "SIDECAR_INBOUND", "listener": listener}
    return {"applyTo": apply_to, "match": match, "patch": {"operation": operation, "value": value}}


def _host(server: MeshServer) -> str:
    return f"{server.name}.{server.namespace}.svc.cluster.local"


def _duration(seconds: float) -> str:
    return f"{seconds:g}s"
