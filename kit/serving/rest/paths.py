"""REST paths: which model, version and method a request is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import grpc

from kit.serving.errors import ServingError, invalid

_VERSION = r"(?:/versions/(?P<version>[0-9]+)|/labels/(?P<label>[^/:]+))?"
_POST = re.compile(rf"(?i)/v1/models/(?P<model>[^/:]+){_VERSION}:(?P<method>classify|regress|predict)")
_GET = re.compile(rf"(?i)/v1/models(?:/(?P<model>[^/:]+))?{_VERSION}(?:/(?P<method>metadata))?")
_ROUTES = {"POST": _POST, "GET": _GET}
_UNDER = re.compile(r"(?i)/v1/.*", re.DOTALL)
_INT64_MAX = (1 << 63) - 1
STATUS = "status"


@dataclass(frozen=True)
class Address:
    """What a request is for.

    Attributes:
        method: predict, classify, regress, metadata or STATUS.
        model: the model's name.
        version: the requested version, or None.
        label: the requested label, or None.
    """

    method: str
    model: str
    version: int | None
    label: str | None

    def fill(self, spec: Any) -> None:
        """Write model, version and label into a ModelSpec."""
        spec.name = self.model
        if self.version is not None:
            spec.version.value = self.version
        elif self.label is not None:
            spec.version_label = self.label


def read_address(http_method: str, path: str) -> Address:
    """Read what a request is for from its path.

    Args:
        http_method: POST, GET or another.
        path: the path with the query, if there is one; valid paths have none.

    Raises:
        ServingError: INVALID_ARGUMENT when the API has no such path, NOT_FOUND when it is not even under /v1.
    """
    route = _ROUTES.get(http_method)
    found = route.fullmatch(path) if route else None
    if not found:
        if not _UNDER.fullmatch(path):
            raise ServingError(grpc.StatusCode.NOT_FOUND, f"Not Found: {path}")
        raise invalid(f"Malformed request: {http_method} {path}")
    if not found["model"]:
        raise invalid("Missing model name in request.")
    version = int(found["version"]) if found["version"] else None
    if version is not None and version > _INT64_MAX:
        raise invalid(f"Failed to convert version: {found['version']} to numeric.")
    return Address(
        method=(found["method"] or STATUS).lower(),
        model=_decoded(found["model"], "model name"),
        version=version,
        label=_decoded(found["label"], "model version label") if found["label"] else None,
    )


def _decoded(text: str, what: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise invalid(f"Failed to decode {what}:{text}") from None
