"""A project for data that are delivered in spans: numbers or days."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kit.errors import InputDataError, ProjectError
from kit.new.create import create
from kit.project import Project

ROWS = 120


def shop() -> pd.DataFrame:
    """Return a table that a project can be made of."""
    return pd.DataFrame(
        {
            "age": [20 + number % 37 for number in range(ROWS)],
            "city": [("Oslo", "Rom", "Bern")[number % 3] for number in range(ROWS)],
            "bought": [number % 2 for number in range(ROWS)],
        }
    )


def test_the_last_numbered_span_is_for_evaluation(tmp_path: Path) -> None:
    for span in (3, 4, 5):
        shop().to_csv(tmp_path / f"day_{span}.csv", index=False)
    created = create("shop", tmp_path / "day_{SPAN}.csv", "bought", tmp_path / "projects")
    files = Project.load(created.folder).input_files()
    assert [(file.path.name, file.split) for file in files] == [
        ("day_3.csv", "train"),
        ("day_4.csv", "train"),
        ("day_5.csv", "eval"),
    ]
    assert created.rows_seen == 3 * ROWS


@pytest.mark.parametrize("spans", [[], [3], [3, 5]], ids=str)
def test_spans_with_a_hole(tmp_path: Path, spans: list[int]) -> None:
    for span in spans:
        shop().to_csv(tmp_path / f"day_{span}.csv", index=False)
    with pytest.raises(ProjectError, match="consecutive"):
        create("shop", tmp_path / "day_{SPAN}.csv", "bought", tmp_path / "projects")


@pytest.mark.parametrize(
    ("days", "spans"),
    [
        (("30", "31"), ("2026-01-30", "2026-01-31")),
        (("29", "30", "31"), ("2026-01-29..2026-01-30", "2026-01-31")),
        (("01", "02", "05"), ("last 2", "last 1")),  # a weekend
    ],
)
def test_the_last_day_is_for_evaluation(
    tmp_path: Path, days: tuple[str, ...], spans: tuple[str, str]
) -> None:
    folder = tmp_path / "data [1]"
    folder.mkdir()
    for day in days:
        shop().to_csv(folder / f"2026-01-{day}.csv", index=False)
    created = create("shop", folder / "{YYYY}-{MM}-{DD}.csv", "bought", tmp_path / "projects")
    project = Project.load(created.folder)
    assert (str(project.spec.data.train_spans), str(project.spec.data.eval_spans)) == spans
    splits = ["train"] * (len(days) - 1) + ["eval"]
    assert [(file.path.stem[-2:], file.split) for file in project.input_files()] == list(
        zip(days, splits, strict=True)
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("{YYYY}-{MM}.csv", "but {DD} is not in files"),
        ("{YYYY}{MM}{DD}.csv", "of two or more spans, but .* has none"),
    ],
)
def test_days_that_are_not_there(tmp_path: Path, name: str, expected: str) -> None:
    with pytest.raises(ProjectError, match=expected):
        create("shop", tmp_path / name, "bought", tmp_path / "projects")


def test_columns_in_another_order_are_taken_by_their_names(tmp_path: Path) -> None:
    shop().to_csv(tmp_path / "day_1.csv", index=False)
    shop()[["bought", "city", "age"]].to_csv(tmp_path / "day_2.csv", index=False)
    created = create("shop", tmp_path / "day_{SPAN}.csv", "bought", tmp_path / "projects")
    assert list(created.kinds) == ["age", "city", "bought"]
    assert created.kinds["city"].distinct == 3


def test_a_column_that_came_later_is_left_out(tmp_path: Path) -> None:
    shop().to_csv(tmp_path / "day_1.csv", index=False)
    shop().assign(rating=1.5).to_csv(tmp_path / "day_2.csv", index=False)
    created = create("shop", tmp_path / "day_{SPAN}.csv", "bought", tmp_path / "projects")
    assert "rating" not in created.kinds
    assert created.warnings == ("rating: not in all files, so left out",)


def test_a_file_that_lacks_a_column_is_named(tmp_path: Path) -> None:
    shop().to_csv(tmp_path / "day_1.csv", index=False)
    shop().drop(columns="city").to_csv(tmp_path / "day_2.csv", index=False)
    with pytest.raises(
        InputDataError, match=r"day_2\.csv must have the columns of day_1\.csv, but lacks city"
    ):
        create("shop", tmp_path / "day_{SPAN}.csv", "bought", tmp_path / "projects")


def test_a_file_with_another_type_is_named(tmp_path: Path) -> None:
    shop().to_parquet(tmp_path / "day_1.parquet")
    shop().assign(age="old").to_parquet(tmp_path / "day_2.parquet")
    with pytest.raises(
        InputDataError, match=r"day_2\.parquet, column age: values of type int64 are expected"
    ):
        create("shop", tmp_path / "day_{SPAN}.parquet", "bought", tmp_path / "projects")


def test_whole_numbers_with_gaps_in_one_file_are_decimal_numbers(tmp_path: Path) -> None:
    shop().to_parquet(tmp_path / "day_1.parquet")
    shop().assign(age=[float("nan"), *range(ROWS - 1)]).to_parquet(tmp_path / "day_2.parquet")
    created = create("shop", tmp_path / "day_{SPAN}.parquet", "bought", tmp_path / "projects")
    assert (created.kinds["age"].kind, created.kinds["age"].missing) == ("number", 1)
