"""A table has the counts of its rows, however few of its cells have one."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest

from kit.evaluation.blind_spots.table import Table

SHAPE = (5, 7, 12)  # codes of two facets, states


@pytest.mark.parametrize("rows", [0, 20, 5_000], ids=["empty", "few rows", "many rows"])
def test_a_table_counts_its_rows_and_sums_over_them(rows: int) -> None:
    draw = np.random.default_rng(rows)
    codes = tuple(draw.integers(0, size, rows) for size in SHAPE)
    removed = draw.random(rows) < 0.4
    cells = np.ravel_multi_index(codes, SHAPE)
    whole = Table.of((1, 3), SHAPE, cells)
    table = whole.without(Table.of((1, 3), SHAPE, cells[removed]))
    expected, summands = np.zeros(SHAPE, int), draw.normal(size=(SHAPE[-1], 3))
    np.add.at(expected, tuple(of_facet[~removed] for of_facet in codes), 1)
    np.testing.assert_array_equal(table.counts(), expected)
    assert (table.rows > 0).all(), "no cell is kept for rows that are gone"
    assert len(whole.cells) <= min(rows, prod(SHAPE))
    np.testing.assert_allclose(table.sums(summands), np.moveaxis(expected @ summands, -1, 0), atol=1e-12)
