"""Which files a pattern finds, and the span of each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kit.span_files import check_pattern, files_by_span


@pytest.mark.parametrize(
    ("pattern", "files", "expected"),
    [
        ("day-{SPAN}.csv", ["day-2.csv", "day-10.csv", "day-x.csv", "day-3b.csv"], {2: 1, 10: 1}),
        ("day-{SPAN}.csv", ["day-007.csv"], {7: 1}),
        ("{SPAN}/*.csv", ["1/a.csv", "1/b.csv", "2/a.csv", "2/b.txt"], {1: 2, 2: 1}),
        ("day-{SPAN}*.csv", ["day-1.csv", "day-12.csv", "day-1b.csv"], {1: 2, 12: 1}),
        ("{SPAN}/day-{SPAN}.csv", ["1/day-1.csv", "1/day-2.csv"], {1: 1}),
        ("**/{SPAN}.csv", ["1.csv", "a/b/2.csv"], {1: 1, 2: 1}),
        ("{YYYY}-{MM}-{DD}.csv", ["1970-01-02.csv", "1970-2-3.csv", "notes.csv"], {1: 1}),
        ("{DD}.{MM}.{YYYY}/?.csv", ["02.01.1970/a.csv", "02.01.1970/ab.csv"], {1: 1}),
        ("[ab]-{SPAN}[!x].csv", ["a-1.csv", "b-2y.csv", "b-3x.csv", "c-4y.csv"], {2: 1}),
        ("a [[]1]-{SPAN}.csv", ["a [1]-5.csv", "a 1-6.csv"], {5: 1}),
    ],
)  # fmt: skip
def test_each_file_is_of_one_span(
    tmp_path: Path, pattern: str, files: list[str], expected: dict[int, int]
) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    (tmp_path / "day-99.csv").mkdir()  # a folder is no file
    found = files_by_span(tmp_path, pattern)
    assert {span: len(paths) for span, paths in found.items()} == expected
    assert list(found) == sorted(found)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{YYYY}/{DD}.csv", "a date needs {YYYY}, {MM}, {DD}, but {MM} is not in files"),
        (
            "{SPAN}/{YYYY}{MM}{DD}.csv",
            "a span is a number or a date, but files have {SPAN} and {YYYY}, {MM}, {DD}",
        ),
    ],
)
def test_a_pattern_names_a_number_or_a_whole_date(pattern: str, expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(expected)):
        check_pattern(pattern)
    check_pattern("{SPAN}.csv")
    check_pattern("{DD}{MM}{YYYY}.csv")
