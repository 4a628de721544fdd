"""Rubbish through the port: each request is answered with 4xx and a JSON error, and the server lives on."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from kit.bench import malformed
from kit.bench.throwing import BROKEN, HUNG, throw_http
from kit.gateway.plan import Address
from serving.models import NAME
from serving.rest.asking import Answer, ask

_PATHS = st.sampled_from(
    [
        f"/v1/models/{NAME}{end}"
        for end in ("", ":predict", ":classify", ":regress", "/metadata", "/labels/x:predict")
    ]
)


def _check(answer: Answer) -> None:
    assert 400 <= answer.status < 500
    assert list(answer.json) == ["error"]
    assert answer.headers["content-type"] == "application/json"


@pytest.fixture(scope="module", autouse=True)
def _lives_on(rest: str) -> Any:
    yield
    assert ask(rest, f"/v1/models/{NAME}:predict", {"instances": [1]}).json == {"predictions": [2.0]}


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


# Hypothesis draws literals of the code that is tested, too, and some of them are right requests.
_NO_JSON = st.binary(min_size=1, max_size=80).filter(lambda body: not _is_json(body))


@hypothesis.settings(max_examples=100, deadline=None)
@hypothesis.given(_PATHS, _NO_JSON)
def test_bytes_that_are_no_json_are_refused_in_json(rest: str, path: str, body: bytes) -> None:
    _check(ask(rest, path, body))


_KEYS = st.sampled_from(["instances", "inputs", "examples", "context", "signature_name", "x", "b64"])
_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(_PATHS.filter(lambda path: ":" in path), _DOCUMENTS)
def test_documents_are_answered_where_they_are_right_and_else_refused(
    rest: str, path: str, document: Any
) -> None:
    answer = ask(rest, path, document)
    # Now and then a document is right by chance; then it has what a right one must have.
    if answer.status == 200:
        assert isinstance(document, dict)
        assert {"instances", "inputs"} & set(document)
    else:
        _check(answer)


_ENDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(_ENDS.filter(lambda end: end.lower() != "predict"))
def test_what_no_model_can_do_is_refused(rest: str, end: str) -> None:
    _check(ask(rest, f"/v1/models/{NAME}:{end}", {"instances": [1]}))


def test_bodies_that_the_benchmark_throws_are_refused(rest: str) -> None:
    for body in islice(malformed.bad_json(3), 300):
        _check(ask(rest, malformed.PREDICT, body))


def test_heads_that_break_http_break_nothing_else(rest: str) -> None:
    counts = throw_http(Address.parse(rest), islice(malformed.bad_heads(5, "token"), 400))
    assert (counts.total(), counts[BROKEN], counts[HUNG]) == (400, 0, 0)
