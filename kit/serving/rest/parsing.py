"""JSON of a request: text to values, and values to the wording of errors."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from kit.serving.errors import ServingError, invalid

_MOST_LETTERS = 500
"""Longest value that an error repeats."""
_UINT64_MAX = (1 << 64) - 1
_TYPES = {str: "String", int: "Number", float: "Number", list: "Array", dict: "Object", type(None): "Null"}
# RapidJSON's texts for the errors that Python's parser distinguishes.
_MISTAKES = {
    "Expecting value": "Invalid value.",
    "Expecting ',' delimiter": "Missing a comma or } after an object member, or a comma or ] after an array element.",
    "Expecting ':' delimiter": "Missing a colon after a name of object member.",
    "Expecting property name enclosed in double quotes": "Missing a name for object member.",
    "Illegal trailing comma before end of object": "Missing a name for object member.",
    "Illegal trailing comma before end of array": "Invalid value.",
    "Extra data": "The document root must not be followed by other values.",
    "Unterminated string starting at": "Missing a closing quotation mark in string.",
    "Invalid \\escape": "Invalid escape character in string.",
    "Invalid \\uXXXX escape": "Incorrect hex digit after \\u escape in string.",
    "Invalid control character at": "Invalid encoding in string.",
}
TOO_BIG = "Number too big to be stored in double."


class Constant(float):
    """NaN, Infinity or -Infinity as written, to distinguish it from a number that is too large for a double."""


def parse_error(reason: str) -> ServingError:
    return invalid(f"JSON Parse error: {reason}")


def form_error(value: Any, text: str) -> ServingError:
    """Return the error for a value of the wrong form."""
    return invalid(f"JSON Value: {as_text(value)} {text}")


def parse(body: bytes) -> dict[str, Any]:
    """Parse the body of a request, which must be an object.

    Returns:
        Its members. NaN and the infinities are instances of `Constant`.

    Raises:
        ServingError: INVALID_ARGUMENT when it is not an object.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise parse_error(f"Invalid encoding in string. at offset: {error.start}") from None
    if not text:
        raise parse_error("The document is empty")
    try:
        found = json.loads(text, parse_constant=Constant, object_pairs_hook=_members)
    except json.JSONDecodeError as error:
        reason = next((_MISTAKES[start] for start in _MISTAKES if error.msg.startswith(start)), error.msg)
        raise parse_error(f"{reason} at offset: {len(text[: error.pos].encode(errors='replace'))}") from None
    except RecursionError:
        raise parse_error("Too many nested arrays or objects.") from None
    except ValueError:  # an integer of thousands of digits
        raise parse_error(TOO_BIG) from None
    if type(found) is not dict:
        raise form_error(found, "Is not object")
    return found


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice = _first_twice(name for name, _ in pairs)
        # A gateway and a server that each pick a different one would see different requests.
        raise parse_error(f"Name of object member is not unique: {as_text(twice)}")
    return members


def _first_twice(names: Iterable[str]) -> str:
    """Return the first name that comes again; one pass, as a stranger chooses how many names there are."""
    seen: set[str] = set()
    return next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def as_text(value: Any) -> str:
    """Return a value as errors quote it: as JSON, indented like the real server's, and cut when it is long."""
    parts, length = [], 0
    for part in json.JSONEncoder(indent=4, ensure_ascii=False).iterencode(value):
        parts.append(part)
        length += len(part)
        if length > _MOST_LETTERS:
            return "".join(parts)[:_MOST_LETTERS] + "…"
    return "".join(parts)


def type_name(value: Any) -> str:
    """Return RapidJSON's word for the type of a value."""
    if isinstance(value, bool):
        return str(value)
    return _TYPES.get(type(value), "Number")  # a Constant


def is_integer(value: Any) -> bool:
    """Return whether a value is an integer to RapidJSON, for which an integer beyond 64 bits is a double."""
    return type(value) is int and -(1 << 63) <= value <= _UINT64_MAX


def double_of(value: float) -> float:
    """Return a number as a double.

    Raises:
        ServingError: INVALID_ARGUMENT when it is too large for one.
    """
    check_doubles([value])
    try:
        return float(value)
    except OverflowError:
        raise parse_error(TOO_BIG) from None


def check_doubles(values: Iterable[Any]) -> None:
    """Check that infinities were written as such.

    Raises:
        ServingError: INVALID_ARGUMENT when one was written as a number too large for a double.
    """
    if any(type(value) is float and math.isinf(value) for value in values):
        raise parse_error(TOO_BIG)


def encoded(text: str) -> bytes:
    """Return a string as UTF-8; see `all_encoded`."""
    return all_encoded([text])[0]


def all_encoded(texts: Iterable[str]) -> list[bytes]:
    """Return strings as UTF-8.

    Raises:
        ServingError: INVALID_ARGUMENT when one has a lone surrogate.
    """
    try:
        return [text.encode() for text in texts]
    except UnicodeEncodeError:
        raise parse_error("The surrogate pair in string is invalid.") from None
