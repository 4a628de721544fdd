"""What differs between two schemas, rule by rule, with nothing left out and nothing made up."""

from __future__ import annotations

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_metadata.proto.v0 import schema_pb2

from kit.data.rules import FIELDS, EditError, change
from kit.data.schema import read_schema, schema_text
from kit.data.schema_diff import SchemaChange, differences
from kit.project.folder import BUILT_IN

SCHEMA = """
feature { name: "age" type: INT presence { min_fraction: 0.98 min_count: 1 } int_domain { min: 13 max: 120 } }
feature { name: "city" type: BYTES domain: "place" drift_comparator { infinity_norm { threshold: 0.1 } } }
feature { name: "bought" type: INT bool_domain {} }
string_domain { name: "place" value: "Rom" value: "Oslo" }
"""


def parsed(text: str) -> schema_pb2.Schema:
    return text_format.Parse(text, schema_pb2.Schema())


def rows(before: str, after: str) -> list[tuple[str, ...]]:
    return [tuple(row) for row in differences(parsed(before), parsed(after))]


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        ("min_fraction: 0.98", "min_fraction: 0.5", ("age", "presence", "0.98", "0.5")),
        ("min_count: 1", "min_count: 7", ("age", "least rows", "min_count: 1", "min_count: 7")),
        ("max: 120", "", ("age", "most", "120", "")),
        ("max: 120", "max: 120 is_categorical: true", ("age", "int_domain", "", "is_categorical: true")),
        ('value: "Oslo"', 'value: "Bern"', ("city", "values", "Rom, Oslo", "Rom, Bern")),
        ("threshold: 0.1", "threshold: 0.2", ("city", "drift", "0.1", "0.2")),
        (
            "infinity_norm",
            "jensen_shannon_divergence",
            ("city", "drift measure", "infinity_norm { }", "jensen_shannon_divergence { }"),
        ),
        ("bool_domain {}", "int_domain { min: 0 max: 5 }", ("bought", "most", "1", "5")),
        (
            "bool_domain {}",
            'bool_domain {} not_in_environment: "SERVING"',
            ("bought", "not in environment", "", "SERVING"),
        ),
        (
            "bool_domain {}",
            "bool_domain {} value_count { min: 1 max: 1 }",
            ("bought", "values per row", "", "min: 1 max: 1"),
        ),
        (
            "bool_domain {}",
            "bool_domain {} lifecycle_stage: DEPRECATED",
            ("bought", "stage", "", "DEPRECATED"),
        ),
        (
            'string_domain { name: "place"',
            'default_environment: "A" string_domain { name: "place"',
            ("(schema)", "environments", "", "A"),
        ),
        (
            'string_domain { name: "place"',
            'string_domain { name: "x" value: "y" } string_domain { name: "place"',
            ("(schema)", "string_domain", "", 'name: "x" value: "y"'),
        ),
    ],
)
def test_one_rule_that_differs_is_one_row_both_ways(old: str, new: str, row: tuple[str, ...]) -> None:
    changed = SCHEMA.replace(old, new)
    assert changed != SCHEMA
    assert rows(SCHEMA, changed) == [row]
    assert rows(changed, SCHEMA) == [(row[0], row[1], row[3], row[2])]


def test_the_same_in_other_words_does_not_differ() -> None:
    assert rows(SCHEMA, SCHEMA) == []
    assert rows(SCHEMA, SCHEMA.replace('"place"', '"town"')) == []
    assert rows(SCHEMA, SCHEMA.replace('value: "Rom" value: "Oslo"', 'value: "Oslo" value: "Rom"')) == []
    assert rows(SCHEMA, SCHEMA.replace("bool_domain {}", "int_domain { min: 0 max: 1 }")) == []


def test_a_whole_feature_is_one_row() -> None:
    more = (
        SCHEMA
        + 'feature { name: "note" type: BYTES string_domain { value: "a, b" } presence { min_fraction: 1 } }'
    )
    assert rows(SCHEMA, more) == [("note", "feature", "", 'BYTES, presence 1, values "a, b"')]
    [change] = differences(parsed(SCHEMA), parsed(more))
    assert change.brief == ("none", 'BYTES, presence 1, values "a, b"')
    assert rows(more, SCHEMA) == [("note", "feature", 'BYTES, presence 1, values "a, b"', "")]


def test_a_threshold_that_is_new_comes_without_its_measure() -> None:
    without = SCHEMA.replace(" drift_comparator { infinity_norm { threshold: 0.1 } }", "")
    assert rows(without, SCHEMA) == [("city", "drift", "", "0.1")]


def test_of_many_values_a_person_is_shown_what_went_and_came() -> None:
    many = [f"v{number}" for number in range(100)]
    row = SchemaChange("city", "values", ", ".join(many), ", ".join([*many[1:], "new"]))
    assert row.brief == ("100 values", "-v0, +new")
    assert str(row) == "city, values: 100 values → -v0, +new"
    assert SchemaChange("city", "values", "", ", ".join(many)).brief == (
        "none",
        "v0, v1, v2, v3, v4, v5, v6, v7 and 92 more",
    )


TEXTS = st.sampled_from(["", "0", "1", "0.5", "7", "INT", "FLOAT", "BYTES", "a", "a, b"])


@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from(FIELDS), TEXTS), max_size=4))
def test_what_is_not_the_same_file_differs(edits: list[tuple[int, str, str]]) -> None:
    """Whatever the editor can do to the recommender's schema is seen, and nothing where it did nothing."""
    curated = read_schema(BUILT_IN / "recommender" / "schema.pbtxt")
    edited = schema_pb2.Schema.FromString(curated.SerializeToString())
    for feature, field, text in edits:
        try:
            change(edited, edited.feature[feature], field, text)
        except EditError:
            continue
    found = differences(curated, edited)
    if schema_text(curated) == schema_text(edited):
        assert found == []
    else:
        assert found or _same(curated, edited)


def _same(one: schema_pb2.Schema, other: schema_pb2.Schema) -> bool:
    """Return whether two schemas differ in nothing but empty messages and the writing of a range from 0 to 1."""
    texts = [
        schema_text(schema).replace("  int_domain { }\n", "").replace("  float_domain { }\n", "")
        for schema in (one, other)
    ]
    return texts[0].replace("bool_domain { }", "int_domain { min: 0 max: 1 }") == texts[1].replace(
        "bool_domain { }", "int_domain { min: 0 max: 1 }"
    )


def test_a_schema_is_written_one_rule_a_line_and_reads_back_as_it_was() -> None:
    file = BUILT_IN / "recommender" / "schema.pbtxt"
    curated = read_schema(file)
    head, _, body = file.read_text().partition("\n")
    assert head.startswith("# ")
    assert schema_text(curated) == body, "an update of the committed file changes no line that it need not"
    odd = parsed(
        'feature { name: "say \\"so\\"\\n" type: BYTES string_domain { value: "東京" value: "a\\\\b" } }'
    )
    assert parsed(schema_text(odd)) == odd
    assert "東京" in schema_text(odd)
