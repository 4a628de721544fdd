from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from kit.errors import UsageError
from kit.load import Load

_OPEN = Load(requests=(b"a",), rate=200, seconds=50, warm_seconds=0)


def test_arrivals_are_a_poisson_process_of_the_rate() -> None:
    due = np.array(list(_OPEN.arrivals()))
    gaps = np.diff(due, prepend=0)
    assert len(due) == pytest.approx(10_000, rel=0.04)  # four deviations, √10,000 each
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.05)  # as of an exponential distribution
    assert due[0] > 0
    assert due[-1] < 50


def test_parts_ask_as_often_together_and_not_at_the_same_times() -> None:
    first, second = _OPEN.split(2)
    assert first.rate + second.rate == 200
    assert next(first.arrivals()) != next(second.arrivals())
    assert [part.callers for part in Load(requests=(b"a",), callers=5).split(2)] == [3, 2]
    assert [part.callers for part in Load(requests=(b"a",), callers=2).split(8)] == [1, 1]


def test_requests_are_sent_in_turn() -> None:
    load = Load(requests=(b"a", b"b", b"c"), callers=1, seed=4)
    assert b"".join(islice(load.bodies(), 7)) == b"bcabcab"


@pytest.mark.parametrize(
    ("plan", "found"),
    [
        ({}, "has 0 callers and a rate of 0"),
        ({"callers": 1, "rate": 2.0}, "has 1 callers and a rate of 2"),
        ({"callers": 1, "requests": ()}, "has 0 requests"),
        ({"callers": 1, "seconds": 0.0}, "and 0 s"),
    ],
    ids=["neither", "both", "nothing to ask", "no time"],
)
def test_refuses_what_is_no_load(plan: dict[str, object], found: str) -> None:
    with pytest.raises(UsageError, match=found):
        Load(**{"requests": (b"a",)} | plan)  # type: ignore[arg-type]
