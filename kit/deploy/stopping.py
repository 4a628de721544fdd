"""How a pod ends without losing a request: Envoy sends callers away first, and the server outlives it.

Envoy ends at SIGTERM at once, with all requests that it has, and its image has neither a shell nor curl to tell it to
drain before. So kubelet asks Envoy itself, by a `preStop` of kind httpGet, on a listener that no NetworkPolicy opens
to other pods (that of its own machine always gets through). Envoy fails its health check there, after which every
answer carries `connection: close` (HTTP/1.1) or GOAWAY (HTTP/2), and answers kubelet only when the callers have had
time to leave; SIGTERM comes after that. All the while it takes connections: the news that the pod is going reaches the
machines of the cluster late.

A connection that is idle all that time is closed at the end, with nothing lost on it.
"""

from __future__ import annotations

import math
from typing import Any

from kit.gateway.config import Limits
from kit.gateway.filters import typed

DRAIN = "/drain"
_SPREAD_SECONDS = 5  # until all machines of a cluster have heard that a pod is going
_MARGIN_SECONDS = 5
_HTTP = "type.googleapis.com/envoy.extensions.filters.http"
# The admin interface changes nothing by GET, which is all that kubelet can send.
_FAIL_HEALTH_CHECK = """\
function envoy_on_request(request)
  request:httpCall("{cluster}", {{
    [":method"] = "POST", [":path"] = "/healthcheck/fail", [":authority"] = "{cluster}"
  }}, "", 1000)
end
"""


def drain_seconds(limits: Limits) -> int:
    """Return how long a gateway has: a request that came in last is received and answered in this time."""
    return math.ceil(_SPREAD_SECONDS + limits.receive_seconds + limits.timeout_seconds)


def server_seconds(limits: Limits) -> int:
    """Return how long the server is kept: until its gateway has ended."""
    return drain_seconds(limits) + _MARGIN_SECONDS


def grace_seconds(limits: Limits) -> int:
    """Return when Kubernetes kills what is left; TensorFlow Serving ignores SIGTERM, and always waits for that.

    See https://github.com/tensorflow/serving/issues/1853.
    """
    return server_seconds(limits) + _MARGIN_SECONDS


def drain_filters(limits: Limits, admin: str) -> list[dict[str, Any]]:
    """Return the HTTP filters, before the router's, of a listener that drains Envoy and then lets the caller wait.

    Args:
        limits: the gateway's limits.
        admin: the cluster of Envoy's admin interface.
    """
    code = {"inline_string": _FAIL_HEALTH_CHECK.format(cluster=admin)}
    delay = {"fixed_delay": f"{drain_seconds(limits)}s", "percentage": {"numerator": 100}}
    return [
        typed("envoy.filters.http.lua", f"{_HTTP}.lua.v3.Lua", default_source_code=code),
        typed("envoy.filters.http.fault", f"{_HTTP}.fault.v3.HTTPFault", delay=delay),
    ]
