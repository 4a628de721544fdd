"""The complete difference of two schemas, in the words of the editor's rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from kit.data.rules import FIELDS, allowed_values, rule_of, split_values

WHOLE = "(schema)"
_VALUES, _FEATURE = "values", "feature"
# What the editor's rules do not show, in words; anything else keeps its name in the file.
_WORDS = {
    "presence": "least rows",
    "value_count": "values per row",
    "distribution_constraints": "known values",
    "drift_comparator": "drift measure",
    "skew_comparator": "skew measure",
    "not_in_environment": "not in environment",
    "in_environment": "in environment",
    "lifecycle_stage": "stage",
    "default_environment": "environments",
}
_RANGES = ("int_domain", "float_domain")
_COMPARATORS = ("drift_comparator", "skew_comparator")
_SHOWN_VALUES = 8


class SchemaChange(NamedTuple):
    """One rule that differs.

    Attributes:
        feature: its name, or `(schema)`.
        rule: a field of `SchemaRule`, `feature` for a whole one, or the name of something else.
        before: the old rule, as text; empty: there was none.
        after: the new rule, as text; empty: there is none any more.
    """

    feature: str
    rule: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.feature}, {self.rule}: {self.brief[0]} → {self.brief[1]}"

    @property
    def brief(self) -> tuple[str, str]:
        """Before and after as a table shows them: of a list of values only what was removed and added."""
        if self.rule == _FEATURE:  # made of brief texts
            return self.before or "none", self.after or "none"
        if self.rule != _VALUES or not (self.before and self.after):
            return _short(self.before), _short(self.after)
        before, after = split_values(self.before), split_values(self.after)
        gone = [f"-{value}" for value in before if value not in after]
        come = [f"+{value}" for value in after if value not in before]
        return f"{len(before)} values", _some([*gone, *come]) or "in another order"


def count_of_changes(count: int) -> str:
    return "1 change" if count == 1 else f"{count} changes"


def differences(before: schema_pb2.Schema, after: schema_pb2.Schema) -> list[SchemaChange]:
    """Return every rule that differs, feature by feature in the order of the later schema, then the rest.

    Schemas that mean the same do not differ, as when only a domain's name does.
    """
    old, new = ({feature.name: feature for feature in schema.feature} for schema in (before, after))
    rows: list[SchemaChange] = []
    for name in (*new, *(name for name in old if name not in new)):
        if name in old and name in new:
            rows += _of_feature(old[name], before, new[name], after)
        else:
            texts = (_whole(old.get(name), before), _whole(new.get(name), after))
            rows.append(SchemaChange(name, _FEATURE, *texts))
    return [*rows, *_changed(WHOLE, _left_of_schema(before), _left_of_schema(after))]


def _of_feature(
    old: schema_pb2.Feature, before: schema_pb2.Schema, new: schema_pb2.Feature, after: schema_pb2.Schema
) -> Iterator[SchemaChange]:
    was, now = rule_of(old, before), rule_of(new, after)
    for field in FIELDS:
        texts = (getattr(was, field), getattr(now, field))
        if texts[0] != texts[1] and not (field == _VALUES and _same_values(old, before, new, after)):
            yield SchemaChange(new.name, field, *texts)
    left = [_left_of_feature(feature) for feature in (old, new)]
    for name in _COMPARATORS:  # the measure of a new threshold needs no line of its own
        if not all(name in of for of in left):
            for of in left:
                of.pop(name, None)
    yield from _changed(new.name, *left)


def _same_values(
    old: schema_pb2.Feature, before: schema_pb2.Schema, new: schema_pb2.Feature, after: schema_pb2.Schema
) -> bool:
    return set(allowed_values(old, before)) == set(allowed_values(new, after))


def _whole(feature: schema_pb2.Feature | None, schema: schema_pb2.Schema) -> str:
    """Return all rules of a feature in one text."""
    if feature is None:
        return ""
    rule = rule_of(feature, schema)
    texts = [f"{name} {_short(text)}" for name in FIELDS[1:] if (text := getattr(rule, name))]
    return ", ".join([rule.type, *texts])


def _left_of_feature(feature: schema_pb2.Feature) -> dict[str, str]:
    """Return what the editor's fields do not show of a feature."""
    left = schema_pb2.Feature.FromString(feature.SerializeToString())
    for name in ("name", "type", "domain", "bool_domain" if feature.type == schema_pb2.INT else "name"):
        left.ClearField(name)
    left.presence.ClearField("min_fraction")
    for name in _RANGES:
        if left.HasField(name):
            for end in ("min", "max", "name"):
                getattr(left, name).ClearField(end)
    if left.HasField("string_domain"):
        del left.string_domain.value[:]
        left.string_domain.ClearField("name")
    for name in _COMPARATORS:
        for _, measure in getattr(left, name).ListFields() if left.HasField(name) else ():
            measure.ClearField("threshold")
    return _texts(left)


def _left_of_schema(schema: schema_pb2.Schema) -> dict[str, str]:
    """Return what belongs to no feature; a domain belongs to the features that name it."""
    left = schema_pb2.Schema.FromString(schema.SerializeToString())
    named = {feature.domain for feature in schema.feature}
    unused = [domain for domain in schema.string_domain if domain.name not in named]
    del left.feature[:], left.string_domain[:]
    left.string_domain.extend(unused)
    return _texts(left)


def _texts(message: Any) -> dict[str, str]:
    """Return each non-empty field of a message as one line."""
    found = {}
    for field, value in message.ListFields():
        parts = value if field.is_repeated else (value,)
        if field.message_type:
            text = ", ".join(
                text_format.MessageToString(part, as_one_line=True, as_utf8=True) for part in parts
            )
        elif field.enum_type:
            text = ", ".join(field.enum_type.values_by_number[part].name for part in parts)
        else:
            text = ", ".join(str(part) for part in parts)
        if text.strip():
            found[field.name] = text.strip()
    return found


def _changed(feature: str, before: dict[str, str], after: dict[str, str]) -> Iterator[SchemaChange]:
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name, ""), after.get(name, "")
        if was != now:
            yield SchemaChange(feature, _WORDS.get(name, name), was, now)


def _short(text: str) -> str:
    return _some(text.split(", ")) if text else "none"


def _some(parts: list[str]) -> str:
    more = len(parts) - _SHOWN_VALUES
    return ", ".join(parts[:_SHOWN_VALUES]) + (f" and {more} more" if more > 0 else "")
