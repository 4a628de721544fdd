"""Alerts as mail over SMTP: the evidence as text, the picture as an attachment."""

from __future__ import annotations

import json
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from typing import Any

from kit.alerts.channel import ChannelError, Delivered, Later, Outcome, Refused, secret, title
from kit.alerts.config import Email

NAME = "email"
_PERMANENT = 500  # SMTP replies from here on are not worth a second attempt
_MOST_LETTERS = 200  # of a subject


class MailChannel:
    """Hands each message to the server of project.yml."""

    name = NAME

    def __init__(self, settings: Email) -> None:
        self._settings = settings

    def send(self, delivery: str, message: Mapping[str, Any], timeout_seconds: float) -> Outcome:
        settings = self._settings
        timeout = min(timeout_seconds, settings.timeout_seconds)
        try:
            with smtplib.SMTP(settings.host, settings.port, timeout=timeout) as server:
                if settings.starttls:
                    server.starttls(context=ssl.create_default_context())
                if settings.user:
                    server.login(settings.user, secret(settings.password_variable))
                refused = server.send_message(self._mail(delivery, message))
        except (ChannelError, OSError, UnicodeError) as error:  # errors of smtplib are OSErrors
            return self._of_error(error)
        return _of_recipients(refused)

    def _of_error(self, error: Exception) -> Outcome:
        match error:
            case ChannelError():
                return Later(str(error))
            case smtplib.SMTPRecipientsRefused():
                return _of_code(max(code for code, _ in error.recipients.values()), "refused the recipients")
            case smtplib.SMTPResponseException():
                login = isinstance(error, smtplib.SMTPAuthenticationError)
                return _of_code(error.smtp_code, f"refused {'user or password' if login else 'the mail'}")
            case smtplib.SMTPNotSupportedError():
                return Refused(f"the server cannot do what project.yml asks for: {error}")
            case UnicodeError():  # whose text would show a character of the password
                return Refused("the user and the password must be ASCII")
        where = f"{self._settings.host}:{self._settings.port}"
        return Later(f"no answer from {where}: {error or type(error).__name__}")

    def _mail(self, delivery: str, message: Mapping[str, Any]) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = title(message)[:_MOST_LETTERS]
        mail["From"], mail["To"] = self._settings.sender, ", ".join(self._settings.recipients)
        mail["Message-ID"] = f"<{delivery}@notebook-mlops-kit>"  # the same when it is sent again
        mail.set_content("\n".join(_lines(message)))
        if message["picture"]:
            mail.add_attachment(message["picture"].encode(), "image", "svg+xml", filename="feature.svg")
        return mail


def _lines(message: Mapping[str, Any]) -> Iterator[str]:
    yield f"{message['found']}."
    if message["expected"]:
        yield f"Expected: {message['expected']}."
    if message["what_to_do"]:
        yield message["what_to_do"]
    for row in message["rows"]:
        yield f"  {json.dumps(row, ensure_ascii=False)}"
    yield ""
    if message["notebook"]:
        yield f"Notebook: {message['notebook']}"
    yield f"Incident: {message['incident']} (`kit alerts show {message['incident']}`)"


def _of_recipients(refused: Mapping[str, tuple[int, bytes]]) -> Outcome:
    """Return the outcome where a server refused some recipients; a repetition would reach the others twice."""
    if not refused:
        return Delivered()
    names = ", ".join(f"{address} ({code})" for address, (code, _) in sorted(refused.items()))
    return Refused(f"the server refused {names}; the others have it")


def _of_code(code: int, what: str) -> Outcome:
    text = f"the server {what} ({code})"
    return Refused(text) if code >= _PERMANENT else Later(text)
