"""A sample is every row while there are few, and spread over all of them when there are many."""

from __future__ import annotations

import pytest

from checks.shown import rows
from kit.checks.sample import Sample


@pytest.mark.parametrize("sizes", [[7], [3, 3, 1], [100, 1, 1, 50], [33] * 9, [1_000]])
def test_every_first_second_or_fourth_row(sizes: list[int]) -> None:
    sample, start = Sample(["n"], most=40), 0
    for size in sizes:
        sample.add(rows(n=list(range(start, start + size)), other=[0] * size))
        start += size
    kept = sample.rows().values("n").to_pylist()
    assert kept == list(range(0, start, sample.step))
    assert len(kept) <= 40
    assert start <= 40 or len(kept) >= 20 - 1


def test_columns_that_were_missing_at_first() -> None:
    sample = Sample(["n", "text"])
    sample.add(rows(n=[None], text=[None]))
    sample.add(rows(n=[1], text=["a"]))
    assert sample.rows().values("text").to_pylist() == [None, b"a"]
    assert len(Sample(["n"]).rows()) == 0
