from __future__ import annotations

import sys
import time
from contextlib import ExitStack

import pytest

from kit.serving import turns
from kit.serving.turns import requests_first, rest, step


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long each rest was, without resting."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def test_a_load_rests_between_long_steps_only_while_requests_go_first(rests: list[float]) -> None:
    rest()
    with requests_first(), requests_first():
        rest()
        rest(0.001)
        rest(0.2)
    rest()
    assert rests == [turns._REST_SECONDS] * 2


def test_a_step_is_timed_and_rested_after(rests: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 10.001, 20.0, 20.2])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    with requests_first():
        for expected in (0, 1):
            with step():
                pass
            assert len(rests) == expected


def test_threads_take_turns_as_before_after_a_load_that_fails() -> None:
    usual, inside = sys.getswitchinterval(), []

    def fail() -> None:
        with requests_first():
            inside.append(sys.getswitchinterval())
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert inside[0] < usual == sys.getswitchinterval()
    assert not turns._loads


def test_threads_take_turns_as_before_once_the_last_of_two_loads_has_ended() -> None:
    usual = sys.getswitchinterval()
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(requests_first())
        second.enter_context(requests_first())
        first.close()
        assert sys.getswitchinterval() < usual
        second.close()
        assert sys.getswitchinterval() == usual
