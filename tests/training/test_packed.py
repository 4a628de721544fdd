"""Rows gathered from packed columns are those that each column alone would give."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kit.training.packed import PackedColumns

COLUMNS = (
    {
        "code": tf.constant([3, 1, 4, 1, 5], tf.int64),
        "history": tf.reshape(tf.range(30, dtype=tf.int64), [5, 2, 3]),
        "price": tf.constant([0.5, 1.5, np.nan, 3.5, 4.5]),
        "word": tf.constant(["a", "b", "", "d", "é"]),
    },
    tf.constant([[0], [1], [1], [0], [1]], tf.int64),
)


@pytest.mark.parametrize("places", [[4, 0, 0], [[2, 1], [3, 4], [0, 2]]], ids=["rows", "batches of rows"])
def test_rows_come_whole_in_the_structure_of_the_columns(places: list[int] | list[list[int]]) -> None:
    wanted = tf.constant(places)
    found = PackedColumns.of(COLUMNS).gather(wanted)
    tf.nest.assert_same_structure(found, COLUMNS)
    for rows, column in zip(tf.nest.flatten(found), tf.nest.flatten(COLUMNS), strict=True):
        np.testing.assert_array_equal(rows, tf.gather(column, wanted))


def test_a_row_lies_in_one_place_for_each_type() -> None:
    matrices = PackedColumns.of(COLUMNS).matrices
    assert {name: matrix.shape for name, matrix in matrices.items()} == {
        "int64": (5, 8),
        "float32": (5, 1),
        "string": (5, 1),
    }
