"""Which rows are bad, why, and that all the others go on."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from valid_projects import SMALL

from data.quarantine_shop import GOOD, kept, reasons, rows_in_quarantine, run, shop
from kit.data.files import FileLayout
from kit.data.quarantine import QUARANTINED, FileCount, Quarantine, SideFile
from kit.data.quarantined import quarantine_text, read_counts
from kit.data.row_rules import RowRule
from kit.data.sift import Sieve
from kit.data.statistics import StatisticsGen
from kit.errors import InputDataError
from kit.ledger import check_rows
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace

FAST = settings(max_examples=40)


# -- which rows are bad


def test_a_bad_row_keeps_what_is_in_columns_without_a_name(tmp_path: Path) -> None:
    row = GOOD.splitlines()[0]
    data = f"age,city,bought,,\n{row},,\n12,Oslo,1,a,b\n" + f"{row},,\n" * 99
    session = run(shop(tmp_path / "shop", data, "quarantine: all"))
    assert reasons(session) == {2: "age is below 13: 12"}
    [count] = read_counts(session)
    side = (session.path("ExampleGen", QUARANTINED) / count.side).read_text()
    assert side.splitlines()[1].endswith(",12,Oslo,1,a,b")


def test_every_bad_row_is_told_why_and_the_rest_goes_on(tmp_path: Path) -> None:
    data = (
        "age,city,bought\n"
        + GOOD * 100
        + "12,Oslo,1\n,Bern,0\nold,Rom,1\n31,Rom,\n31\n31,Rom,1,7,8\n\n200,Bern,1\n31,Oslo,0\n"
    )
    session = run(shop(tmp_path / "shop", data, "quarantine: all"))
    assert reasons(session) == {
        201: "age is below 13: 12",
        202: "city has an unknown value: 'Bern'",
        203: "age is not a value of type float: 'old'",
        204: "bought, the label, is missing",
        205: "the row must have 3 cells: it has 1",
        206: "the row must have 3 cells: it has 5",
        207: "age is above 120: 200; city has an unknown value: 'Bern'",
    }
    assert kept(session) == 201
    assert quarantine_text(session).startswith("In quarantine are 7 of 208 rows: ")
    session.run(StatisticsGen(examples=session.channel("ExampleGen", "examples")))
    table = check_rows(session)
    assert table[["step", "rows", "quarantined"]].to_numpy().tolist() == [
        ["read from files", 208, 0],
        ["ExampleGen", 201, 7],
        ["StatisticsGen", 201, 0],
    ]


def test_cells_are_kept_as_they_were_found(tmp_path: Path) -> None:
    """Also those of columns that the project ignores, surplus ones, and text that is not UTF-8."""
    (tmp_path / "shop").mkdir()
    text = (
        SMALL.replace("  city: category\n", "  city: category\n  note: ignore\n")
        + "checks: {quarantine: unreadable, quarantine_at_most: 1}\n"
    )
    for part, content in {"project.yml": text, "features.py": "", "model.py": ""}.items():
        (tmp_path / "shop" / part).write_text(content)
    data = b'note,age,city,bought\n"a ""b"", c", 7x ,Oslo,1\nn,1,K\xf6ln,1\n'
    data += b'x,1,Oslo,1,more,"1,5"\n"two\nlines",,"",\nn,1,Rom,1\n'
    (tmp_path / "shop" / "visitors.csv").write_bytes(data)
    session = run(Session(Workspace(tmp_path / "ws"), Project.load(tmp_path / "shop")))
    [side] = session.path("ExampleGen", "quarantined").glob("*.csv")
    assert side.name == "0000_visitors.csv"
    with side.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["_file", "_row", "_reason", "_surplus", "note", "age", "city", "bought"]
    assert [(row[1], row[4:]) for row in rows] == [
        ("1", ['a "b", c', " 7x ", "Oslo", "1"]),
        ("2", ["n", "1", "K\udcf6ln", "1"]),
        ("3", ["x", "1", "Oslo", "1"]),
        ("4", ["two\nlines", "", "", ""]),
    ]
    assert json.loads(rows[2][3]) == ["more", "1,5"]
    assert rows[1][2] == r"city is not text in UTF-8: b'K\xf6ln'"
    assert kept(session) == 1
    check_rows(session)


def test_only_what_is_listed_is_quarantined(tmp_path: Path) -> None:
    data = "age,city,bought\n" + GOOD * 50 + "12,Bern,1\n200,Oslo,0\n40,Bern,1\n"
    session = run(shop(tmp_path / "shop", data, "quarantine: [age]"))
    assert reasons(session) == {101: "age is below 13: 12", 102: "age is above 120: 200"}
    assert kept(session) == 101


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("old,Oslo,1", "row 3, column age: a value of type float is expected, but 'old'"),
        ("1,Oslo,", "column bought: every row needs a label, but it is missing in 1, first in row 3"),
        ("1,Oslo", "row 3 must have 3 cells, but has 2"),
    ],
)
def test_what_is_not_listed_is_an_error_as_ever(tmp_path: Path, row: str, expected: str) -> None:
    data = f"age,city,bought\n{GOOD}{row}\n"
    for number, checks in enumerate(("quarantine: [age]", "quarantine: off")):
        with pytest.raises(InputDataError, match=expected):
            run(shop(tmp_path / f"shop{number}" / "shop", data, checks))


def test_a_quote_that_is_never_closed_is_no_matter_of_one_row(tmp_path: Path) -> None:
    data = "age,city,bought\n" + GOOD * 5 + '31,Oslo,1,"x\n' + GOOD * 5
    with pytest.raises(InputDataError, match="is not a well-formed CSV file: row 11 must have 3 cells"):
        run(shop(tmp_path / "shop", data, "quarantine: unreadable, quarantine_at_most: 1"))


def test_parquet_rows_are_quarantined_too(tmp_path: Path) -> None:
    session = shop(tmp_path / "shop", "", "quarantine: all, quarantine_at_most: 1")
    text = (
        (tmp_path / "shop" / "project.yml")
        .read_text()
        .replace("visitors.csv", "rows.parquet, format: parquet")
    )
    (tmp_path / "shop" / "project.yml").write_text(text)
    table = pa.table(
        {"age": ["31", "old", "7"], "city": ["Oslo"] * 3, "bought": [1, 1, None], "day": [1, 2, 3]}
    )
    pyarrow.parquet.write_table(table, tmp_path / "shop" / "rows.parquet")
    session = run(Session(session.workspace, Project.load(tmp_path / "shop")))
    assert reasons(session) == {
        2: "age is not a value of type float: 'old'",
        3: "bought, the label, is missing",
    }
    assert [row["day"] for row in rows_in_quarantine(session)] == ["2", "3"]
    check_rows(session)


ROWS = st.lists(
    st.sampled_from(["31,Oslo,1", "5,Rom,0", "x,Rom,1", "31,Rom,", "31", "1,2,3,4", "", "500,Oslo,1", ",Bern,0"]),
    min_size=1,
    max_size=40,
)  # fmt: skip


@FAST
@given(ROWS)
def test_rows_in_are_rows_out_and_rows_quarantined(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("sift")
    path = folder / "rows.csv"
    path.write_text("age,city,bought\n" + "\n".join(rows) + "\n")
    written = [row for row in rows if row]
    numbered = [n for n, row in enumerate(written, 1) if row not in {"31,Oslo,1", ",Bern,0"}]
    if not written:
        return
    found, good = sift(path)
    assert [number for number, _ in found] == numbered
    assert good == len(written) - len(numbered)
    assert all(
        cells[: len(row.split(","))] == row.split(",")[:3] for (n, cells) in found if (row := written[n - 1])
    )


def sift(path: Path) -> tuple[list[tuple[int, list[str]]], int]:
    """Return the number and the cells of each bad row, and how many are good."""
    from contextlib import ExitStack  # noqa: PLC0415

    columns = {
        "age": {"kind": "number"},
        "city": {"kind": "category"},
        "bought": {"kind": "label", "dtype": "int"},
    }
    layout = FileLayout.from_json(
        json.dumps({"format": "csv", "delimiter": ",", "columns": columns, "label": "bought"})
    )
    quarantine = Quarantine((RowRule("age", least=13, most=120),), unreadable=True, at_most=1, dated=False)
    count = FileCount(str(path), "train", None, "side.csv")
    with ExitStack() as stack:
        side = SideFile(path.parent, count, stack)
        good = sum(batch.num_rows for batch in Sieve(path, layout, quarantine, count, side).batches())
    assert count.read == good + count.quarantined
    if not count.quarantined:
        return [], good
    with (path.parent / "side.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [(int(row[1]), row[4:]) for row in rows], good


def test_row_numbers_hold_over_many_blocks(tmp_path: Path) -> None:
    """Malformed rows are known before the rows around them are: Arrow parses ahead (blocks of 2 MB)."""
    chance = random.Random(7)  # noqa: S311
    rows = [chance.choice(["31,Oslo,1"] * 300 + ["x,Rom,1", "31", "1,2,3,4"]) + "" for _ in range(400_000)]
    path = tmp_path / "rows.csv"
    path.write_text("age,city,bought\n" + "\n".join(f"{row}" for row in rows) + "\n")
    assert path.stat().st_size > 3_000_000
    found, good = sift(path)
    assert [number for number, _ in found] == [n for n, row in enumerate(rows, 1) if row != "31,Oslo,1"]
    assert good + len(found) == 400_000
