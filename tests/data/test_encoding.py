"""Examples are written byte for byte as protobuf writes them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.data import encoding
from kit.data.encoding import encode

FAST = settings(max_examples=50)
LISTS = {pa.int64(): "int64_list", pa.float32(): "float_list", pa.string(): "bytes_list"}
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = {
    pa.int64(): st.none() | st.integers(-(2**63), 2**63 - 1),
    pa.float32(): st.none() | st.floats(width=32),
    pa.string(): st.none() | TEXT,
}


def as_protobuf(batch: pa.RecordBatch) -> list[bytes]:
    records = []
    for row in batch.to_pylist():
        example = tf.train.Example()
        for name, value in row.items():
            feature = example.features.feature[name]
            if value is not None:
                kind = getattr(feature, LISTS[batch.schema.field(name).type])
                kind.value.append(value.encode() if isinstance(value, str) else value)
        records.append(example.SerializeToString(deterministic=True))
    return records


@st.composite
def batches(draw: Any) -> pa.RecordBatch:
    names = draw(st.lists(TEXT, min_size=1, max_size=5, unique=True))
    kinds = [draw(st.sampled_from(list(VALUES))) for _ in names]
    rows = draw(st.integers(0, 9))
    columns = [pa.array(draw(st.lists(VALUES[kind], min_size=rows, max_size=rows)), kind) for kind in kinds]
    return pa.record_batch(columns, names=names)


@FAST
@given(batches(), st.integers(0, 3))
def test_any_rows_are_encoded_as_protobuf_encodes_them(batch: pa.RecordBatch, skipped: int) -> None:
    rest = batch.slice(min(skipped, batch.num_rows))
    assert list(encode(rest)) == as_protobuf(rest)


@pytest.mark.parametrize("length", [0, 1, 110, 115, 116, 119, 120, 121, 127, 128, 16_383, 16_384, 70_000])
def test_lengths_of_one_two_and_three_bytes(length: int) -> None:
    batch = pa.record_batch({"city": pa.array(["x" * length, None])})
    assert list(encode(batch)) == as_protobuf(batch)


def test_a_name_that_another_one_begins_with_comes_after_it() -> None:
    """As protobuf sorts them, which no specification says; the split of a row depends on it."""
    names = ["a", "aé", "ab", "", "b", "Z"]
    batch = pa.record_batch([pa.array([1])] * len(names), names=names)
    assert list(encode(batch)) == as_protobuf(batch)


def test_rows_that_are_encoded_apart_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "_AT_ONCE", 3)
    batch = pa.record_batch({"age": pa.array([1, None, 300, -1, 5, 6, 7])})
    assert list(encode(batch)) == as_protobuf(batch)
