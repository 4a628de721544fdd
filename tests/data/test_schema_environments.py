"""Training and serving as environments of a schema, judged by TFDV."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from kit.data.environments import SERVING, TRAINING, Environment, add_environments, validate
from kit.data.schema import Columns, Statistics, infer, load_schema, read_schema
from kit.data.validation import read_anomalies
from kit.errors import ProjectError
from kit.project.folder import BUILT_IN

from .sessions import check, small

SCHEMA = """
feature { name: "age" type: INT presence { min_fraction: 1 min_count: 1 } }
feature { name: "bought" type: INT presence { min_fraction: 1 min_count: 1 } }
"""


def schema() -> schema_pb2.Schema:
    made = text_format.Parse(SCHEMA, schema_pb2.Schema())
    add_environments(made, "bought")
    return made


def statistics(*columns: str) -> Statistics:
    return tfdv.generate_statistics_from_dataframe(pd.DataFrame({name: [0, 1, 1] for name in columns}))


@pytest.mark.parametrize(
    ("environment", "columns", "found"),
    [
        (TRAINING, ("age", "bought"), {}),
        (TRAINING, ("age",), {"bought": "Column dropped"}),
        (SERVING, ("age",), {}),
        (SERVING, ("age", "bought"), {"bought": "Column missing in environment"}),
        (SERVING, ("bought",), {"age": "Column dropped", "bought": "Column missing in environment"}),
    ],
)
def test_a_label_belongs_to_training_only(
    environment: Environment, columns: tuple[str, ...], found: dict[str, str]
) -> None:
    anomalies = validate(statistics(*columns), schema(), environment)
    assert {name: info.short_description for name, info in anomalies.anomaly_info.items()} == found


def test_a_schema_without_environments_is_one_for_training() -> None:
    plain = text_format.Parse(SCHEMA, schema_pb2.Schema())
    assert "bought" in validate(statistics("age"), plain, TRAINING).anomaly_info
    message = r"must know the environment SERVING, but it has none.*default_environment: \"SERVING\""
    with pytest.raises(ProjectError, match=message):
        validate(statistics("age"), plain, SERVING)


def test_environments_that_somebody_wrote_stay() -> None:
    mine = text_format.Parse(
        'default_environment: "DAY" feature { name: "bought" type: INT }', schema_pb2.Schema()
    )
    before = mine.SerializeToString()
    add_environments(mine, "bought")
    assert mine.SerializeToString() == before
    half = text_format.Parse(
        'feature { name: "bought" type: INT in_environment: "TRAINING" }', schema_pb2.Schema()
    )
    add_environments(half, "bought")
    assert list(half.default_environment) == [TRAINING, SERVING]
    assert not half.feature[0].not_in_environment, "who says where a feature is says it once"


def test_the_recommender_asks_requests_for_everything_but_the_label() -> None:
    curated = read_schema(BUILT_IN / "recommender" / "schema.pbtxt")
    assert list(curated.default_environment) == [TRAINING, SERVING]
    assert {feature.name for feature in curated.feature if feature.not_in_environment} == {"clicked"}


def test_an_inferred_schema_knows_both_and_example_validator_still_wants_the_label(
    tmp_path: Path,
) -> None:
    session = check(small(tmp_path / "shop", "Rom Oslo " * 30, "Rom Oslo " * 30))
    inferred = load_schema(session.path("SchemaGen", "schema"))
    assert list(inferred.default_environment) == [TRAINING, SERVING]
    assert {feature.name for feature in inferred.feature if feature.not_in_environment} == {"bought"}
    assert read_anomalies(session.path("ExampleValidator", "anomalies")) == []


def test_an_inferred_schema_gives_an_empty_column_the_type_of_the_project() -> None:
    frame = pd.DataFrame({"age": pd.Series([None, None], dtype=object), "bought": [0, 1]})
    columns = Columns("bought", {"bought": "INT", "age": "INT"}, ())
    inferred = infer(tfdv.generate_statistics_from_dataframe(frame), columns)
    assert [(one.name, one.type) for one in inferred.feature] == [
        ("bought", schema_pb2.INT),
        ("age", schema_pb2.INT),
    ], "in the order of the project"
    assert not validate(statistics("age", "bought"), inferred, TRAINING).anomaly_info


def test_requests_have_neither_label_nor_weight() -> None:
    frame = pd.DataFrame({"age": [1, 2], "importance": [0.5, 2.0], "bought": [0, 1]})
    columns = Columns("bought", {"age": "INT", "importance": "FLOAT", "bought": "INT"}, (), "importance")
    inferred = infer(tfdv.generate_statistics_from_dataframe(frame), columns)
    kept_out = {feature.name for feature in inferred.feature if feature.not_in_environment}
    assert kept_out == {"bought", "importance"}
    assert not validate(statistics("age"), inferred, SERVING).anomaly_info


def test_an_inferred_schema_has_lists_of_values_only_where_they_are_of_a_fixed_set() -> None:
    """A new id is no anomaly; a third truth value is one, where more than a few rows have it."""
    types = {"town": "BYTES", "eu": "BYTES"}

    def made(towns: str, truths: list[str]) -> Statistics:
        frame = pd.DataFrame({"town": list(towns) * 50, "eu": truths * 50})
        return tfdv.generate_statistics_from_dataframe(frame)

    inferred = infer(made("ab", ["true", "false"]), Columns("x", types, ["town"]))
    assert not inferred.string_domain
    assert not validate(made("cd", ["true", "false"]), inferred, TRAINING).anomaly_info
    few = validate(made("c" * 200, ["true"] * 199 + ["TRUE"]), inferred, TRAINING)
    many = validate(made("cd", ["true", "TRUE"]), inferred, TRAINING)
    assert (list(few.anomaly_info), list(many.anomaly_info)) == ([], ["eu"])
    assert list(infer(made("ab", ["true", "false"]), Columns("x", types, ())).string_domain[0].value) == [
        "a",
        "b",
    ]
