from __future__ import annotations

import math

import numpy as np

from kit.load import LoadResult

_ROWS = [(float(number), number / 1000, "OK") for number in range(1, 101)]
_RESULT = LoadResult.of([*_ROWS, (200.0, 0.0, "UNAVAILABLE"), (201.0, 0.0, "UNAVAILABLE")], 10.0)


def test_percentiles_are_of_answers_and_refusals_are_counted() -> None:
    assert _RESULT.answered == 100
    assert _RESULT.rate == 10
    assert _RESULT.errors == {"UNAVAILABLE": 2}
    assert _RESULT.milliseconds(50) == np.percentile(range(1, 101), 50)
    assert _RESULT.milliseconds(100) == 100


def test_nothing_answered_has_no_percentiles() -> None:
    assert math.isnan(LoadResult.of([], 1.0).milliseconds(99))
    assert LoadResult.of([], 1.0).rate == 0


def test_a_part_of_the_time_can_be_looked_at() -> None:
    part = _RESULT.between(11, 21)
    assert part.due.tolist() == list(range(11, 21))
    assert part.rate == 1


def test_survives_the_way_between_processes_and_is_put_together() -> None:
    again = LoadResult.from_bytes(_RESULT.to_bytes())
    for name in ("due", "took", "outcomes"):
        np.testing.assert_array_equal(getattr(again, name), getattr(_RESULT, name))
    both = LoadResult.together([_RESULT, again])
    assert (both.answered, both.rate, both.errors) == (200, 20, {"UNAVAILABLE": 4})
