"""The `gateway` section of project.yml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kit.project_section import Section

_Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=1, le=1_000_000)]


class Tokens(Section):
    """JSON Web Tokens (RFC 7519), signed by RS256, that name who calls in `sub`."""

    issuer: str = Field(default="kit", min_length=1, description="required value of a token's `iss`")
    audience: str = Field(
        default="", description="value that a token's `aud` must contain; the project's name unless given"
    )
    jwks_file: str | None = Field(
        default=None,
        description="public keys of an identity provider, relative to the project; the workspace's own unless given",
    )
    # Not 0, which Envoy takes for its default: a minute.
    clock_skew_seconds: int = Field(
        default=5,
        ge=1,
        le=300,
        description="difference between clocks that is tolerated at the expiry of a token",
    )


class RateLimit(Section):
    """How much one subject may ask: a token bucket per subject."""

    requests: _Count = 600
    seconds: int = Field(default=60, ge=1, le=86_400, description="seconds in which the bucket is refilled")
    subjects: _Count = Field(
        default=10_000,
        description="how many buckets are kept; a subject whose bucket was dropped starts with a full one",
    )
    all_requests: _Count = Field(
        default=60_000, description="requests of all subjects together in that time: what the server can bear"
    )


class Tls(Section):
    """PEM files, relative to the project; reread when they are replaced."""

    certificate: str
    key: str


class Breaker(Section):
    """Circuit breaker: how many requests to the server may be in flight; further ones are refused at once."""

    connections: _Count = 256
    pending: _Count = 256
    requests: _Count = 512
    failures: _Count = Field(
        default=10,
        description="consecutive requests with status 5xx or no answer, after which the server gets a pause",
    )
    pause_seconds: _Seconds = 5


class Limits(Section):
    """Bounds of one request and one connection."""

    request_bytes: int = Field(default=1 << 20, ge=1, le=1 << 30)
    header_kilobytes: int = Field(default=16, ge=1, le=96)
    headers: int = Field(default=64, ge=8, le=1000)
    timeout_seconds: _Seconds = Field(default=5, description="for the server's whole answer")
    receive_seconds: _Seconds = Field(default=10, description="for the caller to send a whole request")
    idle_seconds: _Seconds = Field(default=60, description="for which a connection may be idle")
    connections: _Count = Field(default=10_000, description="from all callers together")
    streams: _Count = Field(default=100, description="concurrent requests per HTTP/2 connection")


class GatewaySettings(Section):
    """Who may call the model, how often, and how large a request may be."""

    tokens: Tokens = Tokens()
    rate_limit: RateLimit = RateLimit()
    limits: Limits = Limits()
    breaker: Breaker = Breaker()
    tls: Tls | None = None
