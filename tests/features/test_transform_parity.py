"""The proof of parity holds on a real project, and fails when training saw other values."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf

from kit.data.records import count_records, read_records
from kit.errors import RowsLostError
from kit.features.transform_parity import Parity, ParityError, check_parity, largest_difference

if TYPE_CHECKING:
    from training.tiny import Tiny


def check(tiny: Tiny, transformed: Path, rows: int = 1000) -> Parity:
    graph = tiny.path("Transform", "transform_graph")
    return check_parity(graph, tiny.path("ExampleGen", "examples"), transformed, rows)


def tampered(original: Path, copy: Path, change: Callable[[Any], None]) -> Path:
    """Copy transformed examples with one row, the tenth, changed."""
    records = list(read_records(original, "train"))
    example = tf.train.Example.FromString(records[9])
    change(example.features.feature)
    records[9] = example.SerializeToString()
    return with_records(records, original, copy)


def with_records(records: list[bytes], original: Path, copy: Path) -> Path:
    """Copy transformed examples with other training rows."""
    shutil.copytree(original, copy)
    for path in (copy / "Split-train").iterdir():
        path.unlink()
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(copy / "Split-train" / "rows.gz"), options) as writer:
        for record in records:
            writer.write(record)
    return copy


def test_serving_computes_what_training_saw(tiny: Tiny) -> None:
    transformed = tiny.path("Transform", "transformed_examples")
    parity = check(tiny, transformed)
    assert parity.rows == count_records(transformed, "train")
    assert {"height_xf", "height_missing_xf", "city_xf", "came_hour_xf", "bought_xf"} <= set(
        parity.differences
    )
    assert set(parity.differences.values()) == {0.0}
    assert list(parity.table()["feature"]) == sorted(parity.differences)


def test_a_row_that_transform_lost_is_told(tiny: Tiny, tmp_path: Path) -> None:
    original = tiny.path("Transform", "transformed_examples")
    records = list(read_records(original, "train"))
    lost = with_records(records[1:], original, tmp_path / "lost")
    message = f"{len(records) - 1} of the first {len(records)} are there. Delete {lost} and"
    with pytest.raises(RowsLostError, match=message):
        check(tiny, lost)


def test_only_the_rows_that_are_asked_for_are_compared(tiny: Tiny) -> None:
    assert check(tiny, tiny.path("Transform", "transformed_examples"), rows=7).rows == 7


def _shift_height(feature: Any) -> None:
    feature["height_xf"].float_list.value[0] += 0.25


def _lose_height(feature: Any) -> None:
    feature["height_xf"].float_list.value[0] = float("nan")


def _change_city(feature: Any) -> None:
    feature["city_xf"].int64_list.value[0] += 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_shift_height, r"height_xf differs by up to 0\.25"),
        (_lose_height, "height_xf differs by up to inf"),
        (_change_city, "city_xf differs by up to 2"),
    ],
)
def test_a_single_other_value_is_found_and_named(
    tiny: Tiny, tmp_path: Path, change: Callable[[Any], None], message: str
) -> None:
    other = tampered(tiny.path("Transform", "transformed_examples"), tmp_path / "other", change)
    with pytest.raises(ParityError, match=message):
        check(tiny, other)


@pytest.mark.parametrize(
    ("served", "trained", "difference"),
    [
        ([1.0, 2.0], [1.0, 2.5], 0.5),
        ([np.nan, 1.0], [np.nan, 1.0], 0),
        ([np.nan, 1.0], [0.0, 1.0], np.inf),
        ([np.inf], [np.inf], 0),
        ([3, 9], [3, 4], 5),
        ([b"a", b"b"], [b"a", b"c"], 1),
        ([], [], 0),
    ],
)
def test_differences_of_all_kinds_of_values(
    served: list[object], trained: list[object], difference: float
) -> None:
    assert largest_difference(np.array(served), np.array(trained)) == difference
