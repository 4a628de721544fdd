"""The two transports of a server's APIs."""

from __future__ import annotations

from enum import StrEnum


class Transport(StrEnum):
    """How a request reaches a server; metrics have the names of these in capitals, as the real server's do."""

    GRPC = "grpc"
    REST = "rest"
