"""Secrets come from the environment or a file, and are redacted from everything else."""

from __future__ import annotations

import base64
import html
import json
import pickle
import reprlib
from pathlib import Path
from urllib.parse import quote
from xml.sax import saxutils

import markupsafe
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.utils import htmlsafe_json_dumps

from kit.errors import UsageError
from kit.secret import REDACTED, Redactor, known_secrets, secret, without_secrets

VALUE = 'p"<é & 7\\x'


def test_a_secret_shows_itself_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_SECRET_MAIL", VALUE)
    found = secret("mail")
    assert found.reveal() == VALUE
    assert VALUE not in f"{found} {found!r}"
    with pytest.raises(TypeError, match="stays in its process"):
        pickle.dumps(found)
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(found)


def test_it_may_be_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mail"
    file.write_text(f"{VALUE}\n")
    monkeypatch.setenv("KIT_SECRET_MAIL_FILE", str(file))
    assert secret("mail").reveal() == VALUE


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "KIT_SECRET_MAIL, or in the file that KIT_SECRET_MAIL_FILE names"),
        ({"KIT_SECRET_MAIL": "abc"}, "6 letters or more"),
        (
            {"KIT_SECRET_MAIL_FILE": "abc12345"},
            "KIT_SECRET_MAIL_FILE .* what it names cannot be read: no such file",
        ),
    ],
    ids=["not set", "too short", "no file"],
)
def test_one_that_cannot_be_used_is_explained(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], message: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=message) as raised:
        secret("mail")
    assert "abc" not in str(raised.value)


def test_processes_that_must_not_know_them_do_not() -> None:
    environ = {"KIT_SECRET_A": "abcdef", "KIT_SECRET_B_FILE": "x", "HOME": "y"}
    assert without_secrets(environ) == {"HOME": "y"}


@given(st.text(min_size=6).filter(lambda text: REDACTED[0] not in text), st.text(), st.text())
def test_no_text_keeps_one_however_it_is_written(value: str, before: str, after: str) -> None:
    redactor = Redactor({"KIT_SECRET_A": value})
    assert value not in redactor.text(before + value + after)
    assert json.dumps(value)[1:-1] not in redactor.text(json.dumps(before + value + after))
    try:
        encoded = base64.b64encode(value.encode()).decode()
    except UnicodeEncodeError:
        return
    assert encoded not in redactor.text(f"Basic {encoded}")
    for digits in (value.encode().hex(), value.encode().hex().upper()):
        assert digits not in redactor.text(f"{before}{digits}{after}")
    for user in ("", "u", "ab", "abc"):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            header = encode(f"{user}:{value}:".encode()).decode()
            assert REDACTED in redactor.text(header), "the password of a Basic header, behind any user"
    assert quote(value, safe="") not in redactor.text(f"?token={quote(value, safe='')}")


@pytest.mark.parametrize(
    "value", ['Pä55"w\\ord-ünïq', "it's größer", 'it\'s "größer"', "größer\\'s", "ключ 😀 密码"]
)
@pytest.mark.parametrize("around", ["", "'", '"'])
def test_letters_beyond_ascii_are_known_however_they_are_written(value: str, around: str) -> None:
    redactor = Redactor({"KIT_SECRET_A": value})
    text = f"{around}<{value}>{around}"
    for written in (
        *(repr(text), ascii(text), repr(text.encode())),
        *(json.dumps(text), json.dumps(text, ensure_ascii=False)),
    ):
        assert f"<{REDACTED}>" in redactor.text(written)


def test_one_with_signs_of_html_is_known_in_pages_whoever_writes_them() -> None:
    value = "a<b>&\"c'd"
    redactor = Redactor({"KIT_SECRET_A": value})
    for written in (html.escape(value), saxutils.escape(value), str(markupsafe.escape(value))):
        assert redactor.text(written) == REDACTED
    assert redactor.text(str(htmlsafe_json_dumps(value))) == f'"{REDACTED}"'
    assert f"<td>{REDACTED}</td>" in redactor.text(pd.DataFrame({"key": [value]}).to_html())


def test_what_is_left_of_one_that_was_cut_short_is_redacted() -> None:
    value = "0123456789abcdef" * 5
    redactor = Redactor({"KIT_SECRET_A": value})
    assert redactor.text(repr(pd.DataFrame({"key": [value]}))).endswith(f" {REDACTED}...")
    assert redactor.text(reprlib.repr(value)) == f"'{REDACTED}...{REDACTED}'"
    assert redactor.text(f"it is {value[:20]}… or not...") == f"it is {REDACTED}… or not..."
    assert redactor.text("wait 012345 s... 012345") == "wait 012345 s... 012345"


def test_a_secret_that_another_begins_with_leaves_nothing_of_that() -> None:
    redactor = Redactor({"A": "correct-horse", "B": "correct-horse-battery"})
    assert redactor.text("B is correct-horse-battery.") == f"B is {REDACTED}."


def test_what_holds_texts_is_cleaned_all_through() -> None:
    redactor = Redactor(known_secrets({"KIT_SECRET_A": VALUE}))
    message = {"content": [{"text": f"it is {VALUE}"}, 7], VALUE: None}
    assert redactor.all_in(message) == {"content": [{"text": f"it is {REDACTED}"}, 7], REDACTED: None}
    assert Redactor({}).all_in(message) is message
