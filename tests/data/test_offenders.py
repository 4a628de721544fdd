"""The rows that an anomaly of any kind comes from."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from kit.data.encoding import encode
from kit.data.offenders import Complaint, Offenders, find_offenders


def _examples(tmp_path: Path, columns: dict[str, pa.Array]) -> Path:
    import tensorflow as tf  # noqa: PLC0415

    (tmp_path / "Split-eval").mkdir()
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(tmp_path / "Split-eval" / "data.gz"), options) as writer:
        for record in encode(pa.record_batch(columns)):
            writer.write(record)
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "rule", "column", "rows", "values"),
    [
        (
            "INT_TYPE_BIG_INT",
            {"int_domain": {"max": 5}},
            pa.array([1, 6, None, 5, 9]),
            [1, 4],
            {"6": 1, "9": 1},
        ),
        ("BOOL_TYPE_SMALL_INT", {"bool_domain": {}}, pa.array([0, -1, 1]), [1], {"-1": 1}),
        (
            "FLOAT_TYPE_SMALL_FLOAT",
            {"float_domain": {"min": 0.5}},
            pa.array([0.25, 0.5], pa.float32()),
            [0],
            {"0.25": 1},
        ),
        (
            "FLOAT_TYPE_HAS_NAN",
            {"float_domain": {"disallow_nan": True}},
            pa.array([0.5, float("nan")], pa.float32()),
            [1],
            {"nan": 1},
        ),
        (
            "FLOAT_TYPE_HAS_INF",
            {"float_domain": {"disallow_inf": True}},
            pa.array([float("-inf"), 1.0], pa.float32()),
            [0],
            {"-inf": 1},
        ),
        (
            "ENUM_TYPE_UNEXPECTED_STRING_VALUES",
            {"string_domain": {"value": ["東京"]}},
            pa.array(["Rom", "東京", "Rom", None]),
            [0, 2],
            {"Rom": 2},
        ),
        ("ENUM_TYPE_INT_NOT_STRING", {}, pa.array([1, 2]), None, {}),
        ("UNEXPECTED_DATA_TYPE", {}, pa.array([1, None]), [0], {"1": 1}),
        ("SCHEMA_NEW_COLUMN", {}, pa.array(["a", None]), [0], {"a": 1}),
        ("FEATURE_TYPE_LOW_NUMBER_PRESENT", {}, pa.array(["a", None]), [1], {}),
        ("SCHEMA_MISSING_COLUMN", {}, pa.array([None, None], pa.string()), [0, 1], {}),
        (
            "FEATURE_TYPE_LOW_NUMBER_VALUES",
            {"value_count": {"min": 2}},
            pa.array(["a", None]),
            [0],
            {"1 values": 1},
        ),
        ("COMPARATOR_L_INFTY_HIGH", {}, pa.array(["a"]), None, {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_rows_of_every_kind_of_anomaly(  # noqa: PLR0913, PLR0917  one line a kind
    tmp_path: Path,
    kind: str,
    rule: dict[str, object],
    column: pa.Array,
    rows: list[int] | None,
    values: dict[str, int],
) -> None:
    feature = schema_pb2.Feature(name="x", **rule)
    complaint = Complaint("x", kind, feature, schema_pb2.Schema(feature=[feature]))
    assert complaint.is_in_rows == (rows is not None)
    if rows is not None:
        total, [found] = find_offenders(_examples(tmp_path, {"x": column}), "eval", [complaint])
        assert total == len(column)
        assert [row for row, _ in found.examples] == rows
        assert found == Offenders(len(rows), Counter(values), found.examples)
