"""The `alerts` section of project.yml. It holds no secrets, only the names of environment variables that do."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from kit.project_section import Section, written

_ADDRESS = re.compile(r"[^@\s,<>]+@[^@\s,<>]+")


def _variable(value: str) -> str:
    how = "an environment variable has letters, digits and _, and no digit first"
    return written(value, "[A-Za-z_][A-Za-z0-9_]*", how)


_Variable = Annotated[str, AfterValidator(_variable)]


class _Keyless(Section):
    """A section that must not hold a secret: errors show the value of an unknown field, and must not show a secret."""

    @model_validator(mode="before")
    @classmethod
    def _has_no_secret(cls, values: Any) -> Any:
        named = sorted({"secret", "password", "token"} & set(values)) if isinstance(values, dict) else []
        if named:
            variables = ", ".join(name for name in cls.model_fields if name.endswith("_variable"))
            raise ValueError(
                f"{named[0]} would be a secret in a file that others read; set an environment variable and name it "
                f"in {variables}"
            )
        return values


class Webhook(_Keyless):
    """A receiver of JSON over HTTP; see `kit.alerts.webhook` for what it gets."""

    url: str
    secret_variable: _Variable | None = Field(
        default=None, description="name of the environment variable with the key that signs messages"
    )
    timeout_seconds: float = Field(default=2.0, gt=0, le=30)

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("a webhook has an address such as https://example.org/alerts")
        if parts.username or parts.password:
            raise ValueError("a webhook's address holds no password; sign messages with secret_variable")
        if not value.isascii() or " " in value:
            raise ValueError(
                "a webhook's address is written in ASCII, without spaces, other letters as %C3%A4"
            )
        if not _is_host(parts.hostname) or parts.port == 0:  # raises if it is not a number
            raise ValueError(f"a webhook's address names a host and a port, and {parts.netloc!r} does not")
        return value


class Email(_Keyless):
    """A server that takes mail over SMTP."""

    host: str = Field(min_length=1)
    port: int = Field(default=25, ge=1, le=65_535)
    starttls: bool = Field(
        default=False, description="whether to encrypt the connection (STARTTLS) before anything is sent"
    )
    sender: str
    recipients: tuple[str, ...] = Field(min_length=1)
    user: str | None = None
    password_variable: _Variable | None = Field(
        default=None, description="name of the environment variable with the password of `user`"
    )
    timeout_seconds: float = Field(default=2.0, gt=0, le=30)

    @field_validator("host")
    @classmethod
    def _is_server(cls, value: str) -> str:
        if not _is_host(value):
            raise ValueError(f"a mail server is named as mail.example.org, not as {value!r}")
        return value

    @field_validator("sender", "recipients")
    @classmethod
    def _are_addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for address in (value,) if isinstance(value, str) else value:
            if not (_ADDRESS.fullmatch(address) and address.isascii()):
                raise ValueError(
                    f"an email address is written as ann@example.org in ASCII, not as {address!r}"
                )
        return value

    @model_validator(mode="after")
    def _password_goes_encrypted(self) -> Self:
        if (self.user is None) != (self.password_variable is None):
            raise ValueError("user and password_variable go together")
        if self.user is not None and not self.starttls:
            raise ValueError("a password is sent over an encrypted connection only: set starttls to true")
        return self


class AlertSettings(Section):
    """Where alerts go beside the log and the file in the workspace, which always get them."""

    webhook: Webhook | None = None
    email: Email | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that hold what alerts are sent with."""
        named = (
            self.webhook.secret_variable if self.webhook else None,
            self.email.password_variable if self.email else None,
        )
        return tuple(name for name in named if name)


def _is_host(name: str) -> bool:
    """Return whether a name can be looked up: for others socket and smtplib raise errors of another kind."""
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return not re.search(r"[\s/@]", name)
