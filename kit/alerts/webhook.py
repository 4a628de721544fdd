"""Alerts as JSON over HTTP.

A message is a POST with these headers:

    X-Kit-Delivery     names the message; a receiver that has seen it before has it already
    X-Kit-Timestamp    seconds since 1970, when it was sent
    X-Kit-Signature    sha256= and the HMAC-SHA256 of timestamp, a full stop and body, in hexadecimal digits; only
                       where there is a secret
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from kit.alerts.channel import ChannelError, Delivered, Later, Outcome, Refused, secret
from kit.alerts.config import Webhook
from kit.os_errors import reason_of

NAME = "webhook"
_COME_BACK = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


class WebhookChannel:
    """Posts each message to the address of project.yml."""

    name = NAME

    def __init__(self, settings: Webhook) -> None:
        self._settings = settings
        self._opener = urllib.request.build_opener(_NoRedirects())

    def send(self, delivery: str, message: Mapping[str, Any], timeout_seconds: float) -> Outcome:
        body = json.dumps(message, ensure_ascii=False).encode()
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "notebook-mlops-kit",
            "X-Kit-Delivery": delivery,
            "X-Kit-Timestamp": stamp,
        }
        try:
            if key := secret(self._settings.secret_variable):
                headers["X-Kit-Signature"] = f"sha256={sign(key, stamp, body)}"
            request = urllib.request.Request(self._settings.url, body, headers, method="POST")  # noqa: S310  http(s)
            with self._opener.open(request, timeout=min(timeout_seconds, self._settings.timeout_seconds)):
                return Delivered()
        except ChannelError as error:
            return Later(str(error))
        except urllib.error.HTTPError as error:
            return _of_status(error.code)
        except (OSError, http.client.HTTPException) as error:
            return Later(f"no answer from the receiver: {reason_of(error) or type(error).__name__}")


def sign(key: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a message (HMAC, RFC 2104); the time in it keeps it from being sent again later."""
    return hmac.new(key.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: a signed message is for the receiver in project.yml and for nobody else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _of_status(status: int) -> Outcome:
    text = f"the receiver answered {status}"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _COME_BACK:
        return Later(text)
    if status >= HTTPStatus.BAD_REQUEST:
        return Refused(text)
    return Refused(f"{text}, a redirect; name its goal in project.yml")
