"""The bad day: the faults that real deliveries have, put into a clean day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Fault:
    """One fault of the bad day: the column it is in, and what is wrong."""

    column: str
    what: str


SILENT_CATEGORY = "pets"
NEW_DEVICE = "smart-tv"
FAULTS = (
    Fault("age", "one age in twenty is negative"),
    Fault("clicked", f"category {SILENT_CATEGORY} has no click at all"),
    Fault("device", f"one request in ten comes from {NEW_DEVICE}, a device never seen before"),
    Fault("region", "every second value is missing"),
    Fault("price", "in cents, a hundred times too high"),
)


def spoil(table: pa.Table) -> pa.Table:
    """Put every fault into a block of impressions; which rows are hit follows from their place, not from chance."""
    row = np.arange(table.num_rows)
    table = _replace(table, "age", pc.if_else(pa.array(row % 20 == 0), pc.negate(table["age"]), table["age"]))
    silent = pc.equal(table["category"], SILENT_CATEGORY)
    table = _replace(table, "clicked", pc.if_else(silent, 0, table["clicked"]))
    table = _replace(table, "device", pc.if_else(pa.array(row // 10 % 10 == 0), NEW_DEVICE, table["device"]))
    table = _replace(table, "region", pc.if_else(pa.array(row % 2 == 0), pa.scalar(""), table["region"]))
    return _replace(table, "price", pc.replace_substring(table["price"], ".", ""))


def _replace(table: pa.Table, name: str, values: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)
