"""How the tests of this folder read a file: three columns and a label, or others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from kit.data.files import FileLayout, read_batches
from kit.project.file import Column, Dtype

DTYPES: dict[str, Dtype] = {"age": "int", "price": "float", "city": "string", "bought": "int"}


def columns(**dtypes: Dtype) -> dict[str, Column]:
    return {name: Column(kind="category", dtype=dtype) for name, dtype in (dtypes or DTYPES).items()}


def read(path: Path, delimiter: str = ",", label: str = "bought", **dtypes: Dtype) -> pa.Table:
    """Read a whole file; its name tells its format."""
    file_format = "parquet" if path.suffix == ".parquet" else "csv"
    layout = FileLayout(file_format, delimiter, columns(**dtypes), label)
    return pa.Table.from_batches(read_batches(path, layout))


def rows(path: Path, delimiter: str = ",", label: str = "bought", **dtypes: Dtype) -> list[dict[str, Any]]:
    plain: list[dict[str, Any]] = read(path, delimiter, label, **dtypes).to_pylist()
    return plain
