"""Labels find their predictions, and every row is counted: in time, late, waiting, never, repeated, unknown."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.monitoring.join import CLOCKS, Joined, join

from .logs import HOUR, LONG_AFTER, NOON, WINDOW, Shop

A, B, C = ("r1", "i1"), ("r1", "i2"), ("r2", "i1")


def joined(shop: Shop, as_of: dt.datetime = LONG_AFTER) -> Joined:
    return join(shop.log, shop.labels, shop.log.table.days(), WINDOW, as_of)


def truth(found: Joined) -> list[list[int]]:
    return [day.labels.to_pylist() for day in found.days]


def counts(found: Joined) -> dict[str, int]:
    names = ("logged", "repeated", "labelled", "late", "waiting", "never")
    return {name: total for name in names if (total := sum(getattr(day, name) for day in found.days))}


def test_labels_find_their_predictions_by_all_keys(shop: Shop) -> None:
    shop.predict([A, B, C], [NOON, NOON, NOON + 24 * HOUR], [0.1, 0.2, 0.3])
    shop.click([C, A, B], [1, 0, 1], [NOON + 30 * HOUR, NOON + HOUR, NOON + 2 * HOUR])
    found = joined(shop)
    assert truth(found) == [[0, 1], [1]]
    assert [day.scores.tolist() for day in found.days] == [
        pytest.approx([0.1, 0.2]),
        pytest.approx([0.3]),
    ]
    assert counts(found) == {"logged": 3, "labelled": 3}


def test_a_label_counts_within_the_window_and_not_after_it(shop: Shop) -> None:
    shop.predict([A, B], [NOON, NOON])
    shop.click([A, B], [1, 1], [NOON + WINDOW, NOON + WINDOW + dt.timedelta(microseconds=1)])
    assert counts(joined(shop)) == {"logged": 2, "labelled": 1, "late": 1}


def test_a_prediction_waits_while_its_window_is_open_and_then_never_got_one(shop: Shop) -> None:
    shop.predict([A], [NOON])
    assert counts(joined(shop, NOON + WINDOW - HOUR)) == {"logged": 1, "waiting": 1}
    assert counts(joined(shop, NOON + WINDOW)) == {"logged": 1, "never": 1}


def test_a_label_that_arrives_later_is_not_known_yet(shop: Shop) -> None:
    shop.predict([A], [NOON])
    shop.click([A], [1], [NOON + 3 * HOUR])
    assert counts(joined(shop, NOON + 2 * HOUR)) == {"logged": 1, "waiting": 1}
    assert counts(joined(shop, NOON + 3 * HOUR)) == {"logged": 1, "labelled": 1}


def test_of_several_labels_the_last_in_time_holds(shop: Shop) -> None:
    shop.predict([A, B], [NOON, NOON])
    shop.click([A, A, B, A], [0, 1, 1, 0], [NOON + HOUR, NOON + 2 * HOUR, NOON + HOUR, NOON + 3 * WINDOW])
    shop.click([B], [1], [NOON + 3 * HOUR])
    found = joined(shop)
    assert truth(found) == [[1, 1]]
    assert (found.labels, found.repeated, found.changed) == (5, 2, 1)
    assert counts(found) == {"logged": 2, "labelled": 2}


def test_a_request_that_was_sent_again_counts_once_with_its_first_answer(shop: Shop) -> None:
    shop.predict([A, B], [NOON + HOUR, NOON], [0.9, 0.2])
    shop.predict([A], [NOON], [0.1])
    shop.predict([A], [NOON + 24 * HOUR], [0.7])
    shop.click([A, B], [1, 1], [NOON + 2 * HOUR] * 2)
    found = joined(shop)
    assert sorted(found.days[0].scores.tolist()) == pytest.approx([0.1, 0.2])
    assert counts(found) == {"logged": 4, "repeated": 2, "labelled": 2}


def test_a_label_of_a_clock_that_is_behind_counts_and_one_from_long_before_does_not(shop: Shop) -> None:
    midnight = dt.datetime(2026, 1, 8, tzinfo=dt.UTC)
    shop.predict([A, B], [midnight, midnight])
    shop.click([A, B], [1, 1], [midnight - CLOCKS, midnight - 2 * CLOCKS])
    found = joined(shop)
    assert counts(found) == {"logged": 2, "labelled": 1, "never": 1}
    assert (found.labels, found.unknown) == (2, 1)


def test_labels_of_no_prediction_and_without_a_value_are_told_apart(shop: Shop) -> None:
    shop.predict([A], [NOON])
    shop.click([C, A], [1, None], [NOON + HOUR, NOON + HOUR])
    found = joined(shop)
    assert (found.labels, found.unknown) == (1, 1)
    assert counts(found) == {"logged": 1, "never": 1}


def test_the_versions_that_answered_are_kept_apart(shop: Shop) -> None:
    shop.predict([A], [NOON], version=1)
    shop.predict([B], [NOON], version=2)
    shop.click([A, B], [1, 0], [NOON + HOUR] * 2)
    [day] = joined(shop).days
    assert dict(zip(day.versions.tolist(), day.labels.to_pylist(), strict=True)) == {1: 1, 2: 0}


def test_without_predictions_and_without_labels_there_is_nothing(shop: Shop) -> None:
    assert joined(shop).days == ()
    shop.predict([A], [NOON])
    assert counts(joined(shop)) == {"logged": 1, "never": 1}
    assert truth(joined(shop)) == [[]]


_hours = st.integers(0, 100)
_key = st.integers(0, 12)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(_key, _hours), max_size=30),
    st.lists(st.tuples(_key, st.integers(0, 1), _hours), max_size=40),
    st.integers(0, 200),
)
def test_every_row_is_counted_as_a_plain_loop_counts_it(
    tmp_path_factory: pytest.TempPathFactory,
    predictions: list[tuple[int, int]],
    labels: list[tuple[int, int, int]],
    as_of_hours: int,
) -> None:
    shop = Shop(Path(tmp_path_factory.mktemp("join")))
    times = [NOON + hours * HOUR for _, hours in predictions]
    # No two at the same time, so that the order is the same wherever they are written.
    arrivals = [NOON + hours * HOUR + dt.timedelta(seconds=place) for place, (*_, hours) in enumerate(labels)]
    labels = [label for _, label in sorted(zip(arrivals, labels, strict=True))]
    arrivals.sort()
    if predictions:
        shop.predict([(f"r{key}", "i") for key, _ in predictions], times)
    if labels:
        shop.click([(f"r{key}", "i") for key, *_ in labels], [value for _, value, _ in labels], arrivals)
    as_of = NOON + as_of_hours * HOUR
    expected: Counter[str] = Counter(logged=len(predictions))
    first: dict[int, dt.datetime] = {}
    for (key, _), time in sorted(zip(predictions, times, strict=True), key=lambda pair: pair[1]):
        expected["repeated"] += key in first
        first.setdefault(key, time)
    values = []
    for key, time in first.items():
        mine = [
            (at, value)
            for (k, value, _), at in zip(labels, arrivals, strict=True)
            if k == key and time - CLOCKS <= at <= as_of
        ]
        if timely := [value for at, value in mine if at - time <= WINDOW]:
            expected["labelled"] += 1
            values.append(timely[-1])
        else:
            expected["late" if mine else "waiting" if time + WINDOW > as_of else "never"] += 1
    found = joined(shop, as_of)
    assert counts(found) == {name: total for name, total in expected.items() if total}
    assert sorted(value for day in truth(found) for value in day) == sorted(values)
    assert np.all([day.logged >= day.labelled for day in found.days])
