"""Rows are the same however they come: from files, or decoded from examples."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from checks.shown import rows
from kit.checks.rows import MISSING, Rows
from kit.data.span_statistics import as_examples
from kit.project.file import Column

COLUMNS = {
    "age": pa.array([1, None, 3], pa.int64()),
    "paid": pa.array([1.5, 0.0, None], pa.float32()),
    "city": pa.array(["a", None, "köln"]),
    "none": pa.nulls(3),
}


def test_examples_are_as_the_files() -> None:
    batch = pa.RecordBatch.from_pydict(COLUMNS)
    read, decoded = Rows(batch), Rows.of_examples(as_examples(batch))
    for name in COLUMNS:
        assert read.has(name) == decoded.has(name) == (name != "none")
        assert list(read.missing(name)) == list(decoded.missing(name))
        assert list(read.hashes(name)) == list(decoded.hashes(name))
    assert read.values("city").equals(decoded.values("city"))
    for name in ("age", "paid", "none"):
        np.testing.assert_array_equal(read.numbers(name), decoded.numbers(name))


def test_hashes_are_equal_where_the_values_are() -> None:
    one = rows(city=["a", "b", "a", None], age=[1, 2, 1, 0], paid=[0.5, None, 0.5, 0.0])
    for name in ("city", "age", "paid"):
        hashes = one.hashes(name)
        assert hashes[0] == hashes[2] != hashes[1]
    assert one.hashes("city")[3] == one.hashes("paid")[1] == MISSING
    assert one.hashes("age")[3] != MISSING


def test_hashes_of_consecutive_numbers_are_spread() -> None:
    hashes = rows(age=list(range(10_000))).hashes("age")
    assert abs(float(np.mean(hashes / 2.0**64)) - 0.5) < 0.02


def test_rows_as_a_person_reads_them() -> None:
    read = rows(city=["a", "köln", None], age=[1, 2, None])
    assert read.texts([1, 2]) == [{"city": "köln", "age": "2"}, {"city": "", "age": ""}]


def test_dates_are_times() -> None:
    read = rows(day=["2026-01-01", None, "soon", "2026-01-02"])
    times = read.times("day", Column(kind="date"))
    assert times[3] - times[0] == 86_400
    assert np.isnan(times[1:3]).all()
