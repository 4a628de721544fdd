"""The interface of a channel: it takes a message and reports one of three outcomes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from kit.errors import UsageError


class ChannelError(UsageError):
    """A channel of project.yml lacks something outside of it, such as an environment variable."""


@dataclass(frozen=True)
class Delivered:
    """The receiver has it."""


@dataclass(frozen=True)
class Later:
    """The receiver is not there, or is busy."""

    problem: str


@dataclass(frozen=True)
class Refused:
    """The receiver will not take it, however often it is sent."""

    problem: str


Outcome: TypeAlias = Delivered | Later | Refused


class Channel(Protocol):
    """Delivers messages to one receiver, such as a webhook or a mail server."""

    name: str

    def send(self, delivery: str, message: Mapping[str, Any], timeout_seconds: float) -> Outcome:
        """Send a message.

        Args:
            delivery: names the message for the receiver, who may get it twice.
            message: see `Incident.as_message`.
            timeout_seconds: the seconds that it may take.
        """


def secret(variable: str | None) -> str:
    """Return the content of an environment variable; empty where none is named.

    Raises:
        ChannelError: when it is not set.
    """
    if variable is None:
        return ""
    value = os.environ.get(variable, "")
    if not value:
        raise ChannelError(
            f"The environment variable {variable} must hold a secret of the alerts (project.yml names it), but it is "
            "not set. Set it where notebooks and `kit` run."
        )
    return value


def title(message: Mapping[str, Any]) -> str:
    """Return what a message is about, in a line."""
    subject = f", {message['subject']}" if message["subject"] else ""
    sign = {"fail": "blocked", "warn": "warning"}.get(message["severity"], message["severity"])
    text = f"[{message['project']}] {sign}: {message['check']}{subject} ({message['about']})"
    return " ".join(text.split())  # a slice is named by a value of the data, which may hold line breaks
