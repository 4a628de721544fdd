"""The building blocks of preprocessing_fn, on columns as they come: sparse, 0 or 1 value a row."""

from __future__ import annotations

from typing import Any

import pytest
import tensorflow as tf

from kit.features import tables
from kit.features.columns import fill_missing, first_tokens, is_missing

NAN = float("nan")


def column(values: list[Any], dtype: tf.DType | None = None) -> tf.SparseTensor:
    present = [(row, value) for row, value in enumerate(values) if value is not None]
    return tf.SparseTensor(
        tf.constant([[row, 0] for row, _ in present], tf.int64, (len(present), 2)),
        tf.constant([value for _, value in present], dtype),
        [len(values), 1],
    )


@pytest.mark.parametrize(
    ("values", "default", "filled"),
    [
        ([1.5, None, NAN], 7, [1.5, 7, 7]),
        ([4, None], -1, [4, -1]),
        (["a", None, ""], "none", [b"a", b"none", b""]),
    ],
)
def test_missing_values_are_filled(values: list[Any], default: Any, filled: list[Any]) -> None:
    assert fill_missing(column(values), default).numpy().tolist() == filled


def test_a_dense_column_is_filled_too() -> None:
    assert fill_missing(tf.constant([1.0, NAN]), 3.0).numpy().tolist() == [1, 3]


def test_a_column_without_any_value_is_filled() -> None:
    assert fill_missing(column([None, None], tf.float32), 2.0).numpy().tolist() == [2, 2]
    assert is_missing(column([None, None], tf.float32)).numpy().tolist() == [1, 1]


def test_missing_values_are_marked() -> None:
    assert is_missing(column(["a", None, ""])).numpy().tolist() == [0, 1, 0]
    assert tables.missing(column([1.0, None, NAN])).numpy().tolist() == [0, 1, 1]


def test_the_first_tokens_are_cut_and_padded() -> None:
    cells = column(["i1 i2  i3", None, "i4"])
    assert first_tokens(cells, 2).numpy().tolist() == [[b"i1", b"i2"], [b"", b""], [b"i4", b""]]
    assert first_tokens(column(["a|b c"]), 3, "|").numpy().tolist() == [[b"a", b"b c", b""]]


def test_times_in_parts_of_a_second_become_whole_seconds() -> None:
    seconds = tables.whole_seconds(column([1_999, None, -1]), 1000)
    assert seconds.values.numpy().tolist() == [1, -1]
    assert seconds.indices.numpy().tolist() == [[0, 0], [2, 0]]
