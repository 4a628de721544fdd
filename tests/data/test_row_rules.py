"""What a single row can break, told as the schema says it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from google.protobuf import text_format
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

from kit.data.row_rules import RowRule, rules_of_rows
from kit.project.file import Column

FAST = settings(max_examples=50)
TYPES = {"int": pa.int64(), "float": pa.float32(), "string": pa.string()}


def rules(text: str, **dtypes: Any) -> dict[str, RowRule]:
    schema = text_format.Parse(text, schema_pb2.Schema())
    return rules_of_rows(
        schema, {name: Column(kind="category", dtype=dtype) for name, dtype in dtypes.items()}
    )


SCHEMAS: dict[str, tuple[str, Any, list[Any], dict[int, str]]] = {
    "range": (
        "type: INT int_domain { min: 13 max: 120 }", "int", [12, 13, None, 120, 121],
        {0: "x is below 13: 12", 4: "x is above 120: 121"},
    ),
    "one end": ("type: INT int_domain { min: 0 }", "int", [-1, 2**62], {0: "x is below 0: -1"}),
    "truth": ("type: INT bool_domain {}", "int", [0, 1, 2], {2: "x is above 1: 2"}),
    "float": ("type: FLOAT float_domain { max: 0.1 }", "float", [0.1, 0.11], {1: "x is above 0.1: 0.11"}),
    "not finite": (
        "type: FLOAT float_domain { disallow_nan: true disallow_inf: true }", "float", [1.0, np.nan, np.inf],
        {1: "x is not a number: nan", 2: "x is infinite: inf"},
    ),
    "NaN where nothing is said of it": ("type: FLOAT float_domain { max: 1 }", "float", [np.nan, 1], {}),
    "values": (
        "type: BYTES string_domain { value: 'a' value: 'é' }", "string", ["a", "b", None, "é"],
        {1: "x has an unknown value: 'b'"},
    ),
    "values of a shared domain, of which a share may be new": (
        "type: BYTES domain: 'd' distribution_constraints { min_domain_mass: 0.9 }", "string", ["a", "b"],
        {1: "x has an unknown value: 'b'"},
    ),
    "in all rows": ("type: INT presence { min_fraction: 1 }", "int", [1, None], {1: "x is missing"}),
}  # fmt: skip


@pytest.mark.parametrize(("text", "dtype", "values", "expected"), SCHEMAS.values(), ids=list(SCHEMAS))
def test_a_row_is_told_what_it_breaks(
    text: str, dtype: str, values: list[Any], expected: dict[int, str]
) -> None:
    shared = "string_domain { name: 'd' value: 'a' }"
    [rule] = rules(f"{shared} feature {{ name: 'x' {text} }}", x=dtype).values()
    found = {fault.row: str(fault) for fault in rule.faults(pa.array(values, TYPES[dtype]))}
    assert found == expected


@pytest.mark.parametrize(
    "text",
    [
        "type: BYTES",
        "type: INT presence { min_fraction: 0.98 }",
        "type: FLOAT float_domain { max: 3 }",
        "type: INT",
    ],
)
def test_what_one_row_cannot_break_is_no_rule(text: str) -> None:
    """Shares are of all rows; another type than the column's is an anomaly that ExampleValidator tells."""
    assert rules(f"feature {{ name: 'x' {text} }} feature {{ name: 'not read' type: INT }}", x="int") == {}


@FAST
@given(st.lists(st.none() | st.integers(-50, 50)), st.integers(-50, 50), st.integers(-50, 50), st.booleans())
def test_the_rows_at_fault_are_those_of_a_plain_loop(
    values: list[int | None], least: int, most: int, required: bool
) -> None:
    rule = RowRule("x", required=required, least=least, most=most)
    rows = {fault.row for fault in rule.faults(pa.array(values, pa.int64()))}
    assert rows == {
        row
        for row, value in enumerate(values)
        if (value is None and required) or (value is not None and not least <= value <= most)
    }
