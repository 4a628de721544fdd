"""Rows as texts and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import tensorflow as tf

from kit.data.records import read_records
from kit.features.rows import RowReader, as_value, texts_of, write_over

if TYPE_CHECKING:
    from training.tiny import Tiny

COLUMNS = {
    "age": tf.io.VarLenFeature(tf.int64),
    "price": tf.io.VarLenFeature(tf.float32),
    "city": tf.io.VarLenFeature(tf.string),
    "point": tf.io.FixedLenFeature([2], tf.float32),
}


def test_rows_are_read_by_their_number(tiny: Tiny) -> None:
    examples = tiny.path("ExampleGen", "examples")
    records, reader = list(read_records(examples, "train")), RowReader(examples)
    for row in (0, len(records) - 1, 1, 200):
        assert reader.read("train", row) == records[row]
    for row in (-1, len(records)):
        with pytest.raises(IndexError, match="none at place"):
            reader.read("train", row)


@pytest.mark.parametrize(
    "texts",
    [
        {"age": "-41", "price": "0.1", "city": "東京", "point": "[1.5, nan]"},
        {"age": "[1, 2]", "price": "1e+20", "city": '["a", "[\\"b\\"]"]', "point": "[0.0, inf]"},
        {"age": "", "price": "", "city": "[no list", "point": "[0.0, 0.0]"},
        {"age": "9223372036854775807", "price": "-0.0", "city": ' "quoted" ', "point": "[0.0, 0.0]"},
    ],
    ids=["plain", "lists", "missing", "edges"],
)
def test_texts_go_into_a_row_and_come_back(texts: dict[str, str]) -> None:
    record, wrong = write_over(b"", texts, COLUMNS)
    assert not wrong
    assert texts_of(record, COLUMNS) == texts
    tf.io.parse_example([record], COLUMNS)


def test_each_text_that_cannot_be_so_is_named() -> None:
    texts = {"age": "41.5", "price": "cheap", "point": "1", "city": "Rom"}
    record, wrong = write_over(b"", texts, COLUMNS)
    assert wrong == {
        "age": "this is a whole number, not '41.5'",
        "price": "this is a number, not 'cheap'",
        "point": "this needs 2 values, not 1",
    }
    assert texts_of(record, COLUMNS)["city"] == "Rom"


@pytest.mark.parametrize(
    ("text", "dtype", "why"),
    [
        (str(2**63), tf.int64, "a whole number from -9,223,372,036,854,775,808 to"),
        ("300", tf.uint8, "a whole number from 0 to 255"),
        ("", tf.float32, "a number, not ''"),
    ],
)
def test_a_value_must_fit_its_type(text: str, dtype: tf.DType, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        as_value(text, dtype)
