"""The paths that the gateway lets through: those that a model's callers need, and no others.

HandleReloadConfigRequest, which changes what a server serves, is not among them, nor is reflection.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kit.serving.headers import MODELS_HEADER
from kit.serving.transport import Transport

_VERSION = r"(/versions/[0-9]+|/labels/[A-Za-z0-9_.-]+)?"
VERBS = ("predict", "classify", "regress")
_PREDICTION = "/tensorflow.serving.PredictionService/"
GRPC_PATHS = (
    *(
        f"{_PREDICTION}{name}"
        for name in ("Predict", "Classify", "Regress", "MultiInference", "GetModelMetadata")
    ),
    "/tensorflow.serving.ModelService/GetModelStatus",
)
ONCE_MORE = {"retry_on": "connect-failure,reset,gateway-error", "num_retries": 1}
REST, GRPC = Transport.REST.value, Transport.GRPC.value
_SET = "OVERWRITE_IF_EXISTS_OR_ADD"  # in place of what a caller has sent


@dataclass(frozen=True)
class Route:
    """One kind of request.

    Attributes:
        name: the name that the access log knows it by; it holds nothing that a caller chose.
        method: the method of HTTP.
        path: a regular expression (RE2) for the whole path without the query.
        cluster: REST or GRPC.
    """

    name: str
    method: str
    path: str
    cluster: str

    @property
    def is_read(self) -> bool:
        """Whether asking twice is harmless; only then may the gateway retry by itself."""
        return self.method == "GET"


def routes_of(models: Sequence[str]) -> list[Route]:
    """Return what may be asked of these models."""
    found = []
    for model in models:
        base = f"/v1/models/{re.escape(model)}{_VERSION}"
        found += [Route(f"{model}:{verb}", "POST", f"{base}:{verb}", REST) for verb in VERBS]
        found += [Route(f"{model}:metadata", "GET", f"{base}/metadata", REST)]
        found += [Route(f"{model}:status", "GET", base, REST)]
    return found + [Route(path.rpartition("/")[2], "POST", re.escape(path), GRPC) for path in GRPC_PATHS]


def route_table(models: Sequence[str], timeout_seconds: float) -> list[dict[str, Any]]:
    """Return Envoy's routes: what is let through, then 405 for the same paths with another method, then 404."""
    routes = routes_of(models)
    refused = [_answer(route, 405) for route in routes]
    rest = {"match": {"prefix": "/"}, "name": "unknown", "direct_response": {"status": 404}}
    # A gRPC path does not name the model; the server reads it from the message, and refuses models that are not here.
    allowed = {"header": {"key": MODELS_HEADER, "value": ",".join(models)}, "append_action": _SET}
    forwards = [{**_forward(route, timeout_seconds), "request_headers_to_add": [allowed]} for route in routes]
    return [*forwards, *refused, rest]


def _forward(route: Route, timeout_seconds: float) -> dict[str, Any]:
    method = {"name": ":method", "string_match": {"exact": route.method}}
    match: dict[str, Any] = {"safe_regex": {"regex": route.path}, "headers": [method]}
    if route.cluster == GRPC:
        match["grpc"] = {}
    action: dict[str, Any] = {"cluster": route.cluster, "timeout": f"{timeout_seconds}s"}
    if route.is_read:
        action["retry_policy"] = ONCE_MORE
    return {"name": route.name, "match": match, "route": action}


def _answer(route: Route, status: int) -> dict[str, Any]:
    allow = {"header": {"key": "allow", "value": route.method}}
    return {
        "name": route.name,
        "match": {"safe_regex": {"regex": route.path}},
        "response_headers_to_add": [allow],
        "direct_response": {"status": status},
    }
