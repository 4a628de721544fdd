from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.new.kinds import judge

ROWS = 200
_random = random.Random(3)  # noqa: S311  made-up data
DAYS = [dt.date(2024, 1, 1) + dt.timedelta(days=_random.randrange(300)) for _ in range(ROWS)]
# "NAN" by itself is read as a number that is none.
TEXTS = st.text(max_size=12).filter(lambda text: "nan" not in text.lower())


def cells(values: Sequence[object]) -> pa.ChunkedArray:
    """What a CSV gives: strings, empty cells missing."""
    return pa.chunked_array(
        [pa.array([None if value is None else str(value) for value in values], pa.string())]
    )


def draw(choices: list[object]) -> list[object]:
    return [_random.choice(choices) for _ in range(ROWS)]


SENTENCES = [
    " ".join(_random.choices(["red", "dog", "runs", "home", "late", "again"], k=6)) + str(i)
    for i in range(ROWS)
]

CSV_COLUMNS = {
    "decimals": ("price", [f"{i * 1.37:.2f}" for i in range(ROWS)], "number", "float"),
    "decimals with gaps": (
        "price",
        [None if i % 7 == 0 else i * 0.5 for i in range(ROWS)],
        "number",
        "float",
    ),
    "blanks around": ("price", [f" {i * 1.3:.1f} " for i in range(ROWS)], "number", "float"),
    "exponents": ("mass", [f"{i + 1}e-5" for i in range(ROWS)], "number", "float"),
    "many whole numbers": ("visits", draw(list(range(90))), "number", "float"),
    "few whole numbers": ("rooms", draw([1, 2, 3, 4]), "category", "int"),
    "few with gaps": ("rooms", draw([1, 2, 3, None]), "category", "string"),
    "named as a code": ("product_type", draw(list(range(30))), "category", "int"),
    "leading zeros": ("plz", draw([f"0{i}" for i in range(1000, 1080)]), "id", "string"),
    "numbers as ids": ("user_id", draw(list(range(10_000, 10_090))), "id", "int"),
    "too long for a number": ("card", draw([f"{i}{'7' * 19}" for i in range(1, 80)]), "id", "string"),
    "row numbers": ("Unnamed: 0", list(range(ROWS)), "key", "int"),
    "row numbers by value": ("n", list(range(1, ROWS + 1)), "key", "int"),
    "uuids": (
        "request",
        [str(uuid.UUID(int=_random.getrandbits(128))) for _ in range(ROWS)],
        "key",
        "string",
    ),
    "words": ("city", draw(["Köln", "東京", "Paris"]), "category", "string"),
    "true and false": ("member", draw(["true", "false"]), "category", "string"),
    "many words": ("shop", draw([f"s{i}" for i in range(90)]), "id", "string"),
    "text": ("comment", SENTENCES, "text", "string"),
    "text without blanks": (
        "レビュー",
        [f"とても良い商品です{chr(0x4E00 + i)}" for i in range(ROWS)],
        "text",
        "string",
    ),
    "dates": ("day", DAYS, "date", "string"),
    "times": ("at", [f"{day}T12:30:00Z" for day in DAYS], "date", "string"),
    "seconds": ("created_at", [1_700_000_000 + i * 977 for i in range(ROWS)], "timestamp", "int"),
    "milliseconds": ("t", [(1_700_000_000 + i * 977) * 1000 for i in range(ROWS)], "timestamp", "int"),
    "an amount like seconds": ("salary", [1_700_000_000 + i * 977 for i in range(ROWS)], "number", "float"),
    "long codes": ("tract", draw([17_031_000_000 + i * 100 for i in range(15)]), "id", "int"),
    "names of some words": ("firm", [f"Taxi of the {i % 60}" for i in range(700)], "id", "string"),
    "nearly empty": ("tract", [1, 2, 3] + [None] * ROWS, "ignore", "string"),
    "constant": ("same", [5] * ROWS, "ignore", "string"),
    "empty": ("nothing", [None] * ROWS, "ignore", "string"),
    "only sometimes there": ("flag", draw(["x", None]), "category", "string"),
}


@pytest.mark.parametrize(("name", "values", "kind", "dtype"), CSV_COLUMNS.values(), ids=CSV_COLUMNS)
def test_kind_of_a_csv_column(name: str, values: list[object], kind: str, dtype: str) -> None:
    verdict = judge(name, cells(values))
    assert verdict.kind == kind, verdict.why
    if kind != "ignore":
        assert verdict.dtype == dtype
    assert verdict.missing == sum(value is None for value in values)


PARQUET_COLUMNS = {
    "float with NaN": (pa.array([float("nan"), 1.5] * 100 + [2.5]), "number"),
    "bool": (pa.array([True, False] * 100), "category"),
    "dictionary": (pa.array(["a", "b", "c"] * 70).dictionary_encode(), "category"),
    "timestamp": (pa.array([dt.datetime(2024, 1, 1) + dt.timedelta(hours=i) for i in range(99)]), "date"),  # noqa: DTZ001
    "date": (pa.array(DAYS), "date"),
    "list": (pa.array([[1, 2]] * 99), "ignore"),
    "struct": (pa.array([{"a": 1}] * 99), "ignore"),
    "decimal": (pa.array([1, 2, 3] * 50).cast(pa.decimal128(30, 2)), "number"),
}


@pytest.mark.parametrize(("values", "kind"), PARQUET_COLUMNS.values(), ids=PARQUET_COLUMNS)
def test_kind_of_a_parquet_column(values: pa.Array, kind: str) -> None:
    assert judge("column", pa.chunked_array([values])).kind == kind


@pytest.mark.parametrize(
    ("written", "date_format"),
    [
        ("2024-03-31", "%Y-%m-%d"),
        ("2024-03-31 23:59:58", "%Y-%m-%d %H:%M:%S"),
        ("2024-03-31T23:59:58.123+02:00", "%Y-%m-%dT%H:%M:%S"),
        ("31.03.2024", "%d.%m.%Y"),
        ("31/03/2024", "%d/%m/%Y"),
        ("03/31/2024", "%m/%d/%Y"),
        ("31.03.2024 23:59:58", "%d.%m.%Y %H:%M:%S"),
        ("31/03/2024 23:59:58", "%d/%m/%Y %H:%M:%S"),
        ("03/31/2024 23:59:58", "%m/%d/%Y %H:%M:%S"),
        ("20240331", "%Y%m%d"),
    ],
)
def test_date_formats_are_told_apart(written: str, date_format: str) -> None:
    other = written.replace("2024", "2023")
    assert judge("day", cells([written, other] * 100)).kind == "category"  # two days say less than a calendar
    years = [written.replace("2024", str(1990 + i)) for i in range(30)] * 3
    assert judge("day", cells(years)).date_format == date_format


def test_a_number_spoilt_by_words_is_warned_of() -> None:
    verdict = judge("income", cells([*range(1000, 1190), *["NA"] * 10]))
    assert "95% are numbers, but not 'NA'" in verdict.warning


@pytest.mark.parametrize("written", ["{},5", "1.{},5", "1,{}.5", "-{},25"])
def test_numbers_with_a_comma_are_warned_of(written: str) -> None:
    verdict = judge("income", cells([written.format(number) for number in range(100, 300)]))
    assert f"such as {written.format(100)!r}, are words here: write them like 1234.5" in verdict.warning


@pytest.mark.parametrize("written", ["${},000.50", "-€ {}", "{}.5%", "{} %", "{},50 €", "EUR {}"])
def test_numbers_with_a_sign_are_warned_of(written: str) -> None:
    verdict = judge("income", cells([written.format(number) for number in range(100, 300)]))
    assert f"with a sign, such as {written.format(100)!r}, are words here: write them like" in verdict.warning


@pytest.mark.parametrize(
    "formats",
    [
        ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y"],
        ["%d.%m.%y"],
        ["%d %b %Y"],
        ["%B %d, %Y"],
        ["%m/%d/%Y %I:%M %p"],
    ],
    ids=["mixed", "short years", "names of months", "months first", "halves of days"],
)
def test_dates_that_are_not_read_are_warned_of(formats: list[str]) -> None:
    days = [dt.date(2023, 1, 1) + dt.timedelta(days=i) for i in range(300)]
    written = [f"{day:{formats[i % len(formats)]}}" for i, day in enumerate(days)]
    assert (
        f"dates such as {written[0]!r} and {written[1]!r} are words here"
        in judge("x", cells(written)).warning
    )


def test_dates_of_several_ways_are_shown_in_two_of_them() -> None:
    verdict = judge("closed", cells(["01/31/2024", "02/28/2024", "2024-03-31"]))
    assert "dates such as '01/31/2024' and '2024-03-31' are words here" in verdict.warning


@pytest.mark.parametrize("written", ["12-34-{}", "{} 45 67", "4 July {}", "a-1-{}", "45.{}.12", "${} or so"])
def test_codes_and_words_are_no_dates(written: str) -> None:
    assert not judge("place", cells([written.format(number) for number in range(100, 300)])).warning


@pytest.mark.parametrize("name", ["Kunden-Nr.", "order no.", "Index"])
def test_a_name_that_ends_in_a_point_names_a_key(name: str) -> None:
    assert judge(name, cells([*range(1000, 1200)])).kind == "key"


@pytest.mark.parametrize("written", ["0{}", "48.{},11.5", "a{},5"])
def test_codes_and_words_are_no_numbers_with_a_comma(written: str) -> None:
    assert not judge("place", cells([written.format(number) for number in range(100, 300)])).warning


def test_a_nan_among_numbers_is_no_value() -> None:
    assert judge("anything", cells(["NAN"])).missing == 1


@given(st.lists(st.one_of(st.none(), TEXTS), min_size=1, max_size=60))
def test_any_strings_get_a_kind(values: list[str | None]) -> None:
    verdict = judge("anything", cells(values))
    assert verdict.missing == values.count(None)
    assert verdict.why


@given(st.lists(st.floats(), min_size=1, max_size=60))
def test_any_numbers_get_a_kind(values: list[float]) -> None:
    assert judge("anything", pa.chunked_array([pa.array(values)])).kind in {"number", "ignore"}
