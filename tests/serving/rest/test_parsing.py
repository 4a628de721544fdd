"""JSON of a request: what is refused, where, and in which words."""

from __future__ import annotations

import math
import time
from typing import Any

import grpc
import hypothesis
import pytest
from hypothesis import strategies as st

from kit.serving.errors import ServingError
from kit.serving.rest.parsing import as_text, parse


def test_an_object_is_parsed_with_the_numbers_that_are_none() -> None:
    found = parse('\ufeff{"a": [1, 2.5, NaN, -Infinity], "é": "x"}'.encode())
    assert (found["a"][:2], math.isnan(found["a"][2]), found["a"][3]) == ([1, 2.5], True, float("-inf"))
    assert found["é"] == "x"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "JSON Parse error: The document is empty"),
        (b"   ", "JSON Parse error: Invalid value. at offset: 3"),
        (b"[1]", "JSON Value: [\n    1\n] Is not object"),
        (b"2.0", "JSON Value: 2.0 Is not object"),
        (
            b'{"a": 1} x',
            "JSON Parse error: The document root must not be followed by other values. at offset: 9",
        ),
        (b'{"a" 1}', "JSON Parse error: Missing a colon after a name of object member. at offset: 5"),
        (b"{a: 1}", "JSON Parse error: Missing a name for object member. at offset: 1"),
        (
            b'{"a": [1 2]}',
            "JSON Parse error: Missing a comma or } after an object member, or a comma or ] after",
        ),
        (b'{"a": [1,]}', "JSON Parse error: Invalid value. at offset: "),
        (b'{"a": "x', "JSON Parse error: Missing a closing quotation mark in string. at offset: 6"),
        (b'{"a": "\\x"}', "JSON Parse error: Invalid escape character in string. at offset: 7"),
        ('{"é": x}'.encode(), "JSON Parse error: Invalid value. at offset: 7"),
        (b'{"a": "\xff"}', "JSON Parse error: Invalid encoding in string. at offset: 7"),
        (b'{"a": 1, "b": 2, "a": 3}', 'JSON Parse error: Name of object member is not unique: "a"'),
        (b'{"a": [{"b": 1, "b": 1}]}', 'JSON Parse error: Name of object member is not unique: "b"'),
        (b'{"a": ' + b"[" * 100_000, "JSON Parse error: Too many nested arrays or objects."),
        (b'{"a":' * 100_000, "JSON Parse error: Too many nested arrays or objects."),
        (b'{"a": ' + b"9" * 5000 + b"}", "JSON Parse error: Number too big to be stored in double."),
        (b'{"a": Inf}', "JSON Parse error: Invalid value. at offset: 6"),
        ('{"a": 1}'.encode("utf-16"), "JSON Parse error: Invalid encoding in string. at offset: 0"),
    ],
)
def test_what_is_no_object_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(ServingError) as raised:
        parse(body)
    assert raised.value.message[: len(message)] == message


def test_a_name_that_comes_twice_among_many_is_found_at_once() -> None:
    names = ", ".join(f'"name {number}": 1' for number in range(40_000))
    started = time.perf_counter()
    with pytest.raises(ServingError, match='not unique: "name 39999"'):
        parse(f'{{{names}, "name 39999": 1}}'.encode())
    assert time.perf_counter() - started < 3


_LETTERS = st.text('{}[]",:0123456789.eE-+truefalsnNIy \\u', max_size=60).map(str.encode)


@hypothesis.settings(max_examples=300, deadline=None)
@hypothesis.given(st.binary(max_size=60) | _LETTERS)
def test_rubbish_is_refused_or_an_object(body: bytes) -> None:
    try:
        found: Any = parse(body)
    except ServingError as error:
        found = error.code
    assert found is grpc.StatusCode.INVALID_ARGUMENT or isinstance(found, dict)


def test_a_large_value_is_cut_in_errors() -> None:
    assert len(as_text(["x" * 10_000] * 1000)) < 600
    assert as_text({"a": [1.5, None]}) == '{\n    "a": [\n        1.5,\n        null\n    ]\n}'
