"""Every file that cannot be read ends in one error that names the place and a way out."""

from __future__ import annotations

import csv
import datetime as dt
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest

from data.reading import read
from kit.data.files import read_header
from kit.errors import ExitCode, InputDataError
from kit.project.file import Dtype

HEADER = "age,price,city,bought\n"
ROW = "31,1.5,Oslo,1\n"

# What is in the file; what the message must say, in this order.
BAD_CSV = {
    "empty": ("", "with a header, but it is empty. Deliver it again"),
    "only line breaks": ("\n\n", "with a header, but it is empty"),
    "only a byte order mark": ("\ufeff", "with a header, but it is empty"),
    "header only": (HEADER, "must hold rows, but it has only a header. Deliver the file again"),
    "header without a line break": (HEADER.strip(), "must hold rows, but it has only a header"),
    "wrong delimiter": (
        (HEADER + ROW).replace(",", ";"),
        "age, price, city, bought is missing (the delimiter is ','; the file has: age;price;city;bought)",
    ),
    "missing column": ("age,city,bought\n31,Oslo,1\n", "price is missing", "the file has: age, city, bought"),
    "duplicate column": ("age,price,city,age,bought\n1,2,x,3,1\n", "has 'age' more than once. Rename"),
    "text in a number": (
        HEADER + ROW + "old,1.5,Oslo,1\n",
        "row 2, column age: a value of type int is expected, but 'old' was found. Correct the file, or the column's",
    ),
    "fraction in a whole number": (HEADER + "31.5,1,Oslo,1\n", "row 1, column age", "int", "'31.5'"),
    "number too large": (HEADER + f"{10**19},1,Oslo,1\n", "row 1, column age", "int", f"'{10**19}'"),
    "not available": (HEADER + ROW * 3 + "31,NA,Oslo,1\n", "row 4, column price", "float", "'NA'"),
    "empty label": (
        HEADER + ROW + "31,1,Oslo,\n" * 2,
        "column bought: every row needs a label, but it is missing in 2, first in row 2. Fill it in, or remove",
    ),
    "blank label": (HEADER + "31,1,Oslo, \n", "column bought: every row needs a label, but it is missing in 1"),
    "label that is no number": (HEADER + "31,1,Oslo,NaN\n", "row 1, column bought", "'NaN'"),
    "short row": (HEADER + ROW + "31,1\n" + ROW, "row 2 must have 4 cells, but has 2: 31,1. Fix that row"),
    "long row": (HEADER + "31,1,5,Oslo,1\n", "row 1 must have 4 cells, but has 5: 31,1,5,Oslo,1"),
    "quote that is never closed": (HEADER + ROW + '31,1,"Oslo,1\n' + ROW, "row 2 must have 4 cells, but has 3"),
    "quote in the header": ('"' + HEADER + ROW * 9000, "is missing", "age,price"),
    "header that is not UTF-8": ("âge,bought\n1,1\n".encode("latin-1"), "must be UTF-8", "Convert the file"),
    "UTF-16": ((HEADER + ROW).encode("utf-16"), "must be UTF-8 text, but is UTF-16", "iconv -f UTF-16"),
    "value that is not UTF-8": (
        (HEADER + ROW * 3000 + "31,1,Köln,1\n").encode("latin-1"),
        r"row 3001, column city: text in UTF-8 is expected, but b'K\xf6ln' was found. Convert the file to UTF-8",
    ),
}  # fmt: skip


def assert_says(path: Path, expected: tuple[str, ...], **reading: Any) -> None:
    """The message names the file and then everything expected, in order, and is short enough to read."""
    with pytest.raises(InputDataError) as raised:
        read(path, **reading)
    message = str(raised.value)
    assert re.search(".*".join(re.escape(part) for part in (str(path), *expected)), message, re.DOTALL)
    assert message.endswith(".")
    assert len(message) < 1000
    assert raised.value.exit_code == ExitCode.DATA_ANOMALY


@pytest.mark.parametrize(("content", "expected"), [(c, e) for c, *e in BAD_CSV.values()], ids=list(BAD_CSV))
def test_a_bad_csv_file_is_explained(tmp_path: Path, content: str | bytes, expected: list[str]) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    assert_says(path, tuple(expected))


def test_nan_is_no_label(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("age,stars\n1,4\n2,nan\n")
    assert_says(
        path, ("column stars: every row needs a label", "row 2"), label="stars", age="int", stars="float"
    )


def test_a_type_that_changes_between_spans_names_the_span_that_differs(tmp_path: Path) -> None:
    for span, city in (("span-1", "7"), ("span-2", "Oslo")):
        (tmp_path / f"{span}.csv").write_text(f"city,bought\n{city},1\n")
    dtypes: dict[str, Dtype] = {"city": "int", "bought": "int"}
    assert read(tmp_path / "span-1.csv", **dtypes).num_rows == 1
    assert_says(tmp_path / "span-2.csv", ("row 1, column city", "int", "'Oslo'"), **dtypes)


def test_a_bad_value_deep_in_a_file_is_found_in_its_row(tmp_path: Path) -> None:
    """Beyond the first block that is read at once (2 MB)."""
    path = tmp_path / "large.csv"
    row = f"31,1.5,{'x' * 500},1\n"
    path.write_text(HEADER + row * 40_000 + "31,1.5,y,perhaps\n" + row)
    assert_says(path, ("row 40001, column bought", "'perhaps'"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert_says(tmp_path / "absent.csv", ("cannot be read: no such file or directory. Check its name",))
    assert_says(tmp_path / "absent.parquet", ("cannot be read", "deliver it again"))


def test_a_header_without_end_is_not_read_into_memory(tmp_path: Path) -> None:
    csv.field_size_limit(131_072)  # as in a fresh process
    path = tmp_path / "bad.csv"
    path.write_text('"age,bought\n' + "1,1\n" * 50_000)
    assert_says(path, ("must begin with a header", "a quote that is never closed"))


GOOD = {"age": [31], "price": [1.5], "city": ["Oslo"], "bought": [1]}
BAD_PARQUET: dict[str, tuple[dict[str, Any], str]] = {
    "no rows": ({name: pa.array([], pa.int64()) for name in GOOD}, "must hold rows"),
    "missing column": ({name: GOOD[name] for name in ("age", "bought")}, "price, city is missing (Parquet; the"),
    "fraction": (GOOD | {"age": [31.5]}, "row 1, column age: a value of type int is expected, but 31.5"),
    "text": (GOOD | {"age": ["old"]}, "row 1, column age: a value of type int is expected, but 'old'"),
    "list": (GOOD | {"city": [["Oslo", "Rom"]]}, "column city: values of type string are expected, but the file st"),
    "record": (GOOD | {"city": [{"name": "Oslo"}]}, "column city: values of type string are expected"),
    "date for a number": (GOOD | {"price": [dt.date(2024, 1, 1)]}, "column price: values of type float are expect"),
    "bytes": (GOOD | {"city": [b"\xff"]}, r"row 1, column city: text in UTF-8 is expected, but b'\xff' was found"),
    "label missing": (GOOD | {"bought": pa.nulls(1, pa.int64())}, "column bought: every row needs a label"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), BAD_PARQUET.values(), ids=list(BAD_PARQUET))
def test_a_bad_parquet_file_is_explained(tmp_path: Path, content: dict[str, Any], expected: str) -> None:
    path = tmp_path / "bad.parquet"
    pyarrow.parquet.write_table(pa.table(content), path)
    assert_says(path, (expected,))


def test_a_duplicate_column_of_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.parquet"
    pyarrow.parquet.write_table(
        pa.Table.from_arrays([pa.array([1])] * 3, names=["age", "age", "bought"]), path
    )
    assert_says(path, ("has 'age' more than once",), age="int", bought="int")


def test_each_format_is_told_from_the_other(tmp_path: Path) -> None:
    table, parquet = tmp_path / "rows.csv", tmp_path / "rows.parquet"
    pyarrow.parquet.write_table(pa.table(GOOD), table)
    parquet.write_text(HEADER + ROW)
    assert_says(table, ("must be UTF-8 text, but is Parquet. Set data.format in project.yml to parquet",))
    assert_says(parquet, ("must be a whole Parquet file", "Set data.format"))


@pytest.mark.parametrize("damage", ["cut off", "overwritten"])
def test_a_damaged_parquet_file_is_explained(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "bad.parquet"
    pyarrow.parquet.write_table(pa.table({"age": list(range(10_000)), "bought": [1] * 10_000}), path)
    whole = path.read_bytes()
    path.write_bytes(
        whole[: len(whole) // 2] if damage == "cut off" else whole[:4] + bytes(1000) + whole[1004:]
    )
    assert_says(path, ("must be a whole Parquet file", "deliver it again"), age="int", bought="int")


def test_a_header_is_read_without_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes("\ufeff\n年龄,bought\n".encode() + b"\xff\xfe,1\n")
    assert read_header(path, ",") == ["年龄", "bought"]
