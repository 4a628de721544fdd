"""What is in a file arrives: every row, every value, in order, in either format, in constant memory."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.reading import columns, read, rows
from kit.data.files import FileLayout, count_rows, read_batches
from kit.project.file import Dtype

FAST = settings(max_examples=50)


def test_byte_order_mark_and_chinese_names_and_values(tmp_path: Path) -> None:
    path = tmp_path / "访客.csv"
    path.write_text("\ufeff年龄,城市,bought\n31,東京,1\n", encoding="utf-8")
    assert rows(path, 年龄="int", 城市="string", bought="int") == [{"年龄": 31, "城市": "東京", "bought": 1}]


def test_one_row_without_a_line_break_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("age,price,city,bought\n31,1.5,Oslo,1")
    assert rows(path) == [{"age": 31, "price": 1.5, "city": "Oslo", "bought": 1}]


def test_line_breaks_delimiters_and_quotes_inside_quotes(tmp_path: Path) -> None:
    path = tmp_path / "quoted.csv"
    path.write_text('city,bought\n"Ol""de,\nnburg\r\n",1\nRom,0\n', newline="")
    found = rows(path, city="string", bought="int")
    assert [row["city"] for row in found] == ['Ol"de,\nnburg\r\n', "Rom"]
    assert count_rows(path, "csv", ",") == 2


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_line_breaks_of_every_system(tmp_path: Path, line_break: str) -> None:
    path = tmp_path / "lines.csv"
    path.write_text(line_break.join(["", "age,bought", "1,0", "", "2,1", ""]), newline="")
    assert [row["age"] for row in rows(path, age="int", bought="int")] == [1, 2]
    assert count_rows(path, "csv", ",") == 2


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " "])
def test_cells_are_parted_by_the_given_delimiter_alone(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"age,x{delimiter}bought\n1{delimiter}0\n")
    dtypes: dict[str, Dtype] = {"age,x": "int", "bought": "int"}
    assert rows(path, delimiter, "bought", **dtypes) == [{"age,x": 1, "bought": 0}]


def test_an_empty_cell_is_missing_and_numbers_may_stand_between_blanks(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text('age,price,city,bought\n,,,1\n 31 , 1e-2 , Oslo ,0\n" ","","",1\n')
    missing = {"age": None, "price": None, "city": None, "bought": 1}
    assert rows(path) == [
        missing,
        {"age": 31, "price": pytest.approx(0.01), "city": " Oslo ", "bought": 0},
        missing,
    ]


def test_columns_come_in_the_order_of_the_project_and_others_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "more.csv"
    path.write_bytes("bought,secret,age\n1,K\xf6ln,31\n".encode("latin-1"))  # not UTF-8 where nobody looks
    table = read(path, age="int", bought="int")
    assert table.column_names == ["age", "bought"]
    assert count_rows(path, "csv", ",") == table.num_rows == 1


def test_columns_without_a_name_are_not_read(tmp_path: Path) -> None:
    """As Excel writes them behind the last one."""
    path = tmp_path / "excel.csv"
    path.write_text("age,bought,,\n31,1,,\n40,0,,x\n")
    assert rows(path, age="int", bought="int") == [{"age": 31, "bought": 1}, {"age": 40, "bought": 0}]


def test_a_text_longer_than_the_csv_module_takes_by_default(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    csv.field_size_limit(131_072)  # as in a fresh process
    path.write_text("city,bought\n" + "x" * 200_000 + ",1\n")
    [row] = rows(path, city="string", bought="int")
    assert len(row["city"]) == 200_000
    assert count_rows(path, "csv", ",") == 1


WHOLE = st.none() | st.integers(-(2**63), 2**63 - 1)
FLOATS = st.none() | st.floats(allow_nan=False, width=32)
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
VISITORS = st.lists(st.tuples(WHOLE, FLOATS, TEXTS, st.integers(0, 1)), min_size=1, max_size=30)


@FAST
@given(VISITORS)
@example([(20_000_001, 20_000_001.0, "\u2028 a,b;\"c'\r", 1)])
def test_parquet_and_csv_give_the_same_and_no_row_is_lost(visitors: list[tuple[object, ...]]) -> None:
    frame = pd.DataFrame(visitors, columns=["age", "price", "city", "bought"], dtype=object)
    with TemporaryDirectory() as folder:
        text, binary = Path(folder, "rows.csv"), Path(folder, "rows.parquet")
        frame.to_csv(text, index=False, quoting=csv.QUOTE_ALL)  # pandas leaves a bare \r unquoted
        types = {"age": pa.int64(), "price": pa.float64(), "city": pa.string(), "bought": pa.int8()}
        arrays = [pa.array(frame[name].tolist(), kind) for name, kind in types.items()]
        pyarrow.parquet.write_table(pa.Table.from_arrays(arrays, names=list(types)), binary)
        from_text, from_binary = read(text), read(binary)
        assert from_text.equals(from_binary)
        assert from_text.column("city").to_pylist() == [row[2] for row in visitors]
        assert count_rows(text, "csv", ",") == count_rows(binary, "parquet", "") == len(visitors)


def _as_cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bytes():
            return value.decode()
        case bool() | float():
            return str(int(value))
        case _:
            return str(value)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (pa.array([7, 20_000_001]), "float"),
        (pa.array([7.0, None]), "int"),
        (pa.array([True, False]), "int"),
        (pa.array(["a", "b"]).dictionary_encode(), "string"),
        (pa.array([" 1", "2 "], pa.large_string()), "int"),
        (pa.array([b"K\xc3\xb6ln", None]), "string"),
        (pa.array(["", "x"]), "string"),
    ],
    ids=str,
)  # fmt: skip
def test_every_way_that_parquet_stores_a_column_reads_as_its_text_would(
    tmp_path: Path, values: pa.Array, dtype: Dtype
) -> None:
    binary, text = tmp_path / "rows.parquet", tmp_path / "rows.csv"
    pyarrow.parquet.write_table(pa.table({"x": values, "bought": [1, 0]}), binary)
    text.write_text("x,bought\n" + "".join(f"{_as_cell(value)},1\n" for value in values.to_pylist()))
    from_binary, from_text = (read(path, x=dtype, bought="int")["x"] for path in (binary, text))
    assert from_binary.equals(from_text)


def test_floats_are_those_of_numpy(tmp_path: Path) -> None:
    """Also the last digit: a training and a serving system must not differ in it."""
    path = tmp_path / "floats.csv"
    numbers = np.random.default_rng(1).lognormal(0, 9, 2000)
    path.write_text("price,bought\n" + "".join(f"{number!r},1\n" for number in numbers.tolist()))
    found = read(path, price="float", bought="int")["price"].to_numpy()
    assert np.array_equal(found, numbers.astype(np.float32))


MEASURE = """
import resource, sys
from pathlib import Path
from kit.data.files import FileLayout, read_batches
from kit.project.file import Column
columns = {name: Column(kind="category") for name in ("city", "bought")}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
layout = FileLayout("csv", ",", columns, "bought")
rows = sum(batch.num_rows for batch in read_batches(Path(sys.argv[1]), layout))
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes


def rows_and_peak_memory(path: Path) -> tuple[int, float]:
    """Return how many rows a process of its own reads, and by how many MB its memory grows."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    found, peak = done.stdout.split()
    return int(found), int(peak) * RSS_UNIT / 1e6


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    row = "x" * 997 + ",1\n"
    growth = {}
    for megabytes in (80, 160):
        path = tmp_path / f"{megabytes}.csv"
        with path.open("w") as file:
            file.write("city,bought\n")
            file.writelines(row * 1_000 for _ in range(megabytes))
        growth[megabytes] = rows_and_peak_memory(path)
        path.unlink()
    assert growth[160][0] == 2 * growth[80][0] == 160_000
    assert growth[160][1] < growth[80][1] + 40, growth
    assert growth[160][1] < 150, growth


def test_batches_are_given_while_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_text("city,bought\n" + ("x" * 999 + ",1\n") * 40_000)  # 40 MB
    batches = read_batches(path, FileLayout("csv", ",", columns(city="string", bought="int"), "bought"))
    assert next(batches).num_rows < 20_000
    assert sum(batch.num_rows for batch in batches) > 20_000
