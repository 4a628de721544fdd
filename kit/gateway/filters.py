"""Envoy's HTTP filters in request order: authentication, subject, rate limit, size limit, router."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kit.gateway.config import Limits, RateLimit
from kit.gateway.keys import read_jwks
from kit.gateway.plan import Plan
from kit.serving.headers import SUBJECT_HEADER

JWT = "envoy.filters.http.jwt_authn"
SUBJECT = "subject"
_HTTP = "type.googleapis.com/envoy.extensions.filters.http"
_JWT_TYPE = f"{_HTTP}.jwt_authn.v3.JwtAuthentication"
_CLAIM = [{"key": "payload"}, {"key": "sub"}]
_BY_TOKEN = {"descriptor_key": SUBJECT, "metadata_key": {"key": JWT, "path": _CLAIM}}
# What a subject may be: it becomes a header and goes into the log. A token without one is refused.
_NAMED = r"[!-~]{1,128}"
_ALWAYS = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}


def typed(name: str, kind: str, **fields: Any) -> dict[str, Any]:
    """Return the configuration of one of Envoy's extensions."""
    return {"name": name, "typed_config": {"@type": kind, **fields}}


def http_filters(plan: Plan, *, inline: bool) -> list[dict[str, Any]]:
    """Return all filters.

    Args:
        plan: the plan of the gateway.
        inline: write the public keys into the configuration, for `envoy --mode validate` to check, instead of naming
            the file that Envoy watches.
    """
    settings = plan.settings
    return [
        jwt_filter(plan) if inline else _followed(plan.files.jwt),
        _named(),
        rate_limit(settings.rate_limit, {"metadata": _BY_TOKEN}),
        size_limit(settings.limits),
        typed("envoy.filters.http.router", f"{_HTTP}.router.v3.Router", suppress_envoy_headers=True),
    ]


def jwt_filter(plan: Plan) -> dict[str, Any]:
    """Return the filter that lets nothing pass without a valid token.

    Raises:
        GatewayError: when the public keys cannot be used.
    """
    tokens = plan.settings.tokens
    provider = {
        "issuer": tokens.issuer,
        "audiences": [plan.audience],
        "local_jwks": {"inline_string": json.dumps(read_jwks(plan.jwks_file), sort_keys=True)},
        # Only here: Envoy would also take a token from a URL's query, which logs keep.
        "from_headers": [{"name": "Authorization", "value_prefix": "Bearer "}],
        "payload_in_metadata": "payload",
        "claim_to_headers": [{"header_name": SUBJECT_HEADER, "claim_name": "sub"}],
        "require_expiration": True,
        "clock_skew_seconds": tokens.clock_skew_seconds,
    }
    return typed(
        JWT,
        _JWT_TYPE,
        providers={"tokens": provider},
        rules=[{"match": {"prefix": "/"}, "requires": {"provider_name": "tokens"}}],
    )


def jwt_resource(plan: Plan) -> dict[str, Any]:
    """Return the filter of tokens as the content of the file that Envoy watches.

    Raises:
        GatewayError: when the public keys cannot be used.
    """
    kind = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"
    return {"resources": [{"@type": kind, **jwt_filter(plan)}]}


def _followed(path: Path) -> dict[str, Any]:
    source = {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}
    return {"name": JWT, "config_discovery": {"config_source": source, "type_urls": [_JWT_TYPE]}}


def _named() -> dict[str, Any]:
    """Refuse a valid token whose `sub` names nobody: no rate limit would apply to it."""
    value = {"string_match": {"safe_regex": {"regex": _NAMED}}}
    matcher = {"filter": JWT, "path": _CLAIM, "value": value}
    principal = {"sourced_metadata": {"metadata_matcher": matcher}}
    policy = {"permissions": [{"any": True}], "principals": [principal]}
    rules = {"action": "ALLOW", "policies": {"named": policy}}
    return typed("envoy.filters.http.rbac", f"{_HTTP}.rbac.v3.RBAC", rules=rules)


def rate_limit(limit: RateLimit, by: dict[str, Any]) -> dict[str, Any]:
    """Give each subject a bucket when first seen: a descriptor without a value has one bucket per value (Envoy 1.34).

    Args:
        limit: the limit of the project.
        by: Envoy's action that gives the subject as the descriptor `subject`.
    """
    return typed(
        "envoy.filters.http.local_ratelimit",
        f"{_HTTP}.local_ratelimit.v3.LocalRateLimit",
        stat_prefix="subject",
        token_bucket=_bucket(limit.all_requests, limit.seconds),
        filter_enabled=_ALWAYS,
        filter_enforced=_ALWAYS,
        rate_limits=[{"actions": [by]}],
        descriptors=[{"entries": [{"key": SUBJECT}], "token_bucket": _bucket(limit.requests, limit.seconds)}],
        max_dynamic_descriptors=limit.subjects,
        always_consume_default_token_bucket=True,
        rate_limited_as_resource_exhausted=True,
        enable_x_ratelimit_headers="DRAFT_VERSION_03",
    )


def size_limit(limits: Limits) -> dict[str, Any]:
    """Buffer a request until it is complete, and refuse it when it is too large: no part of it reaches the server."""
    return typed(
        "envoy.filters.http.buffer", f"{_HTTP}.buffer.v3.Buffer", max_request_bytes=limits.request_bytes
    )


def _bucket(requests: int, seconds: int) -> dict[str, Any]:
    return {"max_tokens": requests, "tokens_per_fill": requests, "fill_interval": f"{seconds}s"}
