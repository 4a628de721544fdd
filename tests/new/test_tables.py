"""The building blocks that need no Transform, against Python's own calendar."""

from __future__ import annotations

import datetime as dt
import importlib
from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow Transform warns when it is imported
FORMAT = "%Y-%m-%d %H:%M:%S"
TIMES = [
    dt.datetime(1899, 12, 31, 23, 59, 59, tzinfo=dt.UTC) + dt.timedelta(days=977.77 * i) for i in range(100)
] + [
    dt.datetime(year, month, day, 0, 0, 0, tzinfo=dt.UTC)
    for year in (1900, 1970, 2000, 2024, 2100)
    for month, day in ((1, 1), (2, 28), (3, 1), (12, 31))
]


@pytest.fixture(scope="module")
def tables() -> Any:
    return importlib.import_module("kit.features.tables")


def column(values: list[Any]) -> Any:
    import tensorflow as tf  # noqa: PLC0415  slow, and not needed to collect the tests

    present = [(row, value) for row, value in enumerate(values) if value is not None]
    return tf.SparseTensor(
        [[row, 0] for row, _ in present], [value for _, value in present], [len(values), 1]
    )


def test_dates_are_read_as_python_reads_them(tables: Any) -> None:
    seconds = tables.seconds_of(column([time.strftime(FORMAT) for time in TIMES]), FORMAT)
    assert seconds.values.numpy().tolist() == [int(time.replace(microsecond=0).timestamp()) for time in TIMES]


@pytest.mark.parametrize(
    ("written", "date_format"),
    [
        ("31.3.2024", "%d.%m.%Y"),
        ("2024-03-31T00:00:00.25+02:00", "%Y-%m-%dT%H:%M:%S"),
        (" 20240331 ", "%Y%m%d"),
    ],
)
def test_dates_are_read_in_the_given_format(tables: Any, written: str, date_format: str) -> None:
    seconds = tables.seconds_of(column([written]), date_format)
    assert seconds.values.numpy().tolist() == [int(dt.datetime(2024, 3, 31, tzinfo=dt.UTC).timestamp())]


def test_what_is_no_date_is_missing(tables: Any) -> None:
    seconds = tables.seconds_of(column(["soon", "2024-01-01", None, "2024-01-01 12:00:00"]), FORMAT)
    assert seconds.indices.numpy().tolist() == [[3, 0]]


def test_parts_of_the_calendar(tables: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "scaled", lambda days: days)  # scaling needs all rows, in Transform
    parts = tables.calendar(
        tables.seconds_of(column([*(t.strftime(FORMAT) for t in TIMES), None]), FORMAT), "at"
    )
    assert parts["at_month_xf"].numpy().tolist() == [*(time.month for time in TIMES), 0]
    assert parts["at_weekday_xf"].numpy().tolist() == [*(time.isoweekday() for time in TIMES), 0]
    assert parts["at_hour_xf"].numpy().tolist() == [*(time.hour + 1 for time in TIMES), 0]


def test_times_of_one_day_are_told_apart(tables: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "scaled", lambda days: days)
    days = tables.calendar(
        tables.seconds_of(column(["2026-01-11 10:00:00", "2026-01-11 10:00:01"]), FORMAT), "at"
    )
    assert float(days["at_xf"].values[1] - days["at_xf"].values[0]) * 86_400 == pytest.approx(1, 1e-4)


@pytest.mark.parametrize("classes", [("no", "yes"), (3, 5, 9), (0.1, 0.7)], ids=str)
def test_labels_become_their_place_among_the_classes(tables: Any, classes: tuple[Any, ...]) -> None:
    labels = [*classes, classes[1]]
    assert tables.class_index(column(labels), classes).numpy().tolist() == [*range(len(classes)), 1]


@pytest.mark.parametrize(("label", "classes"), [("maybe", ("no", "yes")), (4, (3, 5))])
def test_a_label_that_is_no_class_is_an_error(tables: Any, label: Any, classes: tuple[Any, ...]) -> None:
    with pytest.raises(Exception, match=f"label '{label}' is not among CLASSES"):
        tables.class_index(column([label, classes[0]]), classes)


def test_words_of_any_script(tables: Any) -> None:
    found = tables.words(column(["Grüße, World!", "東京 tower", None]), 3).numpy()
    assert [[word.decode() for word in row] for row in found] == [
        ["grüße", "world", ""],
        ["東", "京", "tower"],
        ["", "", ""],
    ]
