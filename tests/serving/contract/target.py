"""Where the contract is asked, and the model that must be served there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kit.serving.server import ModelServer
from kit.serving.settings import Addresses
from serving.models import NAME, save_linear, settings_of

VARIABLE = "KIT_SERVING_TARGET"
VERSION = 1
FACTOR = 2.0  # y is twice x
_GRPC, _HTTP = "grpc://", "http://"


def save_model(folder: Path) -> Path:
    """Save the model for any server of this protocol; return its base path."""
    save_linear(folder / NAME, VERSION, FACTOR)
    return folder / NAME


@contextmanager
def target(folder: Path) -> Iterator[Addresses]:
    """Give the addresses of the variable, or of an embedded server on a model in the folder."""
    if text := os.environ.get(VARIABLE):
        yield parse_target(text)
        return
    with ModelServer(settings_of(save_model(folder), rest_api_port=0)) as server:
        yield server.start()


def parse_target(text: str) -> Addresses:
    """Read `grpc://host:port,http://host:port`, in any order."""
    found = {}
    for part in text.split(","):
        for scheme in (_GRPC, _HTTP):
            if part.strip().startswith(scheme):
                found[scheme] = part.strip().removeprefix(scheme).rstrip("/")
    if set(found) != {_GRPC, _HTTP}:
        raise ValueError(
            f"{VARIABLE} must be grpc://host:port,http://host:port, but is {text!r}. Give both addresses of one server."
        )
    return Addresses(found[_GRPC], found[_HTTP])
