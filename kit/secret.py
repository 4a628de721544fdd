"""Secrets of notebooks: passwords and keys that come from the environment or a file, and are written nowhere.

A notebook declares one in its parameters cell, and asks for it where it is used:

    mail_password: str = ""  # of the account that mails are sent from, secret

    server.login(user, secret("mail_password").reveal())

Its value is in the variable KIT_SECRET_MAIL_PASSWORD, or in the file that KIT_SECRET_MAIL_PASSWORD_FILE names, as
containers are given them. It is never taken from the command line or a file of parameters. A batch redacts values from
all that it writes; steps, which record in ML Metadata what they are told, are not given them.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, quote_plus

from kit.errors import UsageError
from kit.os_errors import reason_of

PREFIX = "KIT_SECRET_"
REDACTED = "•••"
_FILE = "_FILE"
_LEAST_LETTERS = 6  # a shorter one would also be redacted where it is not a secret
_DOUBLE_QUOTES, _SINGLE_QUOTES = ('"', "&quot;", "&#34;"), ("'", "&#x27;", "&#39;", "&apos;")  # in HTML
_DOTS = re.compile(r"(\.\.\.|…)")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")  # the other alphabet of base64


class Secret:
    """A value that is shown only on request, and can be neither formatted nor pickled by accident."""

    __slots__ = ("_name", "_value")

    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def __repr__(self) -> str:
        return f"Secret({self._name!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"A secret stays in its process, but {self._name!r} was to be pickled. Hand on `reveal()` if it must be."
        )

    def reveal(self) -> str:
        """Return the value."""
        return self._value


def secret(name: str) -> Secret:
    """Return a secret parameter's value.

    Raises:
        UsageError: when it is not set, too short to be kept out of outputs, or its file cannot be read.
    """
    values = known_secrets(os.environ)
    if variable_of(name) not in values:
        raise UsageError(missing(name))
    return Secret(name, values[variable_of(name)])


def variable_of(name: str) -> str:
    """Return the environment variable of a secret parameter."""
    return f"{PREFIX}{name.upper()}"


def file_variable_of(name: str) -> str:
    """Return the environment variable that names a file with a secret parameter's value."""
    return f"{variable_of(name)}{_FILE}"


def missing(name: str) -> str:
    """Return what to do about a secret that is not set."""
    return (
        f"The secret parameter {name} must be in the environment variable {variable_of(name)}, or in the file that "
        f"{file_variable_of(name)} names, but neither is set. Set one of them and run the same command again."
    )


def known_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return all secrets that an environment holds or names a file of, by their variables.

    Raises:
        UsageError: when one is too short, or its file cannot be read; its value is not shown.
    """
    found = {}
    for name, value in environ.items():
        if name.startswith(PREFIX) and value:
            variable = name.removesuffix(_FILE)
            found[variable] = value if variable == name else _read(name, Path(value))
            if len(found[variable]) < _LEAST_LETTERS:
                raise UsageError(
                    f"A secret must have {_LEAST_LETTERS} letters or more to be distinguishable from other text, but "
                    f"{variable} has {len(found[variable])}. Use a longer one."
                )
    return found


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without them, for processes that must not know them."""
    return {name: value for name, value in environ.items() if not name.startswith(PREFIX)}


def _read(variable: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "it is not UTF-8 text"
        # Its value is not shown: somebody who confuses the two variables has put the secret itself there.
        raise UsageError(
            f"{variable} must name a file that holds a secret, but what it names cannot be read: {reason}. Correct it."
        ) from None


class Redactor:
    """Redacts secrets in texts, also as JSON, Python, HTML, addresses, headers and hexadecimal dumps encode them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        forms = {form for value in values.values() for form in _forms(value)}
        self._forms = sorted(forms, key=len, reverse=True)
        self._ends = {end for form in forms for end in (form[:_LEAST_LETTERS], form[-_LEAST_LETTERS:])}

    def __bool__(self) -> bool:
        return bool(self._forms)

    @property
    def most_letters(self) -> int:
        """The length of the longest text that is redacted."""
        return len(self._forms[0]) if self._forms else 0

    def text(self, text: str) -> str:
        """Return a text without them."""
        for form in self._forms:
            text = text.replace(form, REDACTED)
        return self._without_parts(text) if any(end in text for end in self._ends) else text

    def _without_parts(self, text: str) -> str:
        """Return a text without what is left of a secret that was cut short, as pandas and reprlib cut long ones."""
        pieces = _DOTS.split(text)  # the dots are every second one
        for place in range(0, len(pieces), 2):
            if place + 1 < len(pieces):
                pieces[place] = _without_beginning(pieces[place], self._forms)
            if place > 0:
                backwards = (form[::-1] for form in self._forms)
                pieces[place] = _without_beginning(pieces[place][::-1], backwards)[::-1]
        return "".join(pieces)

    def all_in(self, value: Any) -> Any:
        """Return lists, dictionaries and texts in them without secrets; the same object when there are none."""
        if not self._forms:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.all_in(key): self.all_in(each) for key, each in value.items()}
        return [self.all_in(each) for each in value] if isinstance(value, list) else value

    def file(self, path: Path) -> None:
        """Redact them in an existing file."""
        if not self._forms or not path.exists():
            return
        content = path.read_text(encoding="utf-8", errors="replace")
        if (clean := self.text(content)) != content:
            path.write_text(clean, encoding="utf-8")


def _without_beginning(text: str, forms: Iterable[str]) -> str:
    """Return a text that does not end with the beginning of a secret."""
    for form in forms:
        at = text.find(form[:_LEAST_LETTERS], max(0, len(text) - len(form)))
        while at >= 0:
            if form.startswith(text[at:]):
                return text[:at] + REDACTED
            at = text.find(form[:_LEAST_LETTERS], at + 1)
    return text


def _forms(value: str) -> set[str]:
    plain = {value, *(line for line in value.splitlines() if len(line) >= _LEAST_LETTERS)}
    written = {
        form
        for one in plain
        for form in (
            *(*_in_python(one), *_in_json(one), *_in_html(one)),
            *(quote(one), quote(one, safe=""), quote_plus(one)),
        )
    }
    content = value.encode()
    encoded = {content.hex(), content.hex().upper(), *_in_base64(content)}
    return {form for form in plain | written | encoded if len(form) >= _LEAST_LETTERS}


def _in_python(value: str) -> set[str]:
    """Return what Python shows of a text and of its bytes, also beside quotation marks, where it escapes more."""
    forms = set()
    for beside in ("", "\"'"):
        shown = (repr(value + beside), ascii(value + beside), repr((value + beside).encode())[1:])
        forms |= {one[1:-1].removesuffix("\"\\'") if beside else one[1:-1] for one in shown}
    return forms


def _in_json(value: str) -> set[str]:
    """Return what JSON makes of a text, also in a page, where signs of HTML are escaped once more."""
    plain = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    in_page = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "<>&'"})
    return plain | {one.translate(in_page) for one in plain}


def _in_html(value: str) -> set[str]:
    """Return what pages have for a text; pandas' tables, among others, leave the quotation marks as they are."""
    text = html.escape(value, quote=False)
    return {
        text.replace('"', double).replace("'", single)
        for double in _DOUBLE_QUOTES
        for single in _SINGLE_QUOTES
    }


def _in_base64(value: bytes) -> set[str]:
    """Return what base64 makes of a value wherever in a text it stands, as the password in `Basic USER:PASSWORD`.

    Three bytes are four letters, so there are three ways; letters shared with neighbouring bytes are left out.
    """
    forms = {base64.b64encode(value).decode().rstrip("=")}  # alone, to its last letter
    for before in range(3):
        letters = base64.b64encode(bytes(before) + value)
        first, end = -(-before * 8 // 6), (before + len(value)) * 8 // 6
        forms |= {letters[first:end].decode(), letters.translate(_URL_SAFE)[first:end].decode()}
    return forms
