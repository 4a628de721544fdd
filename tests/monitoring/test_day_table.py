"""DayTable are whole or not there, once for a name, and any number of processes write them."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from waiting import wait_until

from kit.errors import InputDataError
from kit.monitoring.day_table import DayTable

DAY = dt.date(2026, 1, 7)
SCHEMA = pa.schema([("name", pa.string()), ("amount", pa.int64())])
_WRITER = """
import datetime as dt, sys
import pyarrow as pa
from kit.monitoring.day_table import DayTable
table = DayTable(__import__("pathlib").Path(sys.argv[1]), pa.schema([("name", pa.string()), ("amount", pa.int64())]))
rows = pa.table({"name": ["x"] * 1000, "amount": list(range(1000))})
for _ in range(int(sys.argv[2])):
    table.write(dt.date(2026, 1, 7), rows)
"""


@pytest.fixture
def table(tmp_path: Path) -> DayTable:
    return DayTable(tmp_path / "table", SCHEMA)


def rows(*amounts: int) -> pa.Table:
    return pa.table({"amount": list(amounts), "name": ["x"] * len(amounts)})


def amounts(table: DayTable, day: dt.date = DAY) -> list[int]:
    return [value for batch in table.batches(day) for value in batch.column("amount").to_pylist()]


def start(table: DayTable, times: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _WRITER, str(table.folder), str(times)])


def test_days_are_read_in_the_order_in_which_their_parts_were_written(table: DayTable) -> None:
    assert table.write(DAY, rows(1, 2))
    assert table.write(DAY + dt.timedelta(days=1), rows(9))
    assert table.write(DAY, rows(3))
    assert table.days() == [DAY, DAY + dt.timedelta(days=1)]
    assert amounts(table) == [1, 2, 3]


def test_a_part_of_a_name_is_there_once_and_stays_as_it_was(table: DayTable) -> None:
    assert table.write(DAY, rows(1), "span-7")
    assert not table.write(DAY, rows(2), "span-7")
    assert amounts(table) == [1]
    assert table.has("span-7")
    assert not table.has("span-8")


def test_small_parts_are_read_together(table: DayTable) -> None:
    for number in range(20):
        table.write(DAY, rows(number))
    [batch] = table.batches(DAY)
    assert batch.num_rows == 20


def test_what_is_no_day_and_what_is_being_written_are_not_looked_at(table: DayTable) -> None:
    table.write(DAY, rows(1), "a")
    (table.folder / "notes").mkdir()
    (table.folder / "2026-01-09").mkdir()
    (table.folder / str(DAY) / ".b.parquet.x1y2").write_bytes(b"half of it")
    assert table.days() == [DAY]
    assert amounts(table) == [1]


def test_a_full_disk_leaves_nothing_behind(table: DayTable, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        table.write(DAY, rows(1))
    assert table.days() == []
    assert list((table.folder / str(DAY)).iterdir()) == []


def test_many_processes_write_at_the_same_time(table: DayTable) -> None:
    writers = [start(table, 20) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert len(amounts(table)) == 3 * 20 * 1000


def test_a_writer_that_is_killed_leaves_whole_parts_only(table: DayTable) -> None:
    writer = start(table, 1_000_000)
    wait_until(lambda: len(table.files(DAY)) >= 5 or writer.poll() is not None)
    assert writer.poll() is None
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert len(amounts(table)) == 1000 * len(table.files(DAY))


def test_a_column_that_was_added_since_is_empty_in_older_parts(table: DayTable) -> None:
    DayTable(table.folder, pa.schema([("name", pa.string())])).write(DAY, rows(1))
    table.write(DAY, rows(2))
    assert amounts(table) == [None, 2]


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b"no parquet"),
        lambda path: pyarrow.parquet.write_table(pa.table({"name": ["a"], "amount": ["many"]}), path),
    ],
    ids=["no parquet", "another type"],
)
def test_a_part_that_cannot_be_read_is_named(table: DayTable, write: object) -> None:
    path = table.path(DAY, "foreign")
    path.parent.mkdir(parents=True)
    write(path)  # type: ignore[operator]
    with pytest.raises(InputDataError, match=r"foreign.parquet must be a part of the log.*Move it out"):
        amounts(table)


def test_the_digest_is_of_all_bytes_of_the_days(table: DayTable) -> None:
    table.write(DAY, rows(1), "a")
    first = table.digest([DAY])
    assert table.digest([DAY]) == first
    table.write(DAY + dt.timedelta(days=1), rows(1), "a")
    assert table.digest([DAY]) == first
    table.write(DAY, rows(2), "b")
    assert table.digest([DAY]) != first


def test_the_columns_of_a_day_are_those_that_any_part_has(tmp_path: Path) -> None:
    table = DayTable(tmp_path, SCHEMA)
    assert table.columns(DAY) == set()
    table.write(DAY, pa.table({"name": ["x"]}))
    assert table.columns(DAY) == {"name"}
    table.write(DAY, pa.table({"name": ["y"], "amount": [1]}))
    assert table.columns(DAY) == {"name", "amount"}
    [batch] = table.batches(DAY)
    assert batch.column("amount").to_pylist() == [None, 1]
    (tmp_path / DAY.isoformat() / "z.parquet").write_bytes(b"no")
    with pytest.raises(InputDataError, match="must be a part of the log"):
        table.columns(DAY)
