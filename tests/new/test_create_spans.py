"""A project for data that are delivered in spans: numbers or days."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kit.errors import ProjectError
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
