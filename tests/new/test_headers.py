"""What a table calls its columns, as surveys that were exported do, is what project.yml calls them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kit.errors import InputDataError
from kit.new import Created, create
from kit.project import Project

ROWS = 120
SURVEY = "How satisfied are you with the service that our staff gave you, all in all?\n" + "(1 to 7) " * 10


def make(tmp_path: Path, columns: dict[str, Sequence[Any]]) -> Created:
    """Create a project that predicts the last one of some columns."""
    path = tmp_path / "survey.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return create("survey", path, list(columns)[-1], tmp_path / "ws" / "projects")


@pytest.mark.parametrize("name", [SURVEY, "income\nper year", "x" * 900, "a\u2028b", "a\r\nb: c # d"])
def test_headers_of_surveys(tmp_path: Path, name: str) -> None:
    columns: dict[str, Sequence[Any]] = {
        name: [1.5 + i % 7 for i in range(ROWS)],
        f"{name}?": ["Bonn", "Köln", "Ulm"] * 40,
        f"{name}!": [i % 2 for i in range(ROWS)],
    }
    created = make(tmp_path, columns)
    spec = Project.load(created.folder).spec
    assert (list(spec.columns), spec.slices) == (list(columns), ((f"{name}?",),))
    assert len(created.table().splitlines()) == 4
    for part in ("features.py", "model.py", "__init__.py"):
        ast.parse((created.folder / part).read_text(encoding="utf-8"))


def test_a_name_that_yaml_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(
        InputDataError, match=r"must have 1,000 letters or fewer, but in .* one has 1,500: xxxx"
    ):
        make(tmp_path, {"x" * 1500: range(ROWS), "bought": ["no", "yes"] * 60})
    assert not (tmp_path / "ws").exists()


def test_columns_without_a_name_are_left_out_and_said(tmp_path: Path) -> None:
    """Excel writes empty ones behind the last; pandas and R write one before the first, with row numbers."""
    path = tmp_path / "excel.csv"
    rows = (f"{i},{i % 7},{'yes' if i % 2 else 'no'},,\n" for i in range(ROWS))
    path.write_text(",age,bought,,\n" + "".join(rows))
    created = create("excel", path, "bought", tmp_path / "ws" / "projects")
    assert list(Project.load(created.folder).spec.columns) == ["age", "bought"]
    assert created.warnings == (
        "1 column without a name left out; name what is to be used in the file's header",
        "2 columns without a name and without values left out",
    )
