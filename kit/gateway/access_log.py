"""The access log's format: who asked, when, which version, how long it took, and the verdict.

No field holds what a caller can choose freely, except the subject, which a trusted issuer signed: no path, query,
header or body. So no feature and no token gets into the log, wherever somebody put it.
"""

from __future__ import annotations

from typing import Any

from kit.gateway.filters import JWT, typed
from kit.serving.headers import REQUEST_ID, VERSION_HEADER

FORMAT: dict[str, str] = {
    "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
    "request_id": f"%REQ({REQUEST_ID})%",
    "subject": f"%DYNAMIC_METADATA({JWT}:payload:sub)%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "protocol": "%PROTOCOL%",
    "method": "%REQ(:METHOD):8%",
    "route": "%ROUTE_NAME%",
    "version": f"%RESP({VERSION_HEADER}):20%",
    "version_trailer": f"%TRAILER({VERSION_HEADER}):20%",
    "status": "%RESPONSE_CODE%",
    "grpc_status": "%GRPC_STATUS(SNAKE_STRING)%",
    "flags": "%RESPONSE_FLAGS%",
    "details": "%RESPONSE_CODE_DETAILS%",
    "received_bytes": "%BYTES_RECEIVED%",
    "sent_bytes": "%BYTES_SENT%",
    "milliseconds": "%DURATION%",
    "server_milliseconds": "%RESPONSE_DURATION%",
}


def access_log(path: str) -> dict[str, Any]:
    """Return Envoy's access log: one JSON line per request, refused ones too."""
    return typed(
        "envoy.access_loggers.file",
        "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
        path=path,
        log_format={"json_format": FORMAT},
    )
