"""Nested lists to tensors: the fast way and the exact one agree on everything, and on what is refused."""

from __future__ import annotations

import json
from typing import Any

import grpc
import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from kit.serving.errors import ServingError
from kit.serving.rest.dense import OutOfTheOrdinaryError, exact, fast, to_array
from kit.serving.rest.parsing import Constant

_DTYPES = [
    tf.float32,
    tf.float64,
    tf.int8,
    tf.int16,
    tf.int32,
    tf.int64,
    tf.uint8,
    tf.uint32,
    tf.uint64,
    tf.bool,
    tf.string,
    tf.float16,
]
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.integers(-5, 5)
    | st.floats()
    | st.sampled_from(
        [Constant("nan"), Constant("inf"), Constant("-inf"), 1e39, 16_777_215, 16_777_216, 1 << 53]
    )
    | st.text(st.characters(codec=None), max_size=3)
    | st.fixed_dictionaries({"b64": st.sampled_from(["aGk=", "aGk", "~", ""])})
)
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3), max_leaves=12)


def _alike(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw lists of one shape, which hardly ever come by chance."""
    return st.tuples(st.integers(1, 3), st.integers(0, 3)).flatmap(
        lambda shape: st.lists(
            st.lists(leaves, min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
        )
    )


_NUMBERS = st.integers(-5, 5) | st.floats(width=32)


def _outcome(way: Any, value: Any, dtype: Any) -> Any:
    try:
        array = way(value, dtype)
    except ServingError as error:
        return error.code
    return array.dtype, array.shape, array.tobytes() if array.dtype != object else array.tolist()


@hypothesis.settings(max_examples=400, deadline=None)
@hypothesis.given(
    _VALUES | _alike(_LEAVES) | _alike(st.integers(-5, 5) | st.floats(width=32)), st.sampled_from(_DTYPES)
)
def test_both_ways_agree(value: Any, dtype: Any) -> None:
    try:
        found = _outcome(fast, value, dtype)
    except OutOfTheOrdinaryError:
        assert _outcome(to_array, value, dtype) == _outcome(exact, value, dtype)
        return
    assert found == _outcome(exact, value, dtype)


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (3, tf.float32, np.float32(3)),
        ([1, 2.5, Constant("nan")], tf.float32, np.array([1, 2.5, np.nan], np.float32)),
        ([[1], [2]], tf.int64, np.array([[1], [2]])),
        ([(1 << 64) - 1], tf.uint64, np.array([(1 << 64) - 1], np.uint64)),
        ([1 << 65], tf.float32, np.array([2.0**65], np.float32)),
        ([True, False], tf.bool, np.array([True, False])),
        ([[], []], tf.float32, np.zeros((2, 0), np.float32)),
    ],
)
def test_values_become_tensors(value: Any, dtype: Any, expected: Any) -> None:
    found = to_array(value, dtype)
    assert (found.dtype, found.shape) == (dtype.as_numpy_dtype, expected.shape)
    np.testing.assert_array_equal(found, expected)


def test_texts_are_bytes_and_may_be_base64() -> None:
    assert to_array([["ä", {"b64": "/wA="}]], tf.string).tolist() == [["ä".encode(), b"\xff\x00"]]
    assert to_array({"b64": " aG\nk"}, tf.string).tolist() == b"hi"


_INVALID = grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("text", "dtype", "code", "message"),
    [
        ('["a"]', tf.float32, _INVALID, 'JSON Value: "a" Type: String is not of expected type: float'),
        ("[true]", tf.float32, _INVALID, "JSON Value: true Type: True is not of expected type: float"),
        ("[null]", tf.string, _INVALID, "JSON Value: null Type: Null is not of expected type: string"),
        ("[1.5]", tf.int32, _INVALID, "JSON Value: 1.5 Type: Number is not of expected type: int32"),
        ("[1.0]", tf.int64, _INVALID, "JSON Value: 1.0 Type: Number is not of expected type: int64"),
        (
            "[2147483648]",
            tf.int32,
            _INVALID,
            "JSON Value: 2147483648 Type: Number is not of expected type: int32",
        ),
        ("[1]", tf.bool, _INVALID, "JSON Value: 1 Type: Number is not of expected type: bool"),
        (
            '[{"x": 1}]',
            tf.int32,
            _INVALID,
            'JSON Value: {\n    "x": 1\n} Type: Object is not of expected type: int32',
        ),
        (
            '[{"b65": "aGk="}]',
            tf.string,
            _INVALID,
            'JSON Value: {\n    "b65": "aGk="\n} not formatted correctly for base64 data',
        ),
        ('[{"b64": "~"}]', tf.string, _INVALID, "Unable to base64 decode"),
        ('[{"b64": "aGk-"}]', tf.string, _INVALID, "Unable to base64 decode"),
        (
            "[16777216]",
            tf.float32,
            _INVALID,
            "Cannot convert JSON value: 16777216 to float without loss of precision.",
        ),
        (
            "[1e39]",
            tf.float32,
            _INVALID,
            "Cannot convert JSON value: 1e+39 to float without loss of precision.",
        ),
        ("[9007199254740992]", tf.float64, _INVALID, "Cannot convert JSON value: 9007199254740992 to double"),
        ("[1e999]", tf.float64, _INVALID, "JSON Parse error: Number too big to be stored in double."),
        (f"[1{'0' * 400}]", tf.float64, _INVALID, "JSON Parse error: Number too big to be stored in double."),
        ('["\\ud800"]', tf.string, _INVALID, "JSON Parse error: The surrogate pair in string is invalid."),
        (
            "[[1], 2]",
            tf.int32,
            _INVALID,
            "JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2",
        ),
        ("[1, [2]]", tf.int32, _INVALID, "Encountered list at unexpected level: 1 expected < 1"),
        (
            "[[1], [2, 3]]",
            tf.int32,
            _INVALID,
            "Encountered list at unexpected size: 2 at level: 1 expected size: 1",
        ),
        ("[" * 65 + "]" * 65, tf.int32, _INVALID, "Encountered list at unexpected level: 64 expected < 64"),
        ("[1]", tf.float16, grpc.StatusCode.UNIMPLEMENTED, "Conversion of JSON Value: 1 to type: half"),
        (
            "[1]",
            tf.complex64,
            grpc.StatusCode.UNIMPLEMENTED,
            "Conversion of JSON Value: 1 to type: complex64",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_the_real_servers_words(
    text: str, dtype: Any, code: grpc.StatusCode, message: str
) -> None:
    with pytest.raises(ServingError) as raised:
        to_array(json.loads(text, parse_constant=Constant), dtype)
    assert (raised.value.code, raised.value.message[: len(message)]) == (code, message)
