"""SQL expressions over TFDV's statistics of a feature, in the form of TFDV's custom validations.

TFDV 1.21 comes without the engine for custom validations (it needs ZetaSQL, which is not in the wheel), so SQLite
evaluates them here. Expressions can use what TFDV's `FeatureNameStatistics` holds, by the names of its fields
(https://www.tensorflow.org/tfx/data_validation/custom_data_validation):

    feature.num_stats.min >= 0
    feature.string_stats.unique BETWEEN 2 AND 6 AND feature.string_stats.avg_length < 20
    feature.num_stats.mean < 2 * feature_base.num_stats.mean

`feature` is the judged data, `feature_base` the training data.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import statistics_pb2

FEATURE, BASE = "feature", "feature_base"
_NAMES = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|(?<![\w.:])(feature_base|feature)((?:\.\w+)*)")
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION}


def check_expression(expression: str) -> None:
    """Refuse what is not an expression over the statistics of a feature.

    Raises:
        ValueError: when it cannot be compiled, or names what TFDV does not have; the message lists what there is.
    """
    named = list(_fields(expression))
    if not named:
        raise ValueError(f"an expression is about {FEATURE} or {BASE}, such as feature.num_stats.min >= 0")
    for _, path in named:
        _check_path(path)
    try:
        with closing(_engine()) as engine:
            engine.execute(f"EXPLAIN {_query(expression)}", [1] * len(named)).fetchall()
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise ValueError(f"{expression!r} must be an expression of SQL, but is not: {error}") from None


def evaluate(expression: str, features: Mapping[str, statistics_pb2.FeatureNameStatistics]) -> bool | None:
    """Return whether an expression that was checked is true of the statistics.

    Args:
        expression: an expression over the names of `features`.
        features: the statistics behind `feature`, and behind `feature_base` where there are any.

    Returns:
        None where the statistics do not have it, as the mean of a text.
    """
    values = [_value(features.get(name), path) for name, path in _fields(expression)]
    try:
        with closing(_engine()) as engine:
            [(found,)] = engine.execute(_query(expression), values)
    except sqlite3.Error:  # an overflow; what does not compile was refused when project.yml was read
        return None
    return bool(found) if isinstance(found, int | float) else None


def measured(expression: str, features: Mapping[str, statistics_pb2.FeatureNameStatistics]) -> dict[str, Any]:
    """Return the value of each field that an expression names."""
    return {".".join((name, *path)): _value(features.get(name), path) for name, path in _fields(expression)}


def _fields(expression: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for match in _NAMES.finditer(expression):
        if match[1]:
            yield match[1], tuple(match[2].split(".")[1:])


def _query(expression: str) -> str:
    return f"SELECT ({_NAMES.sub(lambda match: '?' if match[1] else match[0], expression)})"


def _engine() -> sqlite3.Connection:
    """Return an empty database in memory that computes and does nothing else: no tables, no pragmas, no recursion."""
    engine = sqlite3.connect(":memory:")
    engine.set_authorizer(_authorize)
    return engine


def _authorize(action: int, _: str | None, name: str | None, *__: str | None) -> int:
    is_allowed = action in _ALLOWED and name != "load_extension"
    return sqlite3.SQLITE_OK if is_allowed else sqlite3.SQLITE_DENY


def _check_path(path: tuple[str, ...]) -> None:
    from tensorflow_metadata.proto.v0 import statistics_pb2  # noqa: PLC0415  only who has validations needs it

    message = statistics_pb2.FeatureNameStatistics.DESCRIPTOR
    for depth, name in enumerate(path):
        fields = message.fields_by_name if message else {}
        if name not in fields or fields[name].is_repeated:
            before = ".".join((FEATURE, *path[:depth]))
            known = ", ".join(field.name for field in fields.values() if not field.is_repeated)
            raise ValueError(f"{before} has no single value {name!r}; it has {known or 'no fields'}")
        message = fields[name].message_type
    if message is not None:
        known = ", ".join(field.name for field in message.fields if not field.is_repeated)
        raise ValueError(f"{'.'.join((FEATURE, *path))} is not a value, but has some: {known}")


def _value(feature: statistics_pb2.FeatureNameStatistics | None, path: tuple[str, ...]) -> Any:
    """Return a field; None where the statistics are of another type, as num_stats of a text."""
    value: Any = feature
    for name in path:
        if value is None or (value.DESCRIPTOR.fields_by_name[name].message_type and not value.HasField(name)):
            return None
        value = getattr(value, name)
    return value
