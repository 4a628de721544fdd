"""The schema's rule for one feature as texts that a person can edit, and back."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tensorflow_metadata.proto.v0 import schema_pb2

TYPES = ("BYTES", "INT", "FLOAT")
_ENDS = ("min", "max")
FIELDS = ("type", "presence", "least", "most", "values", "drift", "skew")


class EditError(ValueError):
    """A text is not a value that the field can have; the message says what it must be."""


@dataclass(frozen=True)
class SchemaRule:
    """What the schema says about one feature; an empty text is no rule.

    Attributes:
        feature: its name.
        type: BYTES, INT or FLOAT.
        presence: the least share of examples that have the feature, 0 to 1.
        least: the least value of a number.
        most: the greatest value of a number.
        values: the allowed texts, with commas between them; one with a comma is in quotes.
        drift: the greatest distance to an earlier span, 0 to 1.
        skew: the greatest distance between training and serving, 0 to 1.
    """

    feature: str
    type: str
    presence: str
    least: str
    most: str
    values: str
    drift: str
    skew: str


def rule_of(feature: schema_pb2.Feature, schema: schema_pb2.Schema) -> SchemaRule:
    """Read the rule of a feature; Jensen-Shannon and L-infinity thresholds look the same."""
    least, most = _range(feature)
    has_presence = feature.HasField("presence") and feature.presence.HasField("min_fraction")
    return SchemaRule(
        feature.name,
        schema_pb2.FeatureType.Name(feature.type),
        _number(feature.presence.min_fraction) if has_presence else "",
        least,
        most,
        _joined(allowed_values(feature, schema)),
        _threshold(feature, "drift_comparator"),
        _threshold(feature, "skew_comparator"),
    )


def allowed_values(feature: schema_pb2.Feature, schema: schema_pb2.Schema) -> list[str]:
    """Return the texts that a feature may have; none: any."""
    if feature.HasField("string_domain"):
        return list(feature.string_domain.value)
    shared = {domain.name: list(domain.value) for domain in schema.string_domain}
    return shared.get(feature.domain, [])


def change(schema: schema_pb2.Schema, feature: schema_pb2.Feature, field: str, text: str) -> None:
    """Give one field of a feature a new text, which must be what `SchemaRule` says.

    Raises:
        EditError: when the text is not valid there; the feature is unchanged.
    """
    _SETTERS[field](schema, feature, text.strip())


def _set_type(schema: schema_pb2.Schema, feature: schema_pb2.Feature, text: str) -> None:
    del schema
    if text not in TYPES:
        raise EditError(f"a type is {', '.join(TYPES)}, not {text or 'nothing'}")
    if schema_pb2.FeatureType.Name(feature.type) != text:
        feature.type = schema_pb2.FeatureType.Value(text)
        domain = feature.WhichOneof("domain_info")
        if domain:  # a domain belongs to its type
            feature.ClearField(domain)
        feature.ClearField("distribution_constraints")  # which TFDV refuses without a domain


def _set_presence(schema: schema_pb2.Schema, feature: schema_pb2.Feature, text: str) -> None:
    del schema
    value = _share(text)
    if value is None:
        feature.presence.ClearField("min_fraction")
    else:
        feature.presence.min_fraction = value


def _set_bound(schema: schema_pb2.Schema, feature: schema_pb2.Feature, text: str, end: str) -> None:
    del schema
    kind = schema_pb2.FeatureType.Name(feature.type)
    if kind not in {"INT", "FLOAT"}:
        if text:
            raise EditError(f"only numbers have a range, and this is {kind}")
        return
    bounds = dict(zip(_ENDS, (_bound(one, kind) for one in _range(feature)), strict=True))
    if bounds[end] == (value := _bound(text, kind)):
        return
    bounds[end] = value
    low, high = bounds.values()
    if low is not None and high is not None and low > high:
        raise EditError(f"the least value {low:g} must not be above the greatest {high:g}")
    name = "int_domain" if kind == "INT" else "float_domain"
    changed = {end: value}
    if (domain := feature.WhichOneof("domain_info")) and domain != name:  # such as a domain of truth values
        feature.ClearField(domain)
        changed = bounds
    getattr(feature, name).SetInParent()
    for one, bound in changed.items():
        getattr(feature, name).ClearField(one)
        if bound is not None:
            setattr(getattr(feature, name), one, bound)


def _set_values(schema: schema_pb2.Schema, feature: schema_pb2.Feature, text: str) -> None:
    """Set the allowed values; a domain that other features share is copied for this one first."""
    values = split_values(text)
    if values and feature.type != schema_pb2.BYTES:
        raise EditError(
            f"only BYTES have allowed values, and this is {schema_pb2.FeatureType.Name(feature.type)}"
        )
    if values == allowed_values(feature, schema):
        return
    if not values:
        for name in ("domain", "string_domain", "distribution_constraints"):
            feature.ClearField(name)
        return
    sharing = sum(other.domain == feature.domain for other in schema.feature) if feature.domain else 0
    shared = [domain for domain in schema.string_domain if domain.name == feature.domain]
    target = shared[0] if shared and sharing == 1 else feature.string_domain
    del target.value[:]
    target.value.extend(values)
    if target is feature.string_domain:
        target.name = feature.name


def _set_threshold(schema: schema_pb2.Schema, feature: schema_pb2.Feature, text: str, name: str) -> None:
    """L-infinity for texts, Jensen-Shannon divergence for numbers: what TFDV can compute for each."""
    del schema
    value = _share(text)
    feature.ClearField(name)
    if value is not None:
        comparator = getattr(feature, name)
        kind = "infinity_norm" if feature.type == schema_pb2.BYTES else "jensen_shannon_divergence"
        getattr(comparator, kind).threshold = value


_SETTERS: dict[str, Callable[[schema_pb2.Schema, schema_pb2.Feature, str], None]] = {
    "type": _set_type,
    "presence": _set_presence,
    "least": lambda schema, feature, text: _set_bound(schema, feature, text, "min"),
    "most": lambda schema, feature, text: _set_bound(schema, feature, text, "max"),
    "values": _set_values,
    "drift": lambda schema, feature, text: _set_threshold(schema, feature, text, "drift_comparator"),
    "skew": lambda schema, feature, text: _set_threshold(schema, feature, text, "skew_comparator"),
}


def split_values(text: str) -> list[str]:
    """Split a text at its commas into values, each once.

    Raises:
        EditError: when a quotation mark is not closed.
    """
    try:
        rows = csv.reader([text], skipinitialspace=True, strict=True)
        return list(dict.fromkeys(value for row in rows for value in map(str.strip, row) if value))
    except csv.Error as error:
        raise EditError(f"values are separated by commas, and quoted where they have one: {error}") from None


def _joined(values: list[str]) -> str:
    return ", ".join(_quoted(value) if set(value) & {",", '"'} else value for value in values)


def _quoted(value: str) -> str:
    doubled = value.replace('"', '""')
    return f'"{doubled}"'


def _range(feature: schema_pb2.Feature) -> tuple[str, str]:
    if feature.HasField("bool_domain") and feature.type == schema_pb2.INT:
        return "0", "1"
    for name in ("int_domain", "float_domain"):
        if feature.HasField(name):
            domain = getattr(feature, name)
            low, high = ((_number(getattr(domain, e)) if domain.HasField(e) else "") for e in _ENDS)
            return low, high
    return "", ""


def _threshold(feature: schema_pb2.Feature, name: str) -> str:
    comparator = getattr(feature, name)
    for kind in ("infinity_norm", "jensen_shannon_divergence", "normalized_abs_difference"):
        if comparator.HasField(kind):
            return _number(getattr(comparator, kind).threshold)
    return ""


def _bound(text: str, kind: str) -> Any:
    if not text:
        return None
    try:
        return int(text) if kind == "INT" else _finite(text)
    except ValueError:
        what = "a whole number" if kind == "INT" else "a number"
        raise EditError(f"the range of {kind} needs {what}, not {text}") from None


def _share(text: str) -> float | None:
    try:
        value = _finite(text) if text else None
    except ValueError:
        value = -1.0
    if value is not None and not 0 <= value <= 1:
        raise EditError(f"this is a share from 0 to 1, not {text}")
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _number(value: float) -> str:
    """Return the shortest text that reads back as the same float32, the type of some thresholds and ranges."""
    return f"{value:.7g}" if isinstance(value, float) else str(value)
